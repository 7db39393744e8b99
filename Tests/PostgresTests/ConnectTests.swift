import Glibc
import TestSupport
import Testing

@testable import Postgres

@Suite struct ConnectTests {
    /// A listening socket that never answers: the kernel accepts, nobody reads.
    private final class BlackHole: Sendable {
        let port: UInt16
        private let descriptor: Int32

        init() throws {
            descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let descriptor = descriptor
            let isListening = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && listen(descriptor, 8) == 0
                        && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(isListening)
            port = UInt16(bigEndian: address.sin_port)
        }

        deinit { Glibc.close(descriptor) }
    }

    private func failure(_ dsn: String, timeout: Duration = .seconds(20)) async throws -> PostgresError {
        let settings = try ConnectionSettings(dsn)
        return try await #require(throws: PostgresError.self) {
            _ = try await Connection.connect(settings, timeout: timeout)
        }
    }

    @Test func tellsTheServersVersionAndSettings() async throws {
        let connection = try await PrivateServer.shared.connect()
        #expect(connection.serverVersion >= 110_000)
        #expect(connection.backendPID > 0)
        #expect(await connection.parameterStatus("client_encoding") == "UTF8")
        #expect(await connection.parameterStatus("no_such_setting") == nil)
        #expect(await connection.isUsable)
        await connection.close()
        #expect(await connection.isUsable == false)
        #expect(await connection.parameterStatus("client_encoding") == nil)
    }

    @Test(.timeLimit(.minutes(1))) func givesUpAtTheDeadlineWhenTheServerNeverAnswers() async throws {
        let hole = try BlackHole()
        let error = try await failure(
            "host=127.0.0.1 port=\(hole.port) user=tester dbname=postgres", timeout: .milliseconds(200))
        #expect(error.kind == .cannotConnect)
        #expect(error.message == "the server did not answer in time")
    }

    @Test(.timeLimit(.minutes(1))) func triesTheNextHostWhenOneNeverAnswers() async throws {
        let hole = try BlackHole()
        let server = try await PrivateServer.shared
        let settings = try ConnectionSettings(
            "host=127.0.0.1,\(server.directory) port=\(hole.port),5432 user=tester dbname=postgres")
        let connection = try await Connection.connect(settings, timeout: .seconds(20))
        #expect(await connection.isUsable)
        await connection.close()
    }

    @Test(.timeLimit(.minutes(1))) func stopsConnectingWhenTheTaskIsCancelled() async throws {
        let hole = try BlackHole()
        let settings = try ConnectionSettings("host=127.0.0.1 port=\(hole.port) user=tester dbname=postgres")
        let task = Task { try await Connection.connect(settings, timeout: .seconds(600)) }
        task.cancel()
        let error = await #expect(throws: PostgresError.self) { _ = try await task.value }
        #expect(error?.kind == .cancelled)
    }

    @Test func saysThatNobodyListens() async throws {
        let error = try await failure("host=/tmp port=1 user=tester dbname=postgres")
        #expect(error.kind == .cannotConnect)
        #expect(error.sqlState == nil)
        #expect(error.message.contains("No such file or directory"))
    }

    @Test func saysThatThePasswordIsWrongAndNotWhichOneWasGiven() async throws {
        let server = try await PrivateServer.shared
        let right = try ConnectionSettings(
            server.connectionString(user: "locked", "password=\(PrivateServer.lockedPassword)"))
        let connection = try await Connection.connect(right, timeout: .seconds(20))
        await connection.close()
        let error = try await failure(server.connectionString(user: "locked", "password=wr0ngSecret"))
        #expect(error.kind == .cannotConnect)
        #expect(error.sqlState == .invalidPassword)
        #expect(error.message.contains("password authentication failed"))
        #expect(!error.debugDescription.contains("wr0ngSecret"))
    }

    @Test func keepsAPasswordOutOfWhatTheServerSaysOfIt() async throws {
        let server = try await PrivateServer.shared
        // A server error that quotes the password: here as the name of a database.
        let error = try await failure(
            "host=\(server.directory) user=tester password=hush-hush dbname=hush-hush")
        #expect(error.sqlState == .invalidCatalogName)
        #expect(error.message.contains("***"))
        #expect(!error.debugDescription.contains("hush-hush"))
    }

    @Test func namesTheDatabaseThatIsMissing() async throws {
        let server = try await PrivateServer.shared
        let error = try await failure("host=\(server.directory) user=tester dbname=nowhere")
        #expect(error.kind == .cannotConnect)
        #expect(error.sqlState == .invalidCatalogName)
        #expect(error.message.contains("nowhere"))
        #expect(!error.message.contains("LOCATION"))
    }

    @Test(arguments: [
        "host=x password=s3cret nonsense", "postgres://user:s3cret@[::1/", "pass word=s3cret",
        "host=x s3cret=1", "host='unclosed s3cret", "host=a\0b password=s3cret",
    ])
    func quotesNothingOfABadConnectionString(dsn: String) {
        let error = #expect(throws: PostgresError.self) { try ConnectionSettings(dsn) }
        #expect(error?.kind == .cannotConnect)
        #expect(error?.debugDescription.contains("s3cret") == false)
        #expect(error?.message == "the connection string cannot be read")
    }

    @Test func refusesASettingThatLibpqDoesNotKnow() {
        let error = #expect(throws: PostgresError.self) {
            try ConnectionSettings("host=x", overrides: ["pasword": "s3cret"])
        }
        #expect(error?.message == "no connection setting pasword")
    }

    @Test func showsTheTargetWithoutItsPassword() throws {
        let settings = try ConnectionSettings(
            "postgres://ada:s3cret@db.example:6432/books", overrides: ["user": "grace"])
        #expect(settings.redacted == "host=db.example port=6432 dbname=books user=grace")
        #expect(settings["dbname"] == "books")
        #expect("\(settings)" == settings.redacted)
        #expect(String(reflecting: settings) == settings.redacted)
        #expect(Mirror(reflecting: settings).children.isEmpty)
    }
}
