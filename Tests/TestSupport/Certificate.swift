/// A certificate of 127.0.0.1 and `localhost`, its key and the authority that signed it, made by `openssl` for one
/// test and good for a day.
public struct Certificate: Sendable {
    private let directory: TemporaryDirectory

    public init() async throws {
        directory = try TemporaryDirectory()
        let path = directory.path
        func openssl(_ words: String...) async throws {
            try await ServerProcesses.run(["openssl"] + words, asServer: false)
        }
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1", "-subj", "/CN=authority of a test", "-keyout", path + "/ca.key", "-out", path + "/ca.crt")
        try await openssl(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
            "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", path + "/ca.crt", "-CAkey",
            path + "/ca.key", "-keyout", path + "/server.key", "-out", path + "/server.crt")
    }

    /// The certificate of the authority, for `sslrootcert`.
    public var authority: String { directory.path + "/ca.crt" }

    /// Puts certificate and key where a server with this data directory looks for them.
    func install(in data: String) async throws {
        for name in ["server.crt", "server.key"] {
            try await ServerProcesses.run(["cp", "\(directory.path)/\(name)", data], asServer: false)
            try await ServerProcesses.run(["chmod", "600", "\(data)/\(name)"], asServer: false)
            try await ServerProcesses.run(
                ["chown", "--reference", data, "\(data)/\(name)"], asServer: false)
        }
    }
}
