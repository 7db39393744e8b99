import Glibc

/// The private directory of the server's socket: inside the server's own directory where its path is short
/// enough and plain, else one with a random name under /run or /tmp, whose name the server's directory
/// remembers.
enum SocketDirectory {
    /// Where the socket is or would be, without making anything; nil when that is not decided yet.
    static func recorded(_ layout: Layout) -> String? {
        if isUsable(layout.innerSocketDirectory) { return layout.innerSocketDirectory }
        guard let path = Files.read(layout.socketRecord, last: 200), isUsable(path) else { return nil }
        return path
    }

    /// The socket's directory, made when it is not there.
    ///
    /// A recorded one is only used while it is a directory that belongs to the server's user and that nobody
    /// else may enter: in /tmp, anybody can put something of the same name when ours is gone.
    static func prepare(_ layout: Layout, owner: SystemUser?) throws(EmbeddedServerError) -> String {
        let user = owner ?? .current()
        if let path = recorded(layout) {
            try Files.makeDirectory(path, owner: owner)
            if let found = try Files.look(path), found.sort == .directory, found.owner == user.uid {
                if found.permissions & 0o777 == 0o700 { return path }
                if path == layout.innerSocketDirectory, chmod(path, 0o700) == 0 { return path }
            }
            if path == layout.innerSocketDirectory {
                throw EmbeddedServerError(
                    .notPermitted, "\(path) is not a directory of the user \(user.name)",
                    advice: "delete it and start again; the server makes it anew")
            }
        }
        let path = try makeRandom()
        do throws(EmbeddedServerError) {
            try Files.give(path, to: owner)
            try Files.replace(layout.socketRecord, with: path, owner: owner)
        } catch {
            rmdir(path)
            throw error
        }
        return path
    }

    /// Takes away what a stopped server leaves in a directory that is outside of the server's own.
    static func tidy(_ layout: Layout) {
        guard let path = recorded(layout), path != layout.innerSocketDirectory else { return }
        // Only succeeds when it is empty, and is made again at the next start.
        rmdir(path)
    }

    private static func makeRandom() throws(EmbeddedServerError) -> String {
        // Only root may write to /run; what is there is gone after a restart of the machine, as is the
        // server.
        let base = geteuid() == 0 && access("/run", W_OK) == 0 ? "/run" : "/tmp"
        var template = Array("\(base)/bursar-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw EmbeddedServerError(
                system: errno, doing: "make a directory for the server's socket in \(base)")
        }
        return text(of: template)
    }

    /// Short, and without a character that the server's list of directories or a connection string would take
    /// for something else.
    private static func isUsable(_ path: String) -> Bool {
        path.hasPrefix("/") && path.utf8.count <= Layout.maximumSocketDirectory
            && path.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."),
                    UInt8(ascii: "_"),
                    UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
