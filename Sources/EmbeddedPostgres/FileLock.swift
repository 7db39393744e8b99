import Glibc

/// A lock on a whole file that the kernel gives back when its holder ends, however it ends.
///
/// The descriptor is closed on exec, so that no child holds the lock unless it is handed over on purpose.
final class FileLock: Sendable {
    enum Mode { case shared, exclusive }

    let path: String
    let descriptor: Int32

    private init(path: String, descriptor: Int32) {
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Opens the file; makes it when it is not there, unless told not to.
    static func open(
        _ path: String, owner: SystemUser?, creating: Bool = true
    ) throws(EmbeddedServerError) -> FileLock {
        let flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (creating ? O_CREAT : 0)
        let low = Glibc.open(path, flags, 0o600)
        guard low >= 0 else { throw EmbeddedServerError(system: errno, doing: "open \(path)") }
        // Above the standard streams, so that handing it to a child never overwrites one of them.
        let descriptor = fcntl(low, F_DUPFD_CLOEXEC, 10)
        let number = errno
        close(low)
        guard descriptor >= 0 else { throw EmbeddedServerError(system: number, doing: "open \(path)") }
        let lock = FileLock(path: path, descriptor: descriptor)
        if let owner, fchown(descriptor, owner.uid, owner.gid) != 0 {
            throw EmbeddedServerError(system: errno, doing: "give \(path) to the user \(owner.name)")
        }
        return lock
    }

    /// False when somebody else holds it. A lock that was held before is lost then, as flock(2) says.
    func take(_ mode: Mode) throws(EmbeddedServerError) -> Bool {
        while flock(descriptor, (mode == .shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            if errno == EWOULDBLOCK { return false }
            guard errno == EINTR else {
                throw EmbeddedServerError(system: errno, doing: "lock \(path)")
            }
        }
        return true
    }

    /// Whether the path still names the file that is locked: it may have been deleted while we waited.
    func isCurrent() throws(EmbeddedServerError) -> Bool {
        var record = stat()
        guard fstat(descriptor, &record) == 0 else {
            throw EmbeddedServerError(system: errno, doing: "look at \(path)")
        }
        return try Files.look(path)?.identity == Files.facts(record).identity
    }

    /// Puts a first line into a file that has none yet; it is for people who look into the directory.
    func describe(_ line: String) throws(EmbeddedServerError) {
        var record = stat()
        guard fstat(descriptor, &record) == 0, record.st_size == 0 else { return }
        let bytes = Array(line.utf8)
        guard pwrite(descriptor, bytes, bytes.count, 0) == bytes.count else {
            throw EmbeddedServerError(system: errno, doing: "write \(path)")
        }
    }
}
