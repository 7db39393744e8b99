import Testing

@testable import EmbeddedPostgres

@Suite struct PureRules {
    @Test func theDefaultDirectoryFollowsTheEnvironment() {
        #expect(
            EmbeddedServer.defaultDirectory(environment: ["XDG_DATA_HOME": "/data", "HOME": "/home/alice"])
                == "/data/bursar")
        // A relative XDG_DATA_HOME counts as none.
        #expect(
            EmbeddedServer.defaultDirectory(environment: ["XDG_DATA_HOME": "data", "HOME": "/home/alice"])
                != "data/bursar")
    }

    @Test func aPidFileIsReadAsFarAsItIsWritten() throws {
        let whole = try #require(
            PostmasterFile("41\n/d\n1700000000\n5432\n/d/socket\n\n  123  4\nready   \n"))
        #expect(whole.pid == 41)
        #expect(whole.socketDirectory == "/d/socket")
        #expect(whole.state == "ready")
        let early = try #require(PostmasterFile("41\n/d\n1700000000\n5432\n"))
        #expect(early.pid == 41 && early.socketDirectory == nil && early.state == nil)
        #expect(PostmasterFile("-41\n")?.pid == 41)
    }

    @Test(arguments: [nil, "", "\n", "zero\n", "0\n", "--\n", "99999999999999999999\n"])
    func aPidFileWithoutANumberCountsAsNone(content: String?) {
        #expect(PostmasterFile(content) == nil)
    }

    @Test func quotesAndBackslashesOfAValueStayInsideIt() {
        #expect(ServerSettings.quoted("it's a \\ b") == "'it''s a \\\\ b'")
    }

    @Test func extraSettingsWinOverOurOwn() throws {
        let settings = try ServerSettings(extra: ["FSYNC": "off"], socketDirectory: "/s")
        #expect(settings.lines.last?.name == "fsync")
        #expect(settings.text.hasSuffix("fsync = 'off'\n"))
    }

    @Test(arguments: ["a\nport = 1", "\u{7f}", String(repeating: "x", count: 1001)])
    func aValueThatCouldBeAnotherLineIsRefused(value: String) {
        let error = #expect(throws: EmbeddedServerError.self) {
            try ServerSettings(extra: ["jit": value], socketDirectory: "/s")
        }
        #expect(error?.kind == .badSetting)
    }

    @Test func logLinesAreMadeFitForAScreen() {
        #expect(lastLines(of: "one\n\u{1b}[31mtwo\r\nthree\u{202e}\n", 2) == " [31mtwo / three ")
        #expect(lastLines(of: "", 2).isEmpty)
        #expect(lastLines(of: String(repeating: "x", count: 500)).count == 200)
    }

    @Test func pathsAreMadeAbsoluteAndPlain() throws {
        #expect(try Files.absolute("/a//b/./c/") == "/a/b/c")
        #expect(try Files.absolute("x").hasSuffix("/x"))
    }
}
