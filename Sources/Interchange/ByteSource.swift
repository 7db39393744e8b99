import Glibc

/// Where the bytes of a file come from, a chunk at a time.
public protocol ByteSource: AnyObject {
    /// How many bytes there are in all; nil when that is not known beforehand, as with a pipe.
    var totalBytes: Int? { get }

    /// Fills the buffer from its beginning, in whole or in part.
    /// - Returns: how many bytes were put there; 0 only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int
}

/// The bytes of a file, a pipe or a device, which is closed when this goes away.
public final class FileBytes: ByteSource {
    public let totalBytes: Int?
    private let path: String
    private let descriptor: Int32

    /// - Throws: ``ImportError`` when the file cannot be opened, or is a directory.
    public init(path: String) throws(ImportError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0 { throw Self.error(path, errno) }
        var facts = stat()
        let isKnown = fstat(descriptor, &facts) == 0
        if isKnown, facts.st_mode & S_IFMT == S_IFDIR {
            close(descriptor)
            throw Self.error(path, EISDIR)
        }
        totalBytes = isKnown && facts.st_mode & S_IFMT == S_IFREG ? Int(facts.st_size) : nil
    }

    deinit { close(descriptor) }

    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw Self.error(path, errno) }
        }
    }

    private static func error(_ path: String, _ code: Int32) -> ImportError {
        ImportError("the file \(visible(path)) cannot be read: \(String(cString: strerror(code)))")
    }
}

/// Why a file cannot be read at all, or not any further.
public struct ImportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong and what would help. Says the place too, where there is one.
    public let message: String
    /// From 1, as editors count.
    public let line: Int?
    /// From 1, in characters, as ``ImportProblem/column``.
    public let column: Int?

    public init(_ message: String, line: Int? = nil, column: Int? = nil) {
        self.message = message
        self.line = line
        self.column = column
    }

    public var description: String { message }
}

/// What came in from outside, safe to print: bounded, and with `·` for what a terminal would act on.
func visible(_ text: String, limit: Int = 80) -> String {
    var result = ""
    var rest = limit
    for scalar in text.unicodeScalars {
        if rest == 0 { return result + "…" }
        result.unicodeScalars.append(scalar.isUnsafeToPrint ? "·" : scalar)
        rest -= 1
    }
    return result
}
