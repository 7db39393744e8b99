import Foundation
import TestSupport
import Testing

/// A terminal of its own, in which a program runs: keys go in, the screen comes out.
final class Tmux {
    private let socket: String
    private let server: pid_t
    private let directory: TemporaryDirectory

    /// Starts a shell in a terminal of this size.
    init(columns: Int = 100, rows: Int = 30, environment: [String: String] = [:]) async throws {
        directory = try TemporaryDirectory()
        socket = directory.path + "/tmux"
        // What the console remembers in one terminal must not be what another one begins with.
        let own = ["XDG_STATE_HOME": directory.path + "/state"].merging(environment) { _, given in given }
        let variables = Program.environment(with: own).filter { $0.key != "TMUX" }
        let answer = try await Self.run(
            [
                "-S", socket, "-f", "/dev/null", "new-session", "-d", "-P", "-F", "#{pid}",
                "-x", "\(columns)", "-y", "\(rows)", "env PS1='$ ' sh",
            ], environment: variables)
        server = try #require(pid_t(answer.trimmingCharacters(in: .whitespacesAndNewlines)))
    }

    /// Asked by its socket it would have to be waited for, since the directory goes with us.
    deinit { kill(server, SIGTERM) }

    /// Types text and presses keys that tmux names, such as `Enter` or `C-c`.
    func press(_ keys: String...) async throws { try await tmux(["send-keys"] + keys) }

    /// Types text as it stands.
    func type(_ text: String) async throws { try await tmux(["send-keys", "-l", text]) }

    func resize(columns: Int, rows: Int) async throws {
        try await tmux(["resize-window", "-x", "\(columns)", "-y", "\(rows)"])
    }

    /// Closes the window that everything runs in.
    func close() async throws { try await tmux(["kill-session"]) }

    /// What is on the screen, without the spaces at the ends of lines.
    func screen() async throws -> String { try await tmux(["capture-pane", "-p"]) }

    /// What was on the screen before, too, with its colours and other codes.
    func history() async throws -> String { try await tmux(["capture-pane", "-p", "-e", "-S", "-"]) }

    /// What the terminal knows of itself, such as `alternate_on` or `pane_pid`.
    func format(_ name: String) async throws -> String {
        try await tmux(["display-message", "-p", "#{\(name)}"]).trimmingCharacters(
            in: .whitespacesAndNewlines)
    }

    /// Waits until the screen holds this text.
    /// - Parameter seconds: how long a loaded machine may take.
    @discardableResult
    func wait(
        for text: String, seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> String {
        try await wait("“\(text)”", seconds: seconds, sourceLocation: sourceLocation) { $0.contains(text) }
    }

    @discardableResult
    func wait(
        _ what: String, seconds: Double = 60, sourceLocation: SourceLocation = #_sourceLocation,
        until condition: (String) throws -> Bool
    ) async throws -> String {
        let deadline = Date().addingTimeInterval(seconds)
        var last = ""
        while Date() < deadline {
            last = try await screen()
            if try condition(last) { return last }
        }
        Issue.record("\(what) never came to the screen:\n\(last)", sourceLocation: sourceLocation)
        throw TimedOut()
    }

    struct TimedOut: Error {}

    @discardableResult
    private func tmux(_ arguments: [String]) async throws -> String {
        try await Self.run(["-S", socket] + arguments)
    }

    private static func run(
        _ arguments: [String], environment: [String: String]? = nil
    ) async throws -> String {
        try await ChildProcess("/usr/bin/tmux", arguments, environment: environment).wait().output
    }
}
