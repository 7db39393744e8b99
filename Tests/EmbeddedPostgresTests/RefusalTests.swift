import Glibc
import Testing

@testable import EmbeddedPostgres

/// The kind of the error that opening a place's server ends with; nil when it opens.
func refusal(_ configuration: EmbeddedServer.Configuration) async -> EmbeddedServerError? {
    do throws(EmbeddedServerError) {
        await (try EmbeddedServer.open(configuration)).leave()
        return nil
    } catch {
        return error
    }
}

extension RealServer {
    @Suite struct Refusals {
        @Test func aDirectoryThatIsNotOursIsLeftAsItIs() async throws {
            try await inPlace { place in
                try #require(mkdir(place.directory, 0o755) == 0)
                try Files.replace(place.directory + "/letter.txt", with: "Dear aunt", owner: nil)
                let before = try #require(try Files.look(place.directory))
                #expect(await refusal(place.configuration())?.kind == .foreignDirectory)
                let error = await #expect(throws: EmbeddedServerError.self) {
                    try await EmbeddedServer.destroy(place.directory)
                }
                #expect(error?.kind == .foreignDirectory)
                #expect(try Files.names(in: place.directory) == ["letter.txt"])
                let after = try #require(try Files.look(place.directory))
                #expect(after.permissions == before.permissions && after.owner == before.owner)
                #expect(try await place.condition() == .foreign)
            }
        }

        @Test func aFileInPlaceOfTheDirectoryIsLeftAsItIs() async throws {
            try await inPlace { place in
                try Files.replace(place.directory, with: "Dear aunt", owner: nil)
                #expect(await refusal(place.configuration())?.kind == .foreignDirectory)
                #expect(Files.read(place.directory) == "Dear aunt")
            }
        }

        @Test func dataOfAnotherMajorVersionAreNotStarted() async throws {
            try await inPlace { place in
                await (try place.open()).leave()
                let own = try #require(Files.read(place.layout.versionFile))
                try Files.replace(place.layout.versionFile, with: "9.6\n", owner: nil)
                let error = await refusal(place.configuration())
                #expect(error?.kind == .otherVersion)
                #expect(error?.message.contains("PostgreSQL 9") == true)
                try Files.replace(
                    place.layout.versionFile, with: own, owner: geteuid() == 0 ? .named("postgres") : nil)
                #expect(await refusal(place.configuration()) == nil)
            }
        }

        @Test func damagedDataAreNotMadeAnew() async throws {
            try await inPlace { place in
                await (try place.open()).leave()
                try Files.remove(place.layout.versionFile)
                let error = await refusal(place.configuration())
                #expect(error?.kind == .startFailed)
                #expect(error?.message.contains("PG_VERSION") == true)
                #expect(try Files.look(place.layout.controlFile) != nil)
            }
        }

        @Test func missingProgramsAreNamed() async throws {
            try await inPlace { place in
                var configuration = place.configuration()
                configuration.binaries = "/nonexistent/bin"
                let error = await refusal(configuration)
                #expect(error?.kind == .binariesMissing)
                #expect(error?.message.contains("/nonexistent/bin") == true)
            }
        }

        @Test(arguments: ["listen_addresses", "Port", "no such name", "", "x;y", "include"])
        func settingsThatWouldOpenOrLoseTheServerAreRefused(name: String) async throws {
            try await inPlace { place in
                let error = await refusal(place.configuration(settings: [name: "1"]))
                #expect(error?.kind == .badSetting)
                let made = try Files.look(place.directory)
                #expect(made == nil)
            }
        }

        @Test func aSettingThatPostgresDoesNotTakeIsNamedAndCanBeCorrected() async throws {
            try await inPlace { place in
                let error = await refusal(place.configuration(settings: ["shared_buffers": "much 'more\\"]))
                #expect(error?.kind == .badSetting)
                #expect(error?.message.contains("shared_buffers") == true)
                #expect(await refusal(place.configuration(settings: ["shared_buffers": "32MB"])) == nil)
            }
        }

        @Test func aPathThatIsTooLongIsRefused() async throws {
            try await inPlace { place in
                var configuration = place.configuration()
                configuration.directory = place.base + String(repeating: "/long", count: 200)
                #expect(await refusal(configuration)?.kind == .pathTooLong)
                configuration.directory = place.base + "/" + String(repeating: "x", count: 300)
                #expect(await refusal(configuration)?.kind == .pathTooLong)
            }
        }

        @Test func lookingStartsAndMakesNothing() async throws {
            try await inPlace { place in
                #expect(try await place.condition() == .absent)
                #expect(try Files.look(place.directory) == nil)
                let server = try await place.open()
                let status = try await EmbeddedServer.status(place.directory)
                #expect(status.condition == .running)
                #expect(status.majorVersion ?? 0 >= 12)
                #expect(status.bytesOnDisk > 20 << 20)
                #expect(status.socketDirectory == place.layout.innerSocketDirectory)
                await server.leave()
                let stopped = try await EmbeddedServer.status(place.directory)
                #expect(stopped.condition == .stopped && stopped.pid == nil && stopped.socketDirectory == nil)
            }
        }
    }

    @Suite struct Paths {
        @Test(arguments: [
            "it's a \"house\" \\ of Žofie", "a,b=c;$(id)", String(repeating: "long", count: 40),
        ])
        func serveFromAnyPathWithAPrivateSocket(name: String) async throws {
            try await inPlace(named: name) { place in
                let server = try await place.open()
                let answer = try query("SHOW data_directory", on: server.connectionString)
                #expect(answer == place.layout.data)
                let sockets = try #require(try await EmbeddedServer.status(place.directory).socketDirectory)
                #expect(!sockets.hasPrefix(place.base) && sockets.utf8.count <= Layout.maximumSocketDirectory)
                #expect(try Files.look(sockets)?.permissions == 0o700)
                await server.leave()
                #expect(try Files.look(sockets) == nil)

                let again = try await place.open()
                #expect(again.connectionString == server.connectionString)
                await again.leave()
            }
        }

        @Test func aSquatterInThePlaceOfTheSocketIsAvoided() async throws {
            try await inPlace(named: String(repeating: "long", count: 40)) { place in
                let server = try await place.open()
                let sockets = try #require(try await EmbeddedServer.status(place.directory).socketDirectory)
                await server.leave()
                try #require(mkdir(sockets, 0o777) == 0)
                try #require(chmod(sockets, 0o777) == 0)
                defer { rmdir(sockets) }
                let again = try await place.open()
                #expect(again.connectionString != server.connectionString)
                #expect(try query("SELECT 1", on: again.connectionString) == "1")
                await again.leave()
            }
        }
    }
}
