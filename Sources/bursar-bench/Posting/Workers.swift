import ArgumentParser
import FoundationEssentials
import Glibc
import LedgerStore
import Postgres

/// Several programs that post at the same time, each with tellers of its own. They are copies of this one.
struct Workers {
    let arena: Arena
    let posting: PostingCase
    let hasOutbox: Bool
    let sessions: Int

    /// - Returns: what all of them did together.
    func work(seconds: Int, seed: UInt64) throws -> Measurement {
        let workers = try (0..<posting.processes).map { number in
            try ChildProcess(
                arena.server.program,
                [
                    "post-worker", "--connect", arena.server.connectionString(arena.database), "--posting",
                    posting.name, "--sessions", "\(sessions)", "--seconds", "\(seconds)", "--seed",
                    "\(seed &+ UInt64(number) &* 104_729)",
                ] + (hasOutbox ? ["--outbox", "\(arena.server.work)/outbox"] : []))
        }
        // All of them are connected before the first begins.
        for worker in workers where try worker.readLine() != "ready" {
            throw Problem("a worker did not start")
        }
        for worker in workers { try worker.write(line: "go") }
        var total = Measurement()
        for worker in workers {
            guard let line = try worker.readLine() else { throw Problem("a worker ended without a result") }
            total.add(try JSONDecoder().decode(Measurement.self, from: Data(line.utf8)))
        }
        for worker in workers where try worker.wait().status != 0 { throw Problem("a worker failed") }
        return total
    }
}

/// One of them. It says when it is ready, waits for a line, works, and prints what it did.
struct PostWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "post-worker", abstract: "One of several programs of `post`.", shouldDisplay: false)

    @Option var connect: String
    @Option var posting: String
    @Option var seconds: Int
    @Option var sessions: Int
    @Option var seed: UInt64
    @Option var outbox: String?

    func run() async throws {
        guard let posting = PostingCase(posting) else { throw ValidationError("no case \(posting)") }
        let settings = try ConnectionSettings(connect, overrides: ["application_name": "bursar-bench"])
        let store = try await LedgerStore.open(settings, writers: sessions)
        let side = BursarSide(
            store: store, outbox: outbox, posting: posting, writers: posting.writers / posting.processes)
        try await store.requireSchema()
        print("ready")
        fflush(nil)
        _ = readLine()
        let measurement = await side.work(seconds: Double(seconds), seed: seed)
        await side.service.outbox?.close()
        await store.close()
        print(String(decoding: try JSONEncoder().encode(measurement), as: UTF8.self))
    }
}
