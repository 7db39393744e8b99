import Ledger
import TestSupport
import Testing

@testable import LedgerService

/// What is left of an outbox when the machine fails, at any moment, in laps so short that there are hundreds of them.
@Suite struct OutboxLogTests {
    private static let allocation = 4096

    private static func entry(
        _ number: Int, _ random: inout SplitMix64, into kept: inout [Reference: OutboxEntry]
    ) throws -> OutboxEntry {
        let now = Timestamp(microseconds: 1_774_965_731_201_000 + Int64(number))
        let narrative = String(repeating: "n", count: Int.random(in: 0...200, using: &random))
        let operation = try Operation(
            reference: Reference("r\(number)"),
            action: .deposit(account: AccountCode("576"), amount: DecimalAmount("1.00")), actor: "test",
            narrative: narrative)
        let entry = OutboxEntry(operation: operation, begunAt: now, overAt: now)
        kept[operation.reference] = entry
        return entry
    }

    /// Operations are kept and told, writes fail, programs are killed, and now and then the machine fails: what was kept and
    /// not told is there each time, whatever part of that which nobody had waited for has got to the disk.
    @Test(arguments: 1...6 as ClosedRange<UInt64>) func losesNothingWhateverFails(seed: UInt64) throws {
        var random = SplitMix64(seed: seed)
        let disk = FailingDisk(seed: seed)
        var log = try OutboxLog("host=a", on: disk, allocation: Self.allocation)
        try disk.synchronise()
        if seed.isMultiple(of: 2) { disk.failures = 0.1 }
        var kept: [Reference: OutboxEntry] = [:]
        var open: [Reference: OutboxEntry] = [:]
        // What was told may come back after a failure, and go again.
        var gone: Set<Reference> = []
        // Whether all that was ever written got to the disk.
        var isWhole = true
        for _ in 0..<200 {
            // Some are left open for long: laps go over their lines.
            let told = open.keys.sorted { $0.text < $1.text }.filter {
                Int.random(in: 0..<32, using: &random) < ($0.text.hasSuffix("7") ? 1 : 28)
            }
            let new = try (0..<Int.random(in: 1...6, using: &random)).map { _ in
                try Self.entry(kept.count, &random, into: &kept)
            }
            gone.formUnion(told)
            let certain = Set(open.keys).subtracting(gone)
            disk.whenAsked = { image in
                let found = OutboxContents(bytes: image)
                #expect(found.ledger == "host=a")
                #expect(certain.isSubset(of: found.entries.keys))
                #expect(found.entries.allSatisfy { kept[$0.key] == $0.value })
            }
            do throws(OutboxError) {
                try log.keep(new, strikingOff: told)
                for entry in new { open[entry.operation.reference] = entry }
            } catch {
                // Nothing of these is posted, and those who asked for them are told so.
                isWhole = false
            }
            disk.whenAsked = nil
            for reference in told { open[reference] = nil }
            var contents = OutboxContents(bytes: disk.bytes)
            #expect(Set(open.keys).subtracting(gone).isSubset(of: contents.entries.keys))
            if isWhole {
                #expect(log.entries == open)
                #expect(contents.entries == open)
                #expect(contents.damagedLines == 0)
            }
            if Int.random(in: 0..<10, using: &random) == 0 {
                // The program is killed, or the machine fails; the next program goes on from what there is.
                if Int.random(in: 0..<3, using: &random) == 0 {
                    disk.fail()
                    isWhole = false
                    contents = OutboxContents(bytes: disk.bytes)
                    #expect(Set(open.keys).subtracting(gone).isSubset(of: contents.entries.keys))
                }
                open = contents.entries
                log = OutboxLog(contents, length: disk.bytes.count, on: disk, allocation: Self.allocation)
            }
        }
        let contents = OutboxContents(bytes: disk.bytes)
        #expect(contents.lap > 20)
        #expect(disk.bytes.count <= 16 * Self.allocation)
    }

    /// Lines of earlier laps stand behind those of the last one, the first of them cut.
    @Test func whatALapHasCutIsNotDamaged() throws {
        var random = SplitMix64(seed: 1)
        var kept: [Reference: OutboxEntry] = [:]
        let entries = try (0..<5).map { try Self.entry($0, &random, into: &kept) }
        func lines(_ lap: Int64, _ entries: [OutboxEntry]) -> [UInt8] {
            entries.flatMap { OutboxLine(.entry($0), lap: lap).bytes }
        }
        let ledger = OutboxLine(.ledger("host=a")).bytes
        let mark = OutboxLine(.carriedOver, lap: 1).bytes
        let before = lines(0, Array(entries[0..<4]))
        let after = mark + lines(1, [entries[4]])
        let contents = OutboxContents(bytes: ledger + after + before.dropFirst(after.count))
        #expect(contents.entries.values.map(\.self) == [entries[4]])
        #expect(contents.damagedLines == 0)
        // A line among those that count is.
        var damaged = ledger + after + lines(1, [entries[3]]) + before.dropFirst(after.count + 400)
        damaged[ledger.count + mark.count + 20] ^= 1
        #expect(OutboxContents(bytes: damaged).damagedLines == 1)
    }
}

/// A disk in memory. What has not been synchronised gets to it by chance, a sector at a time.
private final class FailingDisk: OutboxDisk {
    let path = "disk"
    /// What the system says that there is.
    private(set) var bytes: [UInt8] = []
    /// The share of writes that fail, half-way or at their very end.
    var failures = 0.0
    /// Told of what there might be if the machine failed, before each thing that is done.
    var whenAsked: (([UInt8]) -> Void)?
    /// What was there at the last synchronisation and after each thing that was done since.
    private var versions: [[UInt8]] = [[]]
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(seed: seed &+ 1 << 32)
    }

    func write(_ new: [UInt8], at offset: Int) throws(OutboxError) {
        ask()
        let fails = Double.random(in: 0..<1, using: &random) < failures
        let isPart = fails && Bool.random(using: &random)
        let part = isPart ? new.prefix(Int.random(in: 0...new.count, using: &random)) : new[...]
        let missing = offset + part.count - bytes.count
        if missing > 0 { bytes += [UInt8](repeating: 0, count: missing) }
        bytes.replaceSubrange(offset..<offset + part.count, with: part)
        versions.append(bytes)
        ask()
        if fails { throw OutboxError(path, "no space left") }
    }

    func synchronise() throws(OutboxError) {
        ask()
        versions = [bytes]
    }

    func cutOff(at offset: Int) {
        ask()
        bytes = Array(bytes.prefix(offset))
        versions.append(bytes)
    }

    /// The machine fails: what may be left is all that there is.
    func fail() {
        bytes = remains()
        versions = [bytes]
    }

    private func ask() {
        guard let whenAsked else { return }
        whenAsked(bytes)
        whenAsked(remains())
    }

    /// Each sector as it was at one of the moments since the last synchronisation.
    private func remains() -> [UInt8] {
        let sector = 512
        let length = versions.randomElement(using: &random)?.count ?? 0
        var remains: [UInt8] = []
        for start in stride(from: 0, to: length, by: sector) {
            let size = min(sector, length - start)
            let version = versions.randomElement(using: &random) ?? []
            let part = version.dropFirst(start).prefix(size)
            remains += part + [UInt8](repeating: 0, count: size - part.count)
        }
        return remains
    }
}
