import Glibc

/// The few things that are done with files here.
enum Files {
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw failure(path) }
        let written = fputs(text, file)
        if fclose(file) != 0 || written < 0 { throw failure(path) }
    }

    static func read(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The paths of what a directory holds, in order.
    static func list(_ directory: String, prefix: String = "") throws -> [String] {
        guard let entries = opendir(directory) else { throw failure(directory) }
        defer { closedir(entries) }
        var paths: [String] = []
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", name.hasPrefix(prefix) { paths.append("\(directory)/\(name)") }
        }
        return paths.sorted()
    }

    static func remove(in directory: String, prefix: String) throws {
        for path in try list(directory, prefix: prefix) { unlink(path) }
    }

    /// How long a disk takes for a page that is to stay, in milliseconds: the median of a few.
    static func syncTime(in directory: String) throws -> Double {
        let path = "\(directory)/sync"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(path) }
        defer {
            close(descriptor)
            unlink(path)
        }
        let page = [UInt8](repeating: 1, count: 8192)
        let times = try (0..<15).map { _ in
            let begun = ContinuousClock.now
            guard Glibc.write(descriptor, page, page.count) == page.count, fdatasync(descriptor) == 0 else {
                throw failure(path)
            }
            return (ContinuousClock.now - begun) / .milliseconds(1)
        }
        return median(times)
    }

    static func makeDirectory(_ path: String) throws {
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure(path) }
    }

    /// Deletes a directory that we made, with the directories in it.
    static func removeTree(_ path: String) throws {
        for entry in try list(path) {
            var status = stat()
            if lstat(entry, &status) == 0, status.st_mode & S_IFMT == S_IFDIR {
                try removeTree(entry)
            } else {
                unlink(entry)
            }
        }
        rmdir(path)
    }

    private static func failure(_ path: String) -> Problem {
        Problem("\(path): \(String(cString: strerror(errno)))")
    }
}
