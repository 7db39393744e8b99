import Glibc
import Testing

/// A terminal of its own for one test: tmux without anybody's settings, with a shell that starts the probe.
final class Tmux {
    /// Of its socket, different for each.
    let name: String

    /// - Throws: an issue where tmux is missing; a machine without it fails, it does not skip.
    init(
        width: Int, height: Int, term: String = "tmux-256color", locale: String = "LC_ALL=C.UTF-8"
    ) throws {
        name = "bursar-\(getpid())-\(UInt32.random(in: .min ... .max))"
        try command(
            "new-session -d -x \(width) -y \(height) 'env -u NO_COLOR \(locale) TERM=\(term) PS1=%% sh'")
        try wait(until: "%%")
    }

    deinit { _ = try? command("kill-server") }

    @discardableResult
    func command(_ text: String) throws -> String {
        let (output, status) = shell("tmux -L \(name) -f /dev/null \(text) 2>&1")
        guard status == 0 else { throw TmuxError(text: "tmux \(text): \(output)") }
        return output
    }

    /// Types a line into the shell.
    func line(_ text: String) throws { try command("send-keys -- '\(text)' Enter") }

    /// Presses keys by tmux's names for them.
    func press(_ keys: String...) throws { try command("send-keys " + keys.joined(separator: " ")) }

    /// Sends bytes to the program in one piece, as a terminal would.
    func type(_ text: String) throws { try type(Array(text.utf8)) }

    func type(_ bytes: [UInt8]) throws {
        let octal = bytes.map { "\\" + String($0, radix: 8) }.joined()
        guard shell("printf '\(octal)' | tmux -L \(name) load-buffer -").status == 0 else {
            throw TmuxError(text: "tmux takes no buffer")
        }
        try command("paste-buffer -r -d")
    }

    var screen: String { get throws { try command("capture-pane -p") } }

    /// Whether a program has the alternate screen.
    var isAlternate: Bool { get throws { try command("display -p '#{alternate_on}'") == "1\n" } }

    /// Reads the screen until it shows a text.
    /// - Throws: ``TmuxError`` with the screen, after thirty seconds.
    @discardableResult
    func wait(until text: String, withStyles: Bool = false) throws -> String {
        let end = ContinuousClock.now + .seconds(30)
        var screen = ""
        repeat {
            screen = withStyles ? try command("capture-pane -p -e") : try self.screen
            if screen.contains(text) { return screen }
            // Between two looks, other processes get their turn.
            poll(nil, 0, 10)
        } while ContinuousClock.now < end
        throw TmuxError(text: "“\(text)” did not appear:\n\(screen)")
    }
}

struct TmuxError: Error, CustomStringConvertible {
    let text: String
    var description: String { text }
}

/// Runs a command line and takes what it prints.
func shell(_ text: String) -> (output: String, status: Int32) {
    guard let pipe = popen(text, "r") else { return ("could not be started", -1) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        if count == 0 { break }
        bytes += buffer.prefix(count)
    }
    return (String(decoding: bytes, as: UTF8.self), pclose(pipe))
}

/// The probe beside the tests' own program.
let probePath: String = {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    var own = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // `swift test` runs the tests in a helper of the toolchain, which names their bundle in its arguments.
    if let bundle = CommandLine.arguments.first(where: { $0.hasSuffix(".xctest") }) { own = bundle }
    return own.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 } + "/terminal-probe"
}()
