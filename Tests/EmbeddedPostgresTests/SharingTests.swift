import Glibc
import Testing

@testable import EmbeddedPostgres

/// All on real servers, one after another: creating one keeps a machine of two cores busy.
@Suite(.serialized) struct RealServer {}

extension RealServer {
    @Suite struct Sharing {
        @Test func isCreatedByTheFirstJoinedByTheSecondAndStoppedByTheLast() async throws {
            try await inPlace { place in
                let (firstSteps, secondSteps) = (Steps(), Steps())
                let first = try await place.open(firstSteps)
                #expect(firstSteps.all == [.creating, .starting])
                try query("CREATE TABLE kept AS SELECT 42 AS answer", on: first.connectionString)
                let second = try await place.open(secondSteps)
                #expect(secondSteps.all == [.joining])
                #expect(second.connectionString == first.connectionString)
                let pid = try await place.pid()

                await first.leave()
                #expect(try await place.condition() == .running)
                #expect(try await place.pid() == pid)
                await second.leave()
                #expect(try await place.condition() == .stopped)
                #expect(!ProcessTable.exists(pid))

                let thirdSteps = Steps()
                let third = try await place.open(thirdSteps)
                #expect(thirdSteps.all == [.starting])
                #expect(try query("SELECT answer FROM kept", on: third.connectionString) == "42")
                await third.leave()
            }
        }

        @Test func programsThatRaceCreateAndStartItOnce() async throws {
            try await inPlace { place in
                let programs = try (0..<4).map { _ in try Program(place.directory) }
                for program in programs {
                    let answer = try query("SELECT 1", on: try program.ready())
                    #expect(answer == "1")
                }
                #expect(programs.map { $0.steps.count { $0 == "creating" } }.reduce(0, +) == 1)
                #expect(programs.map { $0.steps.count { $0 == "starting" } }.reduce(0, +) == 1)
                for program in programs { #expect(program.leave() == 0) }
                #expect(try await place.condition() == .stopped)
            }
        }

        @Test func aKilledProgramIsNoLongerCounted() async throws {
            try await inPlace { place in
                let killed = try Program(place.directory)
                let connectionString = try killed.ready()
                killed.killAtOnce()
                #expect(try await place.condition() == .running)

                let steps = Steps()
                let next = try await place.open(steps)
                #expect(steps.all == [.joining])
                #expect(next.connectionString == connectionString)
                await next.leave()
                #expect(try await place.condition() == .stopped)
            }
        }

        @Test func aProgramKilledWhileCreatingLeavesNothingHalfMade() async throws {
            try await inPlace { place in
                let killed = try Program(place.directory)
                #expect(try killed.line() == "step creating")
                try wait { try Files.look(place.layout.draft + "/PG_VERSION") != nil }
                killed.killAtOnce()
                #expect(try await place.condition() == .notCreated)

                let steps = Steps()
                let server = try await place.open(steps)
                #expect(steps.all == [.creating, .starting])
                #expect(try Files.look(place.layout.draft) == nil)
                #expect(try query("SELECT current_database()", on: server.connectionString) == "bursar")
                await server.leave()
            }
        }

        @Test func keepsRunningWhenAskedTo() async throws {
            try await inPlace { place in
                let server = try await EmbeddedServer.open(place.configuration(keepsRunning: true))
                await server.leave()
                #expect(try await place.condition() == .running)
                let last = try await place.open()
                await last.leave()
                #expect(try await place.condition() == .stopped)
            }
        }

        @Test func isNotUsedAfterLeaving() async throws {
            try await inPlace { place in
                let server = try await place.open()
                await server.leave()
                await server.leave()
                let error = await #expect(throws: EmbeddedServerError.self) {
                    try await server.ensureRunning()
                }
                #expect(error?.kind == .left)
                #expect(try await place.condition() == .stopped)
            }
        }

        @Test func aCancelledStartEndsSoonAndLeavesNoServer() async throws {
            try await inPlace { place in
                // Somebody holds the marker's lock, so that the start waits.
                try Files.makeDirectory(place.directory, owner: geteuid() == 0 ? .named("postgres") : nil)
                let lock = try FileLock.open(place.layout.marker, owner: nil)
                #expect(try lock.take(.exclusive))
                let start = Task { try await place.open() }
                start.cancel()
                let error = await #expect(throws: EmbeddedServerError.self) { try await start.value }
                #expect(error?.kind == .cancelled)
                withExtendedLifetime(lock) {}
                #expect(try await place.condition() == .notCreated)
            }
        }

        @Test func destroyStopsAndDeletesAServerInUse() async throws {
            try await inPlace { place in
                let server = try await place.open()
                let pid = try await place.pid()
                try await EmbeddedServer.destroy(place.directory)
                #expect(try Files.look(place.directory) == nil)
                #expect(!ProcessTable.exists(pid))
                try await EmbeddedServer.destroy(place.directory)
                await server.leave()
                #expect(try Files.look(place.directory) == nil)
            }
        }
    }
}
