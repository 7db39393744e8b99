import Glibc
import Testing

@testable import EmbeddedPostgres

extension RealServer {
    @Suite struct Recovery {
        @Test func aKilledServerIsStartedAgainOnceByAllItsUsers() async throws {
            try await inPlace { place in
                let programs = try (0..<3).map { _ in try Program(place.directory) }
                let strings = try programs.map { try $0.ready() }
                try query("CREATE TABLE kept AS SELECT 42 AS answer", on: strings[0])
                let pid = try await place.pid()
                kill(pid, SIGKILL)
                for program in programs { program.say("ensure") }
                for program in programs { #expect(try program.line() == "running") }
                let next = try await place.pid()
                #expect(next != pid)
                for string in strings { #expect(try query("SELECT answer FROM kept", on: string) == "42") }
                for program in programs { #expect(program.leave() == 0) }
                #expect(try await place.condition() == .stopped)
            }
        }

        @Test func aServerKilledUnderItsOnlyProgramIsRecovered() async throws {
            try await inPlace { place in
                let server = try await place.open()
                try query("CREATE TABLE kept AS SELECT 42 AS answer", on: server.connectionString)
                // This program is the server's parent and has not collected it.
                kill(try await place.pid(), SIGKILL)
                try await server.ensureRunning()
                #expect(try query("SELECT answer FROM kept", on: server.connectionString) == "42")
                await server.leave()
            }
        }

        @Test func processesThatOutliveTheirServerAreEndedBeforeTheNextStarts() async throws {
            try await inPlace { place in
                let server = try await place.open()
                let data = try #require(try Files.look(place.layout.data)?.identity)
                let patience = Patience(.seconds(30))
                let binaries = try Binaries.find(in: nil, data: nil, path: nil, patience)
                // Works without ever looking whether its postmaster lives.
                let busy = try Program(
                    Command(
                        executable: binaries.directory + "/psql",
                        arguments: [
                            "-Xqc", "SET application_name = 'busy'", "-c", "DO 'BEGIN LOOP END LOOP; END'",
                            "-d",
                            server.connectionString,
                        ]))
                try wait {
                    try query(
                        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'busy' AND query ^@ 'DO'",
                        on: server.connectionString) == "1"
                }
                let before = Set(ProcessTable.servers(of: data))
                kill(try await place.pid(), SIGKILL)
                try await server.ensureRunning()
                #expect(before.isDisjoint(with: ProcessTable.servers(of: data)))
                #expect(try query("SELECT 1", on: server.connectionString) == "1")
                _ = busy.leave()
                await server.leave()
            }
        }

        @Test func serverAndProgramKilledTogetherAreRecoveredByTheNextProgram() async throws {
            try await inPlace { place in
                let program = try Program(place.directory)
                try query("CREATE TABLE kept AS SELECT 42 AS answer", on: try program.ready())
                kill(try await place.pid(), SIGKILL)
                program.killAtOnce()
                try wait { try ServerStatus(place.layout).condition == .cutOff }
                let steps = Steps()
                let server = try await place.open(steps)
                #expect(steps.all == [.recovering])
                #expect(try query("SELECT answer FROM kept", on: server.connectionString) == "42")
                await server.leave()
            }
        }

        @Test func aPidFileThatNamesSomebodyElseHarmsNobody() async throws {
            try await inPlace { place in
                await (try place.open()).leave()
                let other = try Program(Command(executable: "/bin/sleep", arguments: ["600"]))
                let sockets = place.layout.innerSocketDirectory
                let content =
                    "\(other.pid)\n\(place.layout.data)\n1700000000\n5432\n\(sockets)\n\n 1 2\nready   \n"
                try Files.replace(place.layout.postmasterFile, with: content, owner: nil)
                #expect(try await place.condition() == .cutOff)

                let steps = Steps()
                let server = try await place.open(steps)
                #expect(steps.all == [.recovering])
                await server.leave()
                try await EmbeddedServer.destroy(place.directory)
                #expect(Children.ended(other.pid) == nil && ProcessTable.exists(other.pid))
                other.killAtOnce()
            }
        }

        @Test func aServerWhoseSocketWasDeletedIsStartedAgain() async throws {
            try await inPlace { place in
                let server = try await place.open()
                let pid = try await place.pid()
                try Files.remove(place.layout.innerSocketDirectory)
                try await server.ensureRunning()
                #expect(try await place.pid() != pid)
                #expect(try query("SELECT 1", on: server.connectionString) == "1")
                await server.leave()
            }
        }

        @Test func aSettingMadeInTheDatabaseCannotHideTheServer() async throws {
            try await inPlace { place in
                let server = try await place.open()
                try query("ALTER SYSTEM SET port = 6543", on: server.connectionString)
                try query("ALTER SYSTEM SET listen_addresses = '*'", on: server.connectionString)
                await server.leave()
                let again = try await place.open()
                #expect(try query("SHOW port", on: again.connectionString) == "5432")
                #expect(try query("SHOW listen_addresses", on: again.connectionString).isEmpty)
                await again.leave()
            }
        }

        @Test func aServerThatHangsIsReportedInTime() async throws {
            try await inPlace { place in
                let server = try await place.open()
                let pid = try await place.pid()
                kill(pid, SIGSTOP)
                var configuration = place.configuration()
                configuration.startTimeout = .seconds(1)
                let impatient = configuration
                let error = await #expect(throws: EmbeddedServerError.self) {
                    try await EmbeddedServer.open(impatient)
                }
                #expect(error?.kind == .startTimedOut)
                #expect(error?.message.contains("does not take connections") == true)
                kill(pid, SIGCONT)
                try await server.ensureRunning()
                #expect(try await place.pid() == pid)
                await server.leave()
            }
        }

        @Test func theServerHoldsNothingOfOursButItsOwnLock() async throws {
            try await inPlace { place in
                // Open and not closed on exec, as a careless library would leave it.
                let stray = Glibc.open("/etc/passwd", O_RDONLY)
                defer { close(stray) }
                let server = try await place.open()
                let pid = try await place.pid()
                var held: [String: String] = [:]
                for name in try Files.names(in: "/proc/\(pid)/fd") {
                    var target = [CChar](repeating: 0, count: 4096)
                    guard readlink("/proc/\(pid)/fd/\(name)", &target, target.count - 1) > 0 else { continue }
                    held[name] = text(of: target)
                }
                #expect(held["0"] == "/dev/null")
                #expect(held["1"] == place.layout.log)
                #expect(held["2"] == place.layout.log)
                #expect(held["3"] == place.layout.alive)
                let own = ["/etc/passwd", place.layout.users, place.layout.marker]
                #expect(Set(held.values).isDisjoint(with: own))
                #expect(getsid(pid) == pid)
                await server.leave()
            }
        }
    }
}
