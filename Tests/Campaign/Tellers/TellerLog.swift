import Foundation
import Ledger
import LedgerService

/// What a teller was about to do and what it was told, one JSON object a line, for a checker that trusts nothing else.
public enum TellerEvent: Codable, Sendable {
    /// Before anything of the operation is sent.
    case began(at: Int64, TellerOperation)
    /// The program has said what became of it.
    case told(at: Int64, reference: String, Told)
    /// A later look, by this program or the next one, at an operation whose outcome was unknown or never told.
    case foundOut(at: Int64, reference: String, isPosted: Bool)

    /// What an operation was told to have come to.
    public enum Told: Codable, Sendable, Hashable {
        case posted
        case alreadyPosted
        case refused(name: String, facts: [String: String])
        case failed(String)
        case gaveUp(String)
        case unknown(String)
    }
}

/// An operation as the log writes it.
public struct TellerOperation: Codable, Sendable, Hashable {
    public let reference: String
    public let kind: String
    /// The accounts that it names: the one, or from and to.
    public let accounts: [String]
    /// In minor units; nil where there is no amount.
    public let units: Int64?
    /// What is reversed.
    public let original: String?
}

/// The machine's clock that only goes forward, the same for all processes, in nanoseconds.
func monotonicNow() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}

/// A log that outlives its program: each line is given to the system at once, in one write.
actor TellerLogWriter {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CampaignError("\(path): \(String(cString: strerror(errno)))") }
    }

    func write(_ event: TellerEvent) throws {
        let line = try JSONEncoder().encode(event) + Data("\n".utf8)
        let written = line.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        guard written == line.count else { throw CampaignError("the log of a teller cannot be written") }
    }
}

/// Reads the logs of all tellers. The last line of a killed one may be torn.
func readTellerLogs(in directory: String) throws -> [TellerEvent] {
    let decoder = JSONDecoder()
    return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().filter {
        $0.hasSuffix(".log")
    }
    .flatMap { name -> [TellerEvent] in
        let data = try Data(contentsOf: URL(fileURLWithPath: directory + "/" + name))
        var lines = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        lines.removeLast()
        return try lines.map { try decoder.decode(TellerEvent.self, from: $0) }
    }
}

/// What keeps a campaign from being run at all.
public struct CampaignError: Error, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
