import Testing

@testable import Postgres

@Suite struct TextTests {
    @Test(arguments: [
        ("  plain text ", "plain text"), ("a\r\n\tb", "a b"), ("\u{1B}[31mred\u{7}", "[31mred"),
        ("left\u{202E}right", "left right"), ("", ""), ("\n\n", ""),
    ])
    func makesOneHarmlessLine(text: String, line: String) {
        #expect(singleLine(text) == line)
    }

    @Test func cutsALongLineAndNeverWithinASecret() {
        #expect(singleLine("abcdef", limit: 3) == "abc…")
        #expect(singleLine("abc", limit: 3) == "abc")
        let text = String(repeating: "x", count: 4_090) + "open-sesame"
        #expect(Redactor(["open-sesame"]).line(text).hasSuffix("xxx***"))
    }

    @Test func takesSecretsOut() {
        #expect(Redactor(["geheim"]).redact("no geheimgeheim here") == "no ****** here")
        #expect(Redactor(["ab"]).redact("an ab in it") == "(message withheld)")
        #expect(Redactor(["", "long secret"]).redact("nothing in it") == "nothing in it")
    }

    @Test func findsTheCodeInAMessageOfLibpq() {
        let text = """
            connection to server on socket "/tmp/.s.PGSQL.5432" failed: FATAL:  28P01: password authentication failed
            LOCATION:  auth_failed, auth.c:338
            """
        let (message, sqlState) = ConnectMessage.read(text)
        #expect(sqlState == .invalidPassword)
        #expect(
            message
                == "connection to server on socket \"/tmp/.s.PGSQL.5432\" failed: FATAL: password authentication failed"
        )
        #expect(ConnectMessage.read("could not translate host name").sqlState == nil)
    }

    @Test func takesOutTheHostThatStalled() throws {
        let settings = try ConnectionSettings("host=a,b,c port=1,2,3 user=x")
        var hosts = HostList(settings)
        let isTaken = hosts.remove(host: "b", port: "2")
        #expect(isTaken)
        let left = hosts.apply(to: ["user": "x"])
        #expect(left == ["user": "x", "host": "a,c", "port": "1,3"])
        // One that is not there, then all but the last, without which nothing would be left to try.
        let outcomes = [("b", "2"), ("a", "1"), ("c", "3")].map { hosts.remove(host: $0.0, port: $0.1) }
        #expect(outcomes == [false, true, false])
    }

    @Test func countsADurationAsADeadline() {
        #expect(Deadline.after(nil) == .never)
        #expect(Deadline.after(.seconds(Int64.max)) == .never)
        #expect(Deadline.after(.seconds(-5)) <= .now)
        let now = Deadline(nanoseconds: 1_000_000_000)
        #expect(Deadline(nanoseconds: 1_000_000_001).milliseconds(from: now) == 1)
        #expect(Deadline(nanoseconds: 999_999_999).milliseconds(from: now) == 0)
        #expect(Deadline.never.milliseconds(from: now) == -1)
    }
}
