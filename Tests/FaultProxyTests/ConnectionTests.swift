import FaultProxy
import Foundation
import Postgres
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(3))) struct ConnectionTests {
    private let sleep = Statement(name: "sleep", sql: "SELECT pg_sleep(60)")

    @Test func servesTCPAndDeclinesEncryption() async throws {
        try await Bench.use(listensOnTCP: true) { bench in
            let address = try #require(bench.proxy.tcpConnectionString)
            let settings = try ConnectionSettings("\(address) dbname=postgres user=tester sslmode=prefer")
            let connection = try await Connection.connect(settings, timeout: .seconds(20))
            #expect(try await connection.query(bench.one).count == 1)
            await connection.close()
            let strict = try ConnectionSettings("\(address) dbname=postgres user=tester sslmode=require")
            let error = try await bench.failure {
                _ = try await Connection.connect(strict, timeout: .seconds(20))
            }
            #expect(error.message.contains("does not support SSL"))
        }
    }

    @Test func letsAPasswordThrough() async throws {
        try await Bench.use { bench in
            let string = "\(bench.proxy.connectionString) dbname=postgres user=locked"
            let settings = try ConnectionSettings(
                string, overrides: ["password": PrivateServer.lockedPassword])
            let connection = try await Connection.connect(settings, timeout: .seconds(20))
            #expect(try await connection.query(bench.one).count == 1)
            await connection.close()
        }
    }

    @Test func passesCancelRequestsOn() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let call = Task { try await connection.query(sleep) }
            try await bench.wait(until: "it sleeps") { try await isSleeping(bench, connection) }
            connection.cancel()
            let error = try await bench.failure { _ = try await call.value }
            #expect(error.kind == .cancelled)
            #expect(error.sqlState == .queryCanceled)
            #expect(try await connection.query(bench.one).count == 1)
            await connection.close()
            try await bench.wait(until: "all is closed") { await bench.proxy.openConnections == 0 }
        }
    }

    @Test(arguments: ErrorForm.startup)
    func refusesAtStartupWithAnError(form: ErrorForm) async throws {
        try await Bench.use { bench in
            await bench.script(.connection(), .answerStartup(form), times: 1)
            let error = try await bench.failure { _ = try await bench.connect() }
            #expect(error.kind == .cannotConnect)
            #expect(error.sqlState?.rawValue == form.sqlState)
            #expect(error.message.contains(form.message))
            await (try bench.connect()).close()
        }
    }

    @Test func refusesTheNextConnectionsOrAllForATime() async throws {
        try await Bench.use { bench in
            await bench.proxy.apply(.refuse(.next(2)))
            for _ in 1...2 {
                let error = try await bench.failure { _ = try await bench.connect() }
                #expect(error.kind == .cannotConnect)
                #expect(error.sqlState == nil)
            }
            let standing = try await bench.connect()
            await bench.proxy.apply(.refuse(.lasting(.seconds(600))))
            _ = try await bench.failure { _ = try await bench.connect() }
            #expect(try await standing.query(bench.one).count == 1)
            await bench.proxy.apply(.heal)
            await (try bench.connect()).close()
            await bench.proxy.apply(.refuse(.lasting(.milliseconds(50))))
            try await bench.wait(until: "it accepts again") {
                guard let connection = try? await bench.connect() else { return false }
                await connection.close()
                return true
            }
            await standing.close()
            #expect(await bench.proxy.journal.refused >= 3)
        }
    }

    @Test func refusesConnectionsByRule() async throws {
        try await Bench.use { bench in
            // The connection that it is decided for, and two more.
            await bench.script(.connection(.nth(2)), .refuseConnections(.next(2)))
            let connection = try await bench.connect()
            for _ in 1...3 { _ = try await bench.failure { _ = try await bench.connect() } }
            await (try bench.connect()).close()
            await bench.script(.statement(containing: "SELECT 1"), .refuseConnections(.next(1)), times: 1)
            #expect(try await connection.query(bench.one).count == 1)
            _ = try await bench.failure { _ = try await bench.connect() }
            await connection.close()
        }
    }

    @Test func cutsEveryConnection() async throws {
        try await Bench.use { bench in
            let idle = try await bench.connect()
            let busy = try await bench.connect()
            let call = Task { try await busy.query(sleep) }
            try await bench.wait(until: "it sleeps") { try await isSleeping(bench, busy) }
            await bench.proxy.apply(.cutAll)
            let error = try await bench.failure { _ = try await call.value }
            #expect(error.kind == .connectionLost)
            try await bench.wait(until: "the idle one has noticed") { await !idle.isUsable }
            #expect(await bench.proxy.openConnections == 0)
            await (try bench.connect()).close()
        }
    }

    @Test func cutsConnectionsAlsoWhenAProgramWasStartedMeanwhile() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            let program = try spawn(["/bin/sleep", "60"])
            defer {
                kill(program, SIGKILL)
                waitpid(program, nil, 0)
            }
            await bench.script(.statement(containing: "INSERT"), .cutBeforeServer)
            let error = try await bench.failure {
                _ = try await connection.query(bench.insert, [.value(Int32(1))], timeout: .seconds(20))
            }
            #expect(error.kind == .connectionLost)
            #expect(!error.message.contains("in time"))
            let sessions = Statement(
                name: "sessions", sql: "SELECT 1 FROM pg_stat_activity WHERE pid = $1")
            try await bench.wait(until: "the server has noticed") {
                try await bench.observer.query(sessions, [.value(connection.backendPID)]).isEmpty
            }
        }
    }

    /// Starts a program that inherits whatever is not closed on exec; `Process` would close everything.
    private func spawn(_ words: [String]) throws -> pid_t {
        let arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process: pid_t = 0
        let status = posix_spawn(&process, words[0], nil, nil, arguments, environ)
        try #require(status == 0)
        return process
    }

    @Test func cutsAndThenRefusesWhileItIsDown() async throws {
        try await Bench.use { bench in
            let connection = try await bench.connect()
            await bench.proxy.apply(.flap(up: .milliseconds(10), down: .seconds(600), cycles: 1))
            try await bench.wait(until: "it is cut") { await !connection.isUsable }
            let error = try await bench.failure { _ = try await bench.connect() }
            #expect(error.kind == .cannotConnect)
            await bench.proxy.apply(.heal)
            await (try bench.connect()).close()
        }
    }

    @Test func flapsUntilItIsHealed() async throws {
        try await Bench.use { bench in
            await bench.proxy.apply(
                .flap(up: .milliseconds(20), down: .milliseconds(1), cycles: 1_000_000))
            var lost = 0
            try await bench.wait(until: "three were lost") {
                guard let connection = try? await bench.connect() else { return false }
                _ = try await bench.failure {
                    while true { _ = try await connection.query(bench.one, timeout: .seconds(20)) }
                }
                lost += 1
                return lost == 3
            }
            await bench.proxy.apply(.heal)
            let connection = try await bench.connect()
            #expect(try await connection.query(bench.one).count == 1)
            await connection.close()
        }
    }

    @Test func showsADeadServerAsAClosedConnection() async throws {
        try await Bench.use { bench in
            await bench.proxy.setUpstream(.unixSocket(directory: "/nowhere"))
            let error = try await bench.failure { _ = try await bench.connect() }
            #expect(error.kind == .cannotConnect)
            await bench.proxy.setUpstream(.tcp(host: "127.0.0.1", port: 1))
            _ = try await bench.failure { _ = try await bench.connect() }
            await bench.proxy.setUpstream(.unixSocket(directory: bench.server.directory))
            await (try bench.connect()).close()
        }
    }

    @Test func followsAFailOverAndARestart() async throws {
        try await Bench.use { bench in
            let other = try await PrivateServer.start()
            let old = try await bench.connect()
            await bench.proxy.setUpstream(.unixSocket(directory: other.directory))
            let new = try await bench.connect()
            #expect(try await directory(old) == bench.server.directory)
            #expect(try await directory(new) == other.directory)

            // A request to cancel finds the server of its session.
            let call = Task { try await old.query(sleep) }
            try await bench.wait(until: "it sleeps") { try await isSleeping(bench, old) }
            old.cancel()
            #expect(try await bench.failure { _ = try await call.value }.kind == .cancelled)

            try await other.crash()
            try await bench.wait(until: "the crash is noticed") { await !new.isUsable }
            _ = try await bench.failure { _ = try await bench.connect() }
            #expect(try await old.query(bench.one).count == 1)
            try await other.restart()
            let again = try await bench.connect()
            #expect(try await directory(again) == other.directory)
            await again.close()
            await old.close()
            try await other.crash()
        }
    }

    @Test func forgetsConnectionsThatHaveGone() async throws {
        try await Bench.use { bench in
            let count = 1_000
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<20 {
                    group.addTask {
                        for number in 0..<(count / 20) {
                            let connection = try await bench.connect()
                            if number % 3 == 0 { _ = try await connection.query(bench.one) }
                            if (worker + number) % 50 == 0 { await bench.proxy.apply(.refuse(.next(0))) }
                            await connection.close()
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(await bench.proxy.journal.connections == count)
            try await bench.wait(until: "all are gone") { await bench.proxy.openConnections == 0 }
        }
    }

    @Test func forgetsConnectionsThatWereCutInTheMomentTheyCame() async throws {
        try await Bench.use { bench in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<100 {
                            // Cut or not, it is given up.
                            await (try? bench.connect())?.close()
                        }
                    }
                }
                group.addTask { for _ in 0..<2_000 { await bench.proxy.apply(.cutAll) } }
                try await group.waitForAll()
            }
            try await bench.wait(until: "all are gone") { await bench.proxy.openConnections == 0 }
        }
    }

    @Test func cleansUpWhenStopped() async throws {
        let server = try await PrivateServer.shared
        let proxy = try await FaultProxy.start(upstream: .unixSocket(directory: server.directory))
        let string = "\(proxy.connectionString) dbname=postgres user=tester"
        let connection = try await Connection.connect(ConnectionSettings(string), timeout: .seconds(20))
        await proxy.apply(.refuse(.next(1)))
        await proxy.stop()
        await proxy.stop()
        #expect(!FileManager.default.fileExists(atPath: proxy.directory))
        let error = try await #require(throws: PostgresError.self) {
            _ = try await connection.query(Statement(name: "one", sql: "SELECT 1"))
        }
        #expect(error.kind == .connectionLost)
        #expect(await proxy.journal.counts == [.refuseConnections: 1])
        #expect(await proxy.openConnections == 0)
        await proxy.setScript(.none)
    }

    private func isSleeping(_ bench: Bench, _ connection: Connection) async throws -> Bool {
        let statement = Statement(
            name: "sleeping",
            sql: "SELECT 1 FROM pg_stat_activity WHERE pid = $1 AND wait_event = 'PgSleep'")
        return try await !bench.observer.query(statement, [.value(connection.backendPID)]).isEmpty
    }

    private func directory(_ connection: Connection) async throws -> String {
        let statement = Statement(
            name: "directory", sql: "SELECT current_setting('unix_socket_directories')")
        return try await connection.query(statement)[0].decode(0)
    }
}
