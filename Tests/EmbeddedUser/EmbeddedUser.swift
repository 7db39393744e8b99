import EmbeddedPostgres
import Glibc

/// A program that uses a private server, for the tests that need several programs, or one to kill.
///
///     embedded-user DIRECTORY [SETTING=VALUE …]
///
/// It opens the server, writes a line for each step, then `ready` and the connection string, and reads
/// commands: `ensure` has the server run and answers `running`; the end of its input makes it leave. An error
/// is one line, `error KIND MESSAGE; ADVICE`, and status 1.
@main
struct EmbeddedUser {
    static func main() async {
        let words = CommandLine.arguments.dropFirst()
        guard let directory = words.first else { exit(64) }
        var configuration = EmbeddedServer.Configuration(directory: directory)
        for word in words.dropFirst() {
            let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { configuration.settings[parts[0]] = parts[1] }
        }
        do throws(EmbeddedServerError) {
            let server = try await EmbeddedServer.open(configuration) { say("step \($0.rawValue)") }
            say("ready \(server.connectionString)")
            while let line = readLine() {
                guard line == "ensure" else { continue }
                try await server.ensureRunning()
                say("running")
            }
            await server.leave()
        } catch {
            say("error \(error.kind) \(error)")
            exit(1)
        }
    }

    /// Past the buffer of standard output, which is a pipe.
    private nonisolated static func say(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        _ = write(1, bytes, bytes.count)
    }
}
