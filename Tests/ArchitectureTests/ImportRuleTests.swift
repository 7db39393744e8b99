import Glibc
import Testing

/// Who may import whom. The modules are layers, and this is what keeps them so.
@Suite struct ImportRuleTests {
    /// Our own modules and packages that each module may import, besides the standard library and Glibc.
    static let allowed: [String: Set<String>] = [
        "Ledger": ["Crypto"],
        "Postgres": ["CLibPQ"],
        "LedgerStore": ["Ledger", "Postgres"],
        "LedgerService": ["DequeModule", "Histogram", "Ledger", "LedgerStore", "Logging"],
        "EmbeddedPostgres": [],
        "Interchange": ["Ledger"],
        "Console": ["Ledger", "LedgerService", "DequeModule"],
        "Terminal": ["Console", "CTerminal"],
        "bursar": [
            "ArgumentParser", "Console", "EmbeddedPostgres", "Histogram", "Interchange", "Ledger",
            "LedgerService", "LedgerStore", "Logging", "Postgres", "TOMLKit", "Terminal",
        ],
        "bursar-bench": [
            "ArgumentParser", "Console", "EmbeddedPostgres", "Histogram", "Ledger", "LedgerService",
            "LedgerStore", "Logging", "Postgres",
        ],
    ]

    /// What any module may import. Foundation is left out: it brings 60 MB to the binary.
    static let everywhere: Set<String> = ["Glibc", "Synchronization", "Dispatch", "FoundationEssentials"]

    @Test(arguments: allowed.keys.sorted())
    func importsOnlyWhatItsLayerAllows(module: String) throws {
        let files = try swiftFiles(in: "\(sources)/\(module)")
        #expect(!files.isEmpty)
        let allowed = Self.allowed[module, default: []].union(Self.everywhere)
        for file in files {
            for name in try imports(of: file) where !allowed.contains(name) {
                Issue.record("\(module) must not import \(name): \(file)")
            }
        }
    }

    @Test func everySwiftModuleHasItsRule() throws {
        let modules = try entries(of: sources).filter { try !swiftFiles(in: "\(sources)/\($0)").isEmpty }
        #expect(Set(modules) == Set(Self.allowed.keys))
    }

    @Test func readsEveryFormOfImport() {
        let text = """
            import Ledger
            @testable import LedgerStore
            public import struct Postgres.Row
            // import Nothing
            let text = "import Nothing"
            """
        #expect(Self.imports(in: text) == ["Ledger", "LedgerStore", "Postgres"])
    }

    private var sources: String {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
        return parts.dropLast(3).joined(separator: "/") + "/Sources"
    }

    private func imports(of file: String) throws -> [String] { Self.imports(in: try read(file)) }

    private static func imports(in text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let words = line.split(separator: " ")
            guard let place = words.firstIndex(of: "import"),
                words[..<place].allSatisfy({
                    ["public", "internal", "private", "package"].contains($0) || $0.first == "@"
                }),
                let last = words[(place + 1)...].first(where: { !kinds.contains($0) })
            else { return nil }
            return String(last.split(separator: ".")[0])
        }
    }

    private static let kinds: Set<Substring> = ["struct", "class", "enum", "protocol", "func", "var", "let"]

    private func swiftFiles(in directory: String) throws -> [String] {
        try entries(of: directory).flatMap { name -> [String] in
            let path = "\(directory)/\(name)"
            if name.hasSuffix(".swift") { return [path] }
            return name.contains(".") ? [] : try swiftFiles(in: path)
        }
    }

    /// The names in a directory; none when it is not one.
    private func entries(of path: String) throws -> [String] {
        guard let directory = opendir(path) else {
            try #require(errno == ENOTDIR, "\(path) cannot be read")
            return []
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private func read(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"), "\(path) cannot be read")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&chunk, 1, chunk.count, file), count > 0 {
            bytes.append(contentsOf: chunk[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
