import Glibc

/// Why the private server cannot be used: in plain words, with what to do about it.
public struct EmbeddedServerError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable, CaseIterable {
        /// PostgreSQL's programs were not found, or cannot be run.
        case binariesMissing
        /// Run as root, and the user that the server should run as does not exist or may not be used.
        case unknownSystemUser
        /// The directory holds something that is not a private server; it was not touched.
        case foreignDirectory
        /// The directory, or one above it, may not be entered or written.
        case notPermitted
        /// The directory is on a file system that is mounted read-only.
        case readOnly
        case diskFull
        /// The data were made by another major version of PostgreSQL than the one that is installed.
        case otherVersion
        /// The path of the directory is longer than PostgreSQL can work with.
        case pathTooLong
        /// A server setting is not allowed here, or PostgreSQL does not take it.
        case badSetting
        /// Another program held the directory until the time was up.
        case busy
        /// PostgreSQL ended instead of starting.
        case startFailed
        /// The server did not take connections in time.
        case startTimedOut
        /// The waiting task was cancelled.
        case cancelled
        /// The server was asked for after ``EmbeddedServer/leave()``.
        case left
        /// The operating system refused something else.
        case system
    }

    public let kind: Kind
    /// What happened and in what state things are.
    public let message: String
    /// What to do next; never empty.
    public let advice: String

    public var description: String { "\(message); \(advice)" }

    init(_ kind: Kind, _ message: String, advice: String) {
        self.kind = kind
        self.message = printable(message)
        self.advice = printable(advice)
    }

    /// A refusal of the operating system: `doing` reads "cannot \(doing)", `number` is errno.
    init(system number: Int32, doing: String) {
        let kind: Kind
        let advice: String
        switch number {
        case EROFS:
            kind = .readOnly
            advice = "choose a directory on a file system that can be written"
        case ENOSPC, EDQUOT:
            kind = .diskFull
            advice = "make room on that file system and start again; nothing that was posted is lost"
        case EACCES, EPERM:
            kind = .notPermitted
            advice = "choose another directory, or have its owner give this user access"
        case ENAMETOOLONG:
            kind = .pathTooLong
            advice = "choose a directory with a shorter path"
        case ENOTDIR, EEXIST, ELOOP:
            kind = .foreignDirectory
            advice = "choose another directory, or move away what is there"
        default:
            kind = .system
            advice = "put that right and start again"
        }
        self.init(kind, "cannot \(doing): \(systemText(number))", advice: advice)
    }
}

/// The operating system's text for an errno.
func systemText(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(number, &buffer, buffer.count - 1) == 0 else { return "error \(number)" }
    return text(of: buffer)
}

/// The text up to the first zero byte.
func text(of buffer: [CChar]) -> String {
    String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Text from a log, a path or a program made fit for a terminal: control characters, and the marks that turn
/// the direction of writing, become spaces.
func printable(_ text: some StringProtocol) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
        let hidden: Bool
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: hidden = true
        default: hidden = false
        }
        scalars.append(hidden ? " " : scalar)
    }
    return String(scalars)
}
