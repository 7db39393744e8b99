import Glibc
import Synchronization
import Testing

@testable import EmbeddedPostgres

/// A place for one test's server, deleted with it.
struct Place: Sendable {
    /// Holds the server's directory, and may be entered by everybody.
    let base: String
    let directory: String

    init(named name: String = "server") throws {
        var template = Array("/tmp/embedded-test-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        base = text(of: template)
        try #require(chmod(base, 0o755) == 0)
        directory = base + "/" + name
    }

    var layout: Layout { Layout(directory: directory) }

    func configuration(
        settings: [String: String] = [:], keepsRunning: Bool = false
    ) -> EmbeddedServer.Configuration {
        EmbeddedServer.Configuration(directory: directory, settings: settings, keepsRunning: keepsRunning)
    }

    func open(_ steps: Steps = Steps()) async throws(EmbeddedServerError) -> EmbeddedServer {
        try await EmbeddedServer.open(configuration()) { steps.add($0) }
    }

    func condition() async throws -> ServerStatus.Condition {
        try await EmbeddedServer.status(directory).condition
    }

    func pid() async throws -> pid_t { try #require(try await EmbeddedServer.status(directory).pid) }
}

/// Runs a test in a place of its own and deletes the server afterwards, whatever the test's end.
func inPlace(named name: String = "server", _ body: (Place) async throws -> Void) async throws {
    let place = try Place(named: name)
    let result: Result<Void, any Error>
    do {
        result = .success(try await body(place))
    } catch {
        result = .failure(error)
    }
    if try Files.look(place.layout.marker) != nil { try await EmbeddedServer.destroy(place.directory) }
    try Files.remove(place.base)
    try result.get()
}

/// What a start has told.
final class Steps: Sendable {
    private let told = Mutex<[EmbeddedServer.Step]>([])
    func add(_ step: EmbeddedServer.Step) { told.withLock { $0.append(step) } }
    var all: [EmbeddedServer.Step] { told.withLock { $0 } }
}

/// Runs one statement and returns what psql prints.
@discardableResult
func query(_ statement: String, on connectionString: String) throws -> String {
    let patience = Patience(.seconds(30))
    let binaries = try Binaries.find(in: nil, data: nil, path: nil, patience)
    let psql = Command(
        executable: binaries.directory + "/psql",
        arguments: ["--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-qAtc", statement, "-d", connectionString])
    let result = try psql.run(patience)
    try #require(result.status == 0, "\(result.output)")
    return result.output.split(separator: "\n").joined(separator: "\n")
}

/// Waits for something that another process does, which has no event to wait for.
func wait(_ isDone: () throws -> Bool) throws {
    let patience = Patience(.seconds(30))
    while try !isDone() {
        try #require(try patience.pause(), "it has not happened within 30 seconds")
    }
}
