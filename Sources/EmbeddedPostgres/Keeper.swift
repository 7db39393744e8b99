import Glibc

/// Looks after one directory: who uses the server in it, and whether it runs. All of it blocks, and is called
/// on threads of its own.
///
/// Three locks, all given back by the kernel when their holder ends, keep programs from getting into each
/// other's way: the marker's while a server is created, started or stopped; a shared one for each user; and
/// the one that all processes of the server hold while they live.
struct Keeper: Sendable {
    let layout: Layout
    let configuration: EmbeddedServer.Configuration
    /// The user that files are given to and the server runs as, when this program is root; else nil.
    let owner: SystemUser?

    init(_ configuration: EmbeddedServer.Configuration, _ patience: Patience) throws(EmbeddedServerError) {
        guard !configuration.directory.isEmpty, !configuration.directory.utf8.contains(0) else {
            throw EmbeddedServerError(
                .pathTooLong, "no directory is given for the private server", advice: "give the path of one")
        }
        layout = Layout(directory: try Files.absolute(configuration.directory))
        guard layout.directory.utf8.count <= Layout.maximumPath else {
            throw EmbeddedServerError(
                .pathTooLong,
                "the path of the private server's directory has \(layout.directory.utf8.count) bytes, and "
                    + "PostgreSQL can work with \(Layout.maximumPath)",
                advice: "choose a directory with a shorter path")
        }
        self.configuration = configuration
        // A wrong setting is told at once and not only when the server happens to start.
        _ = try ServerSettings(extra: configuration.settings, socketDirectory: "")
        guard geteuid() == 0 else {
            owner = nil
            return
        }
        guard let user = SystemUser.named(configuration.systemUser), user.uid != 0 else {
            let name = configuration.systemUser
            throw EmbeddedServerError(
                .unknownSystemUser,
                name == "root"
                    ? "PostgreSQL does not run as root"
                    : "the user \(name), as which the server is to run, does not exist",
                advice: "name another user, or create the usual one with: sudo apt-get install postgresql")
        }
        owner = user
    }

    /// Counts a user in, and has the server run.
    func join(
        _ patience: Patience, progress: (EmbeddedServer.Step) -> Void
    ) throws(EmbeddedServerError) -> (FileLock, String) {
        try prepareDirectory(patience)
        return try withStartLock(creating: true, patience) { start throws(EmbeddedServerError) in
            try start.describe(Layout.markerText)
            let membership = try FileLock.open(layout.users, owner: owner)
            // Only the last one out takes it for itself alone, and with the marker's lock, which we hold.
            while try !membership.take(.shared) {
                guard try patience.pause() else { throw busy() }
            }
            do throws(EmbeddedServerError) {
                return (membership, try bringUp(start, patience, progress: progress))
            } catch {
                // One who does not wait any longer leaves nothing running that nobody else uses.
                if error.kind == .cancelled, !configuration.keepsRunning, try membership.take(.exclusive),
                    let pid = try server()
                {
                    kill(pid, SIGINT)
                }
                throw error
            }
        }
    }

    /// Has the server run again. - Returns: the socket's directory.
    func bringUp(_ patience: Patience) throws(EmbeddedServerError) -> String {
        try withStartLock(patience) { start throws(EmbeddedServerError) in
            try bringUp(start, patience) { _ in }
        }
    }

    /// Counts a user out, and stops the server when that was the last one.
    func leave(
        _ membership: FileLock, keepsRunning: Bool, _ patience: Patience
    ) throws(EmbeddedServerError) {
        try withStartLock(patience) { _ throws(EmbeddedServerError) in
            guard !keepsRunning, try membership.take(.exclusive) else { return }
            if let pid = try server() { try stop(pid, with: SIGINT, patience) }
            SocketDirectory.tidy(layout)
        }
    }

    /// The postmaster's process id; nil when none runs. A file that names somebody else's process counts as
    /// none.
    func server() throws(EmbeddedServerError) -> pid_t? {
        guard let data = try Files.look(layout.data, following: true)?.identity,
            let file = PostmasterFile(Files.read(layout.postmasterFile)),
            ProcessTable.isServer(file.pid, of: data)
        else { return nil }
        return file.pid
    }

    /// Whether a process of a server that we started lives, its postmaster or another.
    func isAlive() throws(EmbeddedServerError) -> Bool {
        let lock = try FileLock.open(layout.alive, owner: owner)
        return try !lock.take(.exclusive)
    }

    /// Sends a signal to the server, and waits until it and all its processes have ended.
    func stop(_ pid: pid_t, with signal: Int32, _ patience: Patience) throws(EmbeddedServerError) {
        kill(pid, signal)
        // Both are looked at: a server that somebody started by hand does not hold the lock.
        while true {
            let isLocked = try isAlive()
            let current = try server()
            guard isLocked || current == pid else { break }
            Children.collect()
            guard try patience.pause() else {
                throw EmbeddedServerError(
                    .busy, "the private server (process \(pid)) was told to stop and has not done so yet",
                    advice: "wait a moment and try again; its log is \(layout.log)")
            }
        }
        Children.collect(ending: pid)
    }

    /// Runs `body` while no other program creates, starts or stops the server. Only who joins marks a directory
    /// as a server's: one that was deleted meanwhile stays deleted.
    func withStartLock<Success>(
        creating: Bool = false, _ patience: Patience,
        _ body: (FileLock) throws(EmbeddedServerError) -> Success
    ) throws(EmbeddedServerError) -> Success {
        while true {
            let lock = try FileLock.open(layout.marker, owner: owner, creating: creating)
            // The file may have been deleted with its server while we waited: then it locks nobody out.
            if try lock.take(.exclusive), try lock.isCurrent() {
                defer { withExtendedLifetime(lock) {} }
                return try body(lock)
            }
            guard try patience.pause() else { throw busy() }
        }
    }

    private func busy() -> EmbeddedServerError {
        EmbeddedServerError(
            .busy,
            "another program has been creating, starting or stopping the private server in "
                + "\(layout.directory) all the time",
            advice: "wait a moment and try again; `fuser \(layout.marker)` tells which program it is")
    }
}
