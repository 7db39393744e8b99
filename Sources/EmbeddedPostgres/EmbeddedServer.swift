import Glibc
import Synchronization

/// A private PostgreSQL server: created with its first use, shared by all programs of its user, and stopped
/// by the last one that leaves.
///
///     let server = try await EmbeddedServer.open(.init(directory: directory)) { show($0.description) }
///     … connect to server.connectionString …
///     await server.leave()
///
/// Each value counts as one user of the server, also several in one program. A program that is killed is no
/// longer counted; the server it leaves behind is joined by the next program and stopped by the last one.
public final class EmbeddedServer: Sendable {
    /// What a server is made and started with.
    public struct Configuration: Sendable {
        /// Where the server's data, log and locks are; a relative path counts from the current directory.
        public var directory: String
        /// The directory of `initdb` and `postgres`; nil: searched for in PATH and the usual places.
        public var binaries: String?
        /// The user that the server runs as and its files belong to; only looked at when this program runs as
        /// root, because PostgreSQL does not run as root.
        public var systemUser: String
        /// Server settings beyond and above our own; they take effect when the server starts the next time.
        public var settings: [String: String]
        /// Whether the server stays when this user is the last one to leave.
        public var keepsRunning: Bool
        /// How long a start may take, waiting for other programs included.
        public var startTimeout: Duration

        public init(
            directory: String, binaries: String? = nil, systemUser: String = "postgres",
            settings: [String: String] = [:], keepsRunning: Bool = false,
            startTimeout: Duration = .seconds(60)
        ) {
            self.directory = directory
            self.binaries = binaries
            self.systemUser = systemUser
            self.settings = settings
            self.keepsRunning = keepsRunning
            self.startTimeout = startTimeout
        }
    }

    /// What takes time at a start, to be shown while it does.
    public enum Step: String, Sendable, CustomStringConvertible, CaseIterable {
        case creating, starting, recovering, joining

        public var description: String {
            switch self {
            case .creating: "creating the private database server"
            case .starting: "starting the private database server"
            case .recovering: "recovering the private database server after it was cut off"
            case .joining: "joining the private database server that is running"
            }
        }
    }

    private struct State {
        var socketDirectory: String
        /// The shared lock that counts this user; nil after leaving.
        var membership: FileLock?
    }

    private let configuration: Configuration
    private let keeper: Keeper
    private let state: Mutex<State>

    private init(configuration: Configuration, keeper: Keeper, socketDirectory: String, membership: FileLock)
    {
        self.configuration = configuration
        self.keeper = keeper
        state = Mutex(State(socketDirectory: socketDirectory, membership: membership))
    }

    /// `$XDG_DATA_HOME/bursar`, else `~/.local/share/bursar`; as root without XDG_DATA_HOME
    /// `/var/lib/bursar`, because the server's user cannot enter root's home.
    public static func defaultDirectory(environment: [String: String]) -> String {
        // The XDG Base Directory Specification has relative paths ignored.
        if let home = environment["XDG_DATA_HOME"], home.hasPrefix("/") { return home + "/bursar" }
        if geteuid() == 0 { return "/var/lib/bursar" }
        if let home = environment["HOME"], home.hasPrefix("/") { return home + "/.local/share/bursar" }
        return "/var/tmp/bursar-\(geteuid())"
    }

    /// Joins the server of the directory; starts it when it does not run, and creates it when there is none.
    ///
    /// Any number of programs may do so at once. `progress` is called from another thread, and not at all for
    /// what takes no time.
    public static func open(
        _ configuration: Configuration, progress: @escaping @Sendable (Step) -> Void = { _ in }
    ) async throws(EmbeddedServerError) -> EmbeddedServer {
        try await onOwnThread(Patience(configuration.startTimeout)) { patience throws(EmbeddedServerError) in
            let keeper = try Keeper(configuration, patience)
            let (membership, socketDirectory) = try keeper.join(patience, progress: progress)
            return EmbeddedServer(
                configuration: configuration, keeper: keeper, socketDirectory: socketDirectory,
                membership: membership)
        }
    }

    /// For libpq: the socket's directory, the database and the role; there is no password.
    ///
    /// It may change with ``ensureRunning()`` when the socket's directory was deleted.
    public var connectionString: String {
        Layout.connectionString(socketDirectory: state.withLock { $0.socketDirectory })
    }

    /// Waits until the server takes connections, and starts it again when it has crashed. Costs one short
    /// connection when it runs; many programs may ask at once.
    public func ensureRunning() async throws(EmbeddedServerError) {
        guard state.withLock({ $0.membership != nil }) else {
            throw EmbeddedServerError(
                .left, "the private server was left before", advice: "open it again to use it")
        }
        let known = state.withLock { $0.socketDirectory }
        let keeper = keeper
        let current = try await onOwnThread(Patience(configuration.startTimeout)) {
            patience throws(EmbeddedServerError) in
            if Handshake.ask(socketDirectory: known) == .ready { return known }
            return try keeper.bringUp(patience)
        }
        state.withLock { $0.socketDirectory = current }
    }

    /// Ends this use of the server; the last one out stops it (disconnecting whoever still is connected, what
    /// was committed being safe) unless it is to keep running. Leaving twice does nothing.
    public func leave() async {
        let membership = state.withLock { state in
            defer { state.membership = nil }
            return state.membership
        }
        guard let membership else { return }
        let keeper = keeper
        let keepsRunning = configuration.keepsRunning
        // A program that ends is not held up by a server that does not stop: the next one waits for it.
        // What fails here leaves a running server, which the next last one out stops.
        await Task.detached {
            try? await onOwnThread(Patience(.seconds(20))) { patience throws(EmbeddedServerError) in
                try keeper.leave(membership, keepsRunning: keepsRunning, patience)
            }
        }.value
    }

    /// Stops the server of a directory at once, whoever uses it, and deletes it with all data: for servers
    /// that were made to be thrown away. Does nothing when the directory does not exist; refuses one that is
    /// not a server's.
    public static func destroy(_ directory: String) async throws(EmbeddedServerError) {
        try await onOwnThread(Patience(.seconds(30))) { patience throws(EmbeddedServerError) in
            try Keeper.destroy(Layout(directory: Files.absolute(directory)), patience)
        }
    }

    /// What there is in a directory, without starting, making or changing anything.
    public static func status(_ directory: String) async throws(EmbeddedServerError) -> ServerStatus {
        try await onOwnThread(Patience(.seconds(30))) { _ throws(EmbeddedServerError) in
            try ServerStatus(Layout(directory: Files.absolute(directory)))
        }
    }
}
