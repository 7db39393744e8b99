/// What lies where in the directory of a private server, and how it is reached.
struct Layout: Sendable {
    /// Absolute, without a trailing slash.
    let directory: String

    static let role = "bursar"
    static let database = "bursar"
    /// Names the socket only: the server does not listen on TCP.
    static let port = 5432

    /// The longest path that PostgreSQL works with (MAXPGPATH), less room for the names below it.
    static let maximumPath = 800
    /// The longest directory of a socket: its whole path has 107 bytes.
    static let maximumSocketDirectory = 93

    /// Says that the directory is ours; its lock is held while a server is created, started or stopped.
    var marker: String { directory + "/bursar-server" }
    /// Every program that uses the server holds a shared lock on it.
    var users: String { directory + "/users" }
    /// The server and all its processes hold a lock on it while one of them lives.
    var alive: String { directory + "/server.alive" }
    var data: String { directory + "/data" }
    /// A data directory in the making.
    var draft: String { directory + "/data.new" }
    var innerSocketDirectory: String { directory + "/socket" }
    /// Holds the path of the socket directory when that is not the one above.
    var socketRecord: String { directory + "/socket-directory" }
    var log: String { directory + "/server.log" }
    var previousLog: String { directory + "/server.log.1" }
    var postmasterFile: String { data + "/postmaster.pid" }
    var versionFile: String { data + "/PG_VERSION" }
    var controlFile: String { data + "/global/pg_control" }

    static let markerText =
        "The private PostgreSQL server of bursar, format 1: change nothing here by hand.\n"

    static func socket(in directory: String) -> String { "\(directory)/.s.PGSQL.\(port)" }

    /// The files of a server that may be deleted with it, the marker last.
    var removable: [String] {
        [
            data, draft, innerSocketDirectory, socketRecord, socketRecord + ".new", log, previousLog, users,
            alive,
            marker,
        ]
    }

    /// Names that a directory may hold and still count as empty: those that we make before the marker says
    /// that it is ours are none, and a file system of its own has `lost+found`.
    static let ignored: Set<String> = ["lost+found"]

    static func connectionString(socketDirectory: String) -> String {
        "host=\(socketDirectory) port=\(port) dbname=\(database) user=\(role)"
    }
}
