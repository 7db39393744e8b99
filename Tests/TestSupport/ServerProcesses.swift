import Glibc

/// Why a server of a test could not be made to do something.
public struct ServerFailure: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

/// Programs that a test runs beside itself: PostgreSQL's own and others that refuse to run as root.
public enum ServerProcesses {
    static let binaries = "/usr/lib/postgresql/15/bin"

    /// A new directory for a server; short, because a socket's path has 107 bytes.
    static func makeDirectory() async throws -> String {
        var template = Array("/tmp/pgt.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw ServerFailure("no directory in /tmp: \(errno)") }
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        if getuid() == 0 { try await run(["chown", "postgres", directory], asServer: false) }
        try Janitor.start(watching: directory)
        return directory
    }

    /// Runs a command to its end and returns what it wrote.
    @discardableResult
    static func run(_ command: [String], asServer: Bool = true) async throws -> String {
        let command = asServer ? asServerUser(command) : command
        let (status, text) = await withCheckedContinuation { continuation in
            // On a thread of its own: waiting for a process must not block the cooperative pool.
            runOnThread { continuation.resume(returning: runAndWait(command)) }
        }
        guard status == 0 else {
            throw ServerFailure("\(command.joined(separator: " ")) failed (\(status)): \(text)")
        }
        return text
    }

    /// Writes a file that the server's user owns and nobody else reads.
    static func write(_ text: String, to path: String) async throws {
        guard let file = fopen(path, "w") else { throw ServerFailure("\(path): \(errno)") }
        fputs(text, file)
        fclose(file)
        chmod(path, 0o600)
        if getuid() == 0 { try await run(["chown", "postgres", path], asServer: false) }
    }

    /// A port of 127.0.0.1 that nobody listens on at this moment.
    static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        guard status == 0 else { throw ServerFailure("no port is free: \(errno)") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    /// A process and those that it started.
    public static func family(of process: pid_t) -> [pid_t] {
        guard let entries = opendir("/proc") else { return [process] }
        defer { closedir(entries) }
        var family = [process]
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if let other = pid_t(name), parent(of: other) == process { family.append(other) }
        }
        return family
    }

    /// The fourth field of `/proc/PID/stat`; the second is the name in brackets, which may hold anything.
    private static func parent(of process: pid_t) -> pid_t? {
        guard let file = fopen("/proc/\(process)/stat", "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = fread(&bytes, 1, bytes.count, file)
        let text = String(decoding: bytes[..<count], as: UTF8.self)
        guard let bracket = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: bracket)...].split(separator: " ")
        return fields.count > 1 ? pid_t(fields[1]) : nil
    }

    private static func asServerUser(_ command: [String]) -> [String] {
        guard getuid() == 0 else { return command }
        return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] + command
    }
}

private func runOnThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let box = Unmanaged.passRetained(Box(body)).toOpaque()
    let status = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, box)
    precondition(status == 0, "no thread left")
    pthread_detach(thread)
}

private func runAndWait(_ command: [String]) -> (status: Int32, text: String) {
    // A file and not a pipe: a server that is started here would hold the pipe open.
    guard let file = tmpfile() else { return (-1, "no temporary file") }
    defer { fclose(file) }
    guard let process = spawn(command, output: fileno(file)) else { return (-1, "it cannot be started") }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    rewind(file)
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = fread(&bytes, 1, bytes.count, file)
    return (status, String(decoding: bytes[..<count], as: UTF8.self))
}

/// Starts a command in `/`, without input.
private func spawn(_ command: [String], output: Int32) -> pid_t? {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDWR, 0)
    for target in [Int32(1), 2] { posix_spawn_file_actions_adddup2(&actions, output, target) }
    var arguments = (["env", "-C", "/"] + command).map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var process: pid_t = 0
    guard posix_spawnp(&process, "env", &actions, nil, &arguments, environ) == 0 else { return nil }
    return process
}
