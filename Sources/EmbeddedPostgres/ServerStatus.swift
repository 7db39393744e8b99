/// What there is in the directory of a private server.
public struct ServerStatus: Sendable, Equatable {
    public enum Condition: Sendable, Equatable {
        /// The directory does not exist, or is empty.
        case absent
        /// The directory holds something that is not a private server.
        case foreign
        /// The directory is a server's, and no data have been created in it yet.
        case notCreated
        case stopped
        /// No server runs, and the last one did not stop in order; the next start recovers it.
        case cutOff
        /// A server runs and does not take connections: it starts, recovers or stops, or hangs.
        case notReady
        case running
    }

    /// Absolute.
    public let directory: String
    public let condition: Condition
    /// The postmaster's process id while one runs.
    public let pid: Int32?
    /// The major version of PostgreSQL that made the data.
    public let majorVersion: Int?
    /// What the whole directory takes on the disk; 0 when it is absent or foreign.
    public let bytesOnDisk: Int
    /// What an ordinary user may still write on the directory's file system.
    public let bytesFree: Int?
    /// Where the server's socket is; nil while none runs.
    public let socketDirectory: String?
    /// The server's log, whether or not there is one.
    public let log: String

    init(_ layout: Layout) throws(EmbeddedServerError) {
        directory = layout.directory
        log = layout.log
        bytesFree = Files.bytesFree(at: layout.directory)
        let found = try Files.look(layout.directory, following: true)
        guard let found, found.sort == .directory, try Keeper.isMarked(layout) else {
            var isAbsent = found == nil
            if found?.sort == .directory {
                isAbsent = try Files.names(in: layout.directory).allSatisfy(Layout.ignored.contains)
            }
            condition = isAbsent ? .absent : .foreign
            pid = nil
            majorVersion = nil
            bytesOnDisk = 0
            socketDirectory = nil
            return
        }
        bytesOnDisk = Files.bytesOnDisk(layout.directory)
        majorVersion = Files.read(layout.versionFile).flatMap { Int($0.prefix { $0.isNumber }) }
        let file = PostmasterFile(Files.read(layout.postmasterFile))
        guard let data = try Files.look(layout.data, following: true)?.identity else {
            condition = .notCreated
            pid = nil
            socketDirectory = nil
            return
        }
        guard let file, ProcessTable.isServer(file.pid, of: data) else {
            condition = try Files.look(layout.postmasterFile) == nil ? .stopped : .cutOff
            pid = nil
            socketDirectory = nil
            return
        }
        pid = file.pid
        socketDirectory = file.socketDirectory
        let answer = file.socketDirectory.map { Handshake.ask(socketDirectory: $0) }
        condition = answer == .ready ? .running : .notReady
    }
}
