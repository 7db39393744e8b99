/// Where a PostgreSQL server listens.
public enum ServerAddress: Sendable, Hashable {
    /// The socket `.s.PGSQL.<port>` in a directory, as libpq finds it with `host=<directory> port=<port>`.
    case unixSocket(directory: String, port: Int = 5432)
    case tcp(host: String, port: Int)

    static func socketPath(_ directory: String, port: Int) -> String { "\(directory)/.s.PGSQL.\(port)" }
}

/// Why a proxy could not be started.
public struct FaultProxyError: Error, Sendable, CustomStringConvertible {
    public let description: String
}
