import Console
import Glibc
import LedgerService
import Logging

/// Writes log lines to a file, never to the screen. A file that has grown to ``limit`` becomes `….old`, so a
/// log takes at most twice that.
struct FileLog: Sendable {
    static let limit = 8 << 20

    let path: String
    let now: @Sendable () -> String

    /// A log that cannot be written must not stop an operation: the line is dropped.
    func write(_ text: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        if lseek(descriptor, 0, SEEK_END) > Self.limit { rename(path, path + ".old") }
        // One call for a whole line, so that the lines of two tasks or programs do not mix.
        let line = Array("\(now()) [\(getpid())] \(text)\n".utf8)
        _ = Glibc.write(descriptor, line, line.count)
    }
}

/// What swift-log hands its lines to.
struct FileLogHandler: LogHandler {
    let file: FileLog
    let label: String
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        // What a server or a person wrote may hold anything, and a log is read on a terminal.
        file.write("\(event.level) \(label): \(SafeText.printable(event.message.description))")
    }
}

extension Settings {
    /// A logger that writes where the settings say.
    func makeLog() -> Logger {
        if let slash = logFile.value.lastIndex(of: "/") {
            // Without the directory nothing is logged, which is no reason to stop: `bursar doctor` tells.
            try? makeDirectories(String(logFile.value[..<slash]))
        }
        let file = FileLog(path: logFile.value) { ServiceEnvironment.live.now().description }
        return Logger(label: "bursar") { [level = logLevel.value] label in
            FileLogHandler(file: file, label: label, logLevel: level)
        }
    }
}
