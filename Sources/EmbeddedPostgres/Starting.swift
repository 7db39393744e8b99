import Glibc

extension Keeper {
    /// Has the server run, whatever state it is in; called with the start lock.
    /// - Returns: the directory of its socket.
    func bringUp(
        _ start: FileLock, _ patience: Patience, progress: (EmbeddedServer.Step) -> Void
    ) throws(EmbeddedServerError) -> String {
        Children.collect()
        if try Files.look(layout.data) == nil {
            progress(.creating)
            try create(start, patience)
        }
        guard let data = try Files.look(layout.data, following: true)?.identity else {
            throw EmbeddedServerError(system: ENOENT, doing: "find the server's data in \(layout.data)")
        }
        var launches = 0
        var isTold = false
        while true {
            if let file = try runningFile(data) {
                if !isTold { progress(.joining) }
                isTold = true
                if let sockets = try answering(file, patience) { return sockets }
            } else {
                try endOrphans(of: data, patience)
                launches += 1
                if let sockets = try launch(isFirst: launches == 1, patience, progress: progress) {
                    return sockets
                }
                isTold = true
            }
            guard try patience.pause() else { throw timedOut() }
        }
    }

    private func runningFile(_ data: Files.Identity) throws(EmbeddedServerError) -> PostmasterFile? {
        guard let file = PostmasterFile(Files.read(layout.postmasterFile)),
            ProcessTable.isServer(file.pid, of: data)
        else { return nil }
        return file
    }

    /// The socket directory of a running server that takes connections; nil when it does not do so yet.
    ///
    /// A server whose socket was deleted, as cleaners of /tmp do, will never be reached again: it is stopped.
    private func answering(_ file: PostmasterFile, _ patience: Patience) throws(EmbeddedServerError)
        -> String?
    {
        // Every question that comes too early is a line in the server's log.
        guard let sockets = file.socketDirectory, file.state == "ready" else { return nil }
        switch Handshake.ask(socketDirectory: sockets) {
        case .ready: return sockets
        case .notYet, .nobody: return nil
        case .noSocket:
            // It says "ready" only after it has made the socket, and "stopping" before it takes it away.
            guard PostmasterFile(Files.read(layout.postmasterFile))?.state == "ready" else { return nil }
            try stop(file.pid, with: SIGINT, patience)
            return nil
        }
    }

    /// Waits for the processes of a server whose postmaster was killed: a new one must not share the data
    /// with them. They notice by themselves when they are idle; a busy one is told after a second.
    func endOrphans(of data: Files.Identity, _ patience: Patience) throws(EmbeddedServerError) {
        let hurry = ContinuousClock.now.advanced(by: .seconds(1))
        while try isAlive() || !ProcessTable.servers(of: data).isEmpty {
            Children.collect()
            if ContinuousClock.now > hurry {
                for pid in ProcessTable.servers(of: data) { kill(pid, SIGQUIT) }
            }
            guard try patience.pause() else {
                throw EmbeddedServerError(
                    .startTimedOut,
                    "processes of the private server in \(layout.directory) outlived it and do not end",
                    advice: "end the postgres processes that `fuser \(layout.alive)` names, and start again")
            }
        }
    }

    /// Starts the server and waits until it takes connections.
    /// - Returns: its socket's directory; nil when it found traces of its predecessor and is to be started
    /// again.
    private func launch(
        isFirst: Bool, _ patience: Patience, progress: (EmbeddedServer.Step) -> Void
    ) throws(EmbeddedServerError) -> String? {
        guard let version = Files.read(layout.versionFile)?.prefix(while: { $0.isNumber }),
            let major = Int(version)
        else {
            throw EmbeddedServerError(
                .startFailed, "\(layout.data) is damaged: its file PG_VERSION is missing or unreadable",
                advice: "restore the directory from a backup, or move it away to start with an empty ledger")
        }
        let binaries = try findBinaries(for: major, patience)
        let alive = try FileLock.open(layout.alive, owner: owner)
        guard try alive.take(.exclusive) else { return nil }
        if isFirst { progress(try sweep() ? .recovering : .starting) }
        let sockets = try SocketDirectory.prepare(layout, owner: owner)
        Self.removeSocket(in: sockets)
        let settings = try ServerSettings(extra: configuration.settings, socketDirectory: sockets)
        try write(settings)
        let postgres = Command(
            executable: binaries.postgres, arguments: ["-D", layout.data] + settings.arguments, user: owner,
            inherits: alive)
        let pid = try start(postgres, isFirst: isFirst)
        while true {
            let file = PostmasterFile(Files.read(layout.postmasterFile))
            if file?.pid == pid, file?.state == "ready", Handshake.ask(socketDirectory: sockets) == .ready {
                Children.remember(pid)
                return sockets
            }
            if Children.ended(pid) != nil {
                let log = Files.read(layout.log, last: 8192) ?? ""
                if log.contains("postmaster.pid\" already exists") || log.contains("is still in use") {
                    return nil
                }
                throw failure(log, "PostgreSQL ended instead of starting the private server")
            }
            guard try patience.pause() else {
                Children.remember(pid)
                throw timedOut()
            }
        }
    }

    /// Takes away a pid file that would keep the server from starting because some other process has got the
    /// number that it names. Nobody is at the data: we hold the lock that all processes of a server hold.
    /// - Returns: whether the server was cut off.
    private func sweep() throws(EmbeddedServerError) -> Bool {
        guard try Files.look(layout.postmasterFile) != nil else { return false }
        if let file = PostmasterFile(Files.read(layout.postmasterFile)), !ProcessTable.exists(file.pid) {
            return true
        }
        try Files.remove(layout.postmasterFile)
        return true
    }

    private func write(_ settings: ServerSettings) throws(EmbeddedServerError) {
        let user = owner ?? .current()
        try Files.replace(layout.data + "/bursar.conf", with: settings.text, owner: owner)
        try Files.replace(layout.data + "/pg_hba.conf", with: ServerSettings.authentication, owner: owner)
        try Files.replace(
            layout.data + "/pg_ident.conf", with: ServerSettings.identities(serverUser: user.name),
            owner: owner)
    }

    /// Runs the server with its log; the log of the start before is kept, older ones are not.
    private func start(_ postgres: Command, isFirst: Bool) throws(EmbeddedServerError) -> pid_t {
        if isFirst { rename(layout.log, layout.previousLog) }
        let log = try Self.open(layout.log, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW)
        defer { close(log) }
        if let owner { fchown(log, owner.uid, owner.gid) }
        let nothing = try Self.open("/dev/null", O_RDONLY)
        defer { close(nothing) }
        return try postgres.spawn(input: nothing, output: log)
    }

    /// Opens a file above the standard streams, so that handing it to a child overwrites none of them.
    private static func open(_ path: String, _ flags: Int32) throws(EmbeddedServerError) -> Int32 {
        let low = Glibc.open(path, flags | O_CLOEXEC, 0o600)
        guard low >= 0 else { throw EmbeddedServerError(system: errno, doing: "open \(path)") }
        defer { close(low) }
        let high = fcntl(low, F_DUPFD_CLOEXEC, 10)
        guard high >= 0 else { throw EmbeddedServerError(system: errno, doing: "open \(path)") }
        return high
    }

    private func timedOut() -> EmbeddedServerError {
        let log = lastLines(of: Files.read(layout.log, last: 8192) ?? "")
        return EmbeddedServerError(
            .startTimedOut,
            "the private server does not take connections yet; it is left to go on"
                + (log.isEmpty ? "" : ", and its log ends: \(log)"),
            advice: "wait a moment and start again; after a crash of the machine, recovering can take minutes"
        )
    }
}
