import TestSupport

@testable import bursar_bench

extension BenchServer {
    /// The server of the tests, which is not ours to look into, and the program that was built beside the tests.
    static func ofTests(work: TemporaryDirectory) async throws -> BenchServer {
        BenchServer(
            connection: try await TestServer.shared.connectionString(database: "postgres"), work: work.path,
            postmaster: nil, pgbench: try findPgbench(), program: built("bursar-bench"))
    }

    /// Beside the test bundle, where `swift build` puts all products.
    static func built(_ program: String) -> String {
        let words = CommandLine.arguments
        let bundle = words.firstIndex(of: "--test-bundle-path").map { words[$0 + 1] } ?? words[0]
        let parts = bundle.split(separator: "/", omittingEmptySubsequences: false)
        return parts.prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/") + "/" + program
    }
}
