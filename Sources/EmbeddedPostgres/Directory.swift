import Glibc

extension Keeper {
    /// Makes the server's directory when there is none; refuses one that is not ours, and leaves it as it is.
    func prepareDirectory(_ patience: Patience) throws(EmbeddedServerError) {
        guard let found = try Files.look(layout.directory, following: true) else {
            try requireReach(try nearestExisting(above: layout.directory), patience)
            try Files.makeParents(of: layout.directory)
            // False when another program has just made it.
            if try Files.makeDirectory(layout.directory, owner: owner) { return }
            return try prepareDirectory(patience)
        }
        guard found.sort == .directory else {
            throw Self.foreign(layout, because: "is not a directory")
        }
        let isOurs = try Self.isMarked(layout)
        if !isOurs {
            let isEmpty = try Files.names(in: layout.directory).allSatisfy(Layout.ignored.contains)
            // Another program may have marked it between the two looks.
            let isMarkedNow = try Self.isMarked(layout)
            guard isEmpty || isMarkedNow else {
                throw Self.foreign(layout, because: "holds files that are not a private server's")
            }
        }
        try requireOwner(found)
        try requireReach(layout.directory, patience)
        guard isOurs || found.permissions & 0o777 == 0o700 || chmod(layout.directory, 0o700) == 0 else {
            throw EmbeddedServerError(system: errno, doing: "make \(layout.directory) private")
        }
    }

    static func isMarked(_ layout: Layout) throws(EmbeddedServerError) -> Bool {
        try Files.look(layout.marker)?.sort == .file
    }

    static func foreign(_ layout: Layout, because reason: String) -> EmbeddedServerError {
        EmbeddedServerError(
            .foreignDirectory, "\(layout.directory) \(reason); it was not touched",
            advice: "choose another directory, which may be empty or missing")
    }

    private func requireOwner(_ found: Files.Facts) throws(EmbeddedServerError) {
        if let owner, found.owner == 0 {
            // Root made it, before or in the middle of an earlier start.
            return try Files.give(layout.directory, to: owner)
        }
        let user = owner ?? .current()
        guard found.owner != user.uid else { return }
        let other = SystemUser.numbered(found.owner)?.name ?? "number \(found.owner)"
        throw EmbeddedServerError(
            .notPermitted,
            "\(layout.directory) belongs to the user \(other), and the server would run as \(user.name)",
            advice: owner == nil
                ? "run bursar as \(other), or choose another directory"
                : "run bursar as \(other), set \(other) as the server's system user, or choose another "
                    + "directory"
        )
    }

    /// As root, makes sure that the server's user can enter a directory: a home directory is often closed to
    /// it.
    private func requireReach(_ path: String, _ patience: Patience) throws(EmbeddedServerError) {
        guard let owner, try server() == nil else { return }
        let result = try Command(executable: "/usr/bin/test", arguments: ["-x", path], user: owner).run(
            patience)
        guard result.status != 0 else { return }
        guard result.output.isEmpty else {
            throw EmbeddedServerError(
                .unknownSystemUser,
                "cannot run the server as the user \(owner.name): \(lastLines(of: result.output))",
                advice: "run bursar as an ordinary user")
        }
        throw EmbeddedServerError(
            .notPermitted,
            "the user \(owner.name), as which the server runs when bursar is run by root, may not enter "
                + path,
            advice:
                "choose a directory that \(owner.name) can enter, such as /var/lib/bursar, or run bursar as "
                + "an ordinary user")
    }

    private func nearestExisting(above path: String) throws(EmbeddedServerError) -> String {
        var path = path[...]
        while let slash = path.lastIndex(of: "/"), slash > path.startIndex {
            path = path[..<slash]
            if try Files.look(String(path), following: true) != nil { return String(path) }
        }
        return "/"
    }

    /// Deletes a server with its data.
    static func destroy(_ layout: Layout, _ patience: Patience) throws(EmbeddedServerError) {
        guard try Files.look(layout.directory) != nil else { return }
        guard try isMarked(layout) else {
            throw foreign(layout, because: "is not a private server's directory")
        }
        let keeper = Keeper(throwingAway: layout)
        try keeper.withStartLock(patience) { _ throws(EmbeddedServerError) in
            if let pid = try keeper.server() { try keeper.stop(pid, with: SIGQUIT, patience) }
            if let data = try Files.look(layout.data, following: true)?.identity {
                try keeper.endOrphans(of: data, patience)
            }
            if let sockets = SocketDirectory.recorded(layout) {
                Self.removeSocket(in: sockets)
                SocketDirectory.tidy(layout)
            }
            for path in layout.removable { try Files.remove(path) }
            // Something else in it is not ours to delete, and keeps the directory.
            rmdir(layout.directory)
        }
    }

    private init(throwingAway layout: Layout) {
        self.layout = layout
        configuration = EmbeddedServer.Configuration(directory: layout.directory)
        owner = nil
    }

    static func removeSocket(in directory: String) {
        let socket = Layout.socket(in: directory)
        unlink(socket)
        unlink(socket + ".lock")
    }
}
