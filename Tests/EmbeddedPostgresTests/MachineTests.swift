import Glibc
import Testing

@testable import EmbeddedPostgres

/// Whether file systems can be mounted, as tests of full and read-only disks need.
private let canMount: Bool = {
    let patience = Patience(.seconds(10))
    var template = Array("/tmp/embedded-mount-XXXXXX".utf8CString)
    guard geteuid() == 0, mkdtemp(&template) != nil else { return false }
    let path = text(of: template)
    defer { rmdir(path) }
    let mount = Command(executable: "/bin/mount", arguments: ["-t", "tmpfs", "-o", "size=1m", "none", path])
    guard (try? mount.run(patience))?.status == 0 else { return false }
    return (try? Command(executable: "/bin/umount", arguments: [path]).run(patience))?.status == 0
}()

extension RealServer {
    @Suite(.enabled(if: canMount, "needs root and the right to mount a file system")) struct Disks {
        @Test func aDiskThatIsTooSmallLeavesNothingHalfMade() async throws {
            try await onDisk(megabytes: 24) { place in
                let error = await refusal(place.configuration())
                #expect(error?.kind == .diskFull)
                let draft = try Files.look(place.layout.draft)
                let data = try Files.look(place.layout.data)
                #expect(draft == nil && data == nil)
                try run("mount", "-o", "remount,size=200m", place.base + "/disk")
                #expect(await refusal(place.configuration()) == nil)
            }
        }

        @Test func aFullDiskIsNamedAtAStartAndNothingIsLost() async throws {
            try await onDisk(megabytes: 200) { place in
                let server = try await place.open()
                try query("CREATE TABLE kept AS SELECT 42 AS answer", on: server.connectionString)
                kill(try await place.pid(), SIGKILL)
                try wait { try ServerStatus(place.layout).condition == .cutOff }
                let filler = place.base + "/disk/filler"
                // Ends in an error, when the disk is full.
                _ = try Command(executable: "/bin/dd", arguments: ["if=/dev/zero", "of=\(filler)", "bs=64k"])
                    .run(Patience(.seconds(30)))
                let error = await refusal(place.configuration())
                #expect(error?.kind == .diskFull)
                try Files.remove(filler)
                try await server.ensureRunning()
                #expect(try query("SELECT answer FROM kept", on: server.connectionString) == "42")
                await server.leave()
            }
        }

        @Test func aReadOnlyDiskIsNamedBeforeAnythingIsDone() async throws {
            try await onDisk(megabytes: 200) { place in
                await (try place.open()).leave()
                try run("mount", "-o", "remount,ro", place.base + "/disk")
                #expect(await refusal(place.configuration())?.kind == .readOnly)
                #expect(try await place.condition() == .stopped)
                var other = place.configuration()
                other.directory = place.base + "/disk/other"
                #expect(await refusal(other)?.kind == .readOnly)
                try run("mount", "-o", "remount,rw", place.base + "/disk")
                #expect(await refusal(place.configuration()) == nil)
            }
        }

        private func run(_ program: String, _ arguments: String...) throws {
            let result = try Command(executable: "/bin/" + program, arguments: arguments)
                .run(Patience(.seconds(30)))
            try #require(result.status == 0, "\(result.output)")
        }

        /// A place whose server's directory is on a file system of its own.
        private func onDisk(megabytes: Int, _ body: (Place) async throws -> Void) async throws {
            try await inPlace(named: "disk/server") { place in
                let disk = place.base + "/disk"
                try #require(mkdir(disk, 0o755) == 0)
                try run("mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=755", "none", disk)
                let result: Result<Void, any Error>
                do {
                    result = .success(try await body(place))
                } catch {
                    result = .failure(error)
                }
                try run("mount", "-o", "remount,rw", disk)
                if try Files.look(place.layout.marker) != nil {
                    try await EmbeddedServer.destroy(place.directory)
                }
                try run("umount", disk)
                try result.get()
            }
        }
    }

    @Suite(.enabled(if: geteuid() == 0, "needs root, to become another user")) struct Users {
        @Test func anOrdinaryUserRunsAServerOfItsOwn() async throws {
            try await inPlace { place in
                let nobody = try #require(SystemUser.named("nobody"))
                // The build's directory may be closed to others.
                let program = place.base + "/embedded-user"
                let copy = Command(executable: "/bin/cp", arguments: [Program.executable, program])
                try #require(copy.run(Patience(.seconds(10))).status == 0)
                try Files.give(place.base, to: nobody)
                let first = try Program(
                    Command(executable: program, arguments: [place.directory], user: nobody))
                _ = try first.ready()
                #expect(try Files.look(place.layout.data)?.owner == nobody.uid)
                let pid = try await place.pid()
                kill(pid, SIGKILL)
                first.say("ensure")
                #expect(try first.line() == "running")

                // Root would run the server as postgres, whose files these are not.
                let error = await refusal(place.configuration())
                #expect(error?.kind == .notPermitted)
                #expect(error?.message.contains("nobody") == true)
                #expect(first.leave() == 0)
                #expect(try await place.condition() == .stopped)
            }
        }

        @Test func anotherUsersServerIsRefused() async throws {
            try await inPlace { place in
                let nobody = try #require(SystemUser.named("nobody"))
                let program = place.base + "/embedded-user"
                let copy = Command(executable: "/bin/cp", arguments: [Program.executable, program])
                try #require(copy.run(Patience(.seconds(10))).status == 0)
                let server = try await place.open()
                let other = try Program(
                    Command(executable: program, arguments: [place.directory], user: nobody))
                #expect(try other.line()?.hasPrefix("error notPermitted ") == true)
                await server.leave()
            }
        }

        @Test func aDirectoryThatTheServersUserCannotEnterIsRefusedBeforeItIsMade() async throws {
            try await inPlace { place in
                try #require(chmod(place.base, 0o700) == 0)
                let error = await refusal(place.configuration())
                #expect(error?.kind == .notPermitted)
                #expect(error?.message.contains("postgres") == true)
                let made = try Files.look(place.directory)
                #expect(made == nil)
            }
        }

        @Test(arguments: ["no-such-user", "root", ""])
        func aSystemUserThatCannotRunTheServerIsRefused(name: String) async throws {
            try await inPlace { place in
                var configuration = place.configuration()
                configuration.systemUser = name
                #expect(await refusal(configuration)?.kind == .unknownSystemUser)
            }
        }
    }
}
