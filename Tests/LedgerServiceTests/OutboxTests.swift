import Glibc
import Ledger
import LedgerStore
import TestSupport
import Testing

@testable import LedgerService

/// What is kept of operations until somebody has been told their outcome.
@Suite struct OutboxTests {
    private static let now = Timestamp(microseconds: 1_774_965_731_201_000)

    private static func entry(_ reference: String, amount: String = "1.00") throws -> OutboxEntry {
        let operation = try Operation(
            reference: Reference(reference),
            action: .deposit(account: AccountCode("576"), amount: DecimalAmount(amount)), actor: "test",
            narrative: "řádek „1“")
        return OutboxEntry(operation: operation, begunAt: now, overAt: now.advanced(by: .seconds(150)))
    }

    private static func outbox(_ directory: TemporaryDirectory, ledger: String = "host=a") -> Outbox {
        Outbox(directory: directory.path + "/state/outbox", ledger: ledger)
    }

    // MARK: Lines

    private static let actions: [Operation.Action] = {
        do {
            let (code, other) = (try AccountCode("576"), try AccountCode("704"))
            let amount = try DecimalAmount("0012.50")
            let changes: [Operation.AccountChange] = [
                .open(
                    name: "Žofie \u{202e}👨‍👩‍👧", currency: try Currency("KWD"), accountClass: .asset,
                    minimum: .unlimited),
                .rename("A\"\\B"), .freeze(nil), .freeze(.debit), .unfreeze(.credit), .close, .reopen,
                .setMinimum(try .init("-500.00")), .setMinimum(.unlimited),
            ]
            return [
                .deposit(account: code, amount: amount), .withdrawal(account: code, amount: amount),
                .transfer(from: code, to: other, amount: amount),
                .adjustment(account: code, amount: amount, side: .debit, reasonCode: "fee", against: nil),
                .adjustment(account: code, amount: amount, side: .credit, reasonCode: "fee", against: other),
                .journalEntry(legs: [
                    .init(account: code, side: .debit, amount: amount),
                    .init(account: other, side: .credit, amount: amount),
                ]),
                .reversal(of: try Reference("a/b c"), amount: nil, reason: "wrong"),
                .reversal(of: try Reference("x"), amount: amount, reason: "wrong"),
            ] + changes.map { .accountChange(account: code, change: $0, reason: "because") }
        } catch {
            preconditionFailure("\(error)")
        }
    }()

    @Test(arguments: actions) func keepsEveryKindOfOperationAsItIs(action: Operation.Action) throws {
        let operation = try Operation(
            reference: Reference("ref \u{e9}"), action: action, actor: "alice", narrative: "a  \"b\" \\",
            valueDate: CalendarDate("2026-02-28"))
        let entry = OutboxEntry(operation: operation, begunAt: Self.now, overAt: Self.now)
        let line = OutboxLine(.entry(entry), lap: 7)
        let read = OutboxLine(bytes: line.bytes.dropLast())
        #expect(read == line)
        guard case .entry(let again) = read?.content else { return }
        #expect(again.operation.fingerprint == operation.fingerprint)
    }

    @Test(arguments: ["\"", "\\", "😀"], 0..<20)
    func whatHasToBeEscapedIsKeptWhereverItStands(character: String, place: Int) throws {
        var narrative = Array(repeating: "n", count: 20)
        narrative[place] = character
        let entry = OutboxEntry(
            operation: try Operation(
                reference: Reference("escaped"),
                action: .deposit(account: AccountCode("a"), amount: DecimalAmount("1")), actor: "test",
                narrative: narrative.joined()),
            begunAt: Timestamp(microseconds: .min), overAt: Timestamp(microseconds: .max))
        let line = OutboxLine(.entry(entry))
        #expect(OutboxLine(bytes: line.bytes.dropLast()) == line)
    }

    /// A crash leaves any part of what was written last: whatever is read of it was written whole.
    @Test func aFileThatWasTornAnywhereGivesWhatWasWholeAndNothingElse() throws {
        let entries = try ["1", "2", "3"].map { try Self.entry("torn-\($0)") }
        var lines = [OutboxLine(.ledger("host=a"))] + entries.map { OutboxLine(.entry($0)) }
        lines.append(OutboxLine(.struckOff(entries[1].operation.reference)))
        let parts = lines.map { $0.bytes }
        let whole = parts.flatMap { $0 }
        for length in 0...whole.count {
            // Behind it there may be zeros, which were written before.
            let zeros = [UInt8](repeating: 0, count: length % 3 * 40)
            let contents = OutboxContents(bytes: Array(whole[..<length]) + zeros)
            var end = 0
            let complete = parts.prefix { part in
                end += part.count
                return end <= length
            }.count
            var expected = Set(entries.prefix(max(complete - 1, 0)).map(\.operation.reference))
            if complete == lines.count { expected.remove(entries[1].operation.reference) }
            #expect(Set(contents.entries.keys) == expected, "\(length) bytes")
            #expect(contents.damagedLines == 0)
        }
    }

    @Test func aDamagedByteIsKnownForWhatItIs() throws {
        let entry = try Self.entry("damaged")
        let whole = OutboxLine(.ledger("host=a")).bytes + OutboxLine(.entry(entry)).bytes
        for index in whole.indices where whole[index] != UInt8(ascii: "\n") {
            var bytes = whole
            bytes[index] ^= 0x04
            let contents = OutboxContents(bytes: bytes)
            #expect(contents.damagedLines == 1, "byte \(index)")
        }
    }

    // MARK: Files

    @Test func isPrivate() async throws {
        let directory = try TemporaryDirectory()
        let outbox = Self.outbox(directory)
        try await outbox.keep([Self.entry("a")])
        func mode(_ path: String) -> mode_t {
            var status = stat()
            return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
        }
        let path = directory.path + "/state/outbox"
        #expect(mode(path) == 0o700)
        let names = try entries(of: path)
        #expect(names.count == 1)
        #expect(mode("\(path)/\(names[0])") == 0o600)

        chmod(path, 0o750)
        let error = await #expect(throws: OutboxError.self) { try await Self.outbox(directory).takeOver() }
        #expect(error?.message.contains("others than its owner may use it") == true)
    }

    @Test func whatAProgramLeavesIsTakenOverByOneOther() async throws {
        let directory = try TemporaryDirectory()
        let first = Self.outbox(directory)
        try await first.keep([Self.entry("left"), Self.entry("told")])
        try await first.strikeOff([Reference("told")])
        // While it lives, nobody else takes its operations.
        let second = Self.outbox(directory)
        #expect(try await second.takeOver().isEmpty)
        await first.close()
        #expect(try await Self.outbox(directory, ledger: "host=b").takeOver().isEmpty)
        #expect(try await Self.outbox(directory, ledger: "host=b").survey().elsewhere == ["host=a": 1])
        #expect(try await second.takeOver().map(\.operation.reference.text) == ["left"])
        #expect(try await Self.outbox(directory).takeOver().isEmpty)
        // Until it is told, it is left for the next.
        await second.close()
        let third = Self.outbox(directory)
        #expect(try await third.takeOver().count == 1)
        try await third.strikeOff([Reference("left")])
        await third.close()
        #expect(try entries(of: directory.path + "/state/outbox").isEmpty)
    }

    @Test func manyProgramsAtOnceLoseAndDoubleNothing() async throws {
        let directory = try TemporaryDirectory()
        let taken = try await withThrowingTaskGroup(of: [String].self) { group in
            for program in 0..<8 {
                group.addTask {
                    var taken: [String] = []
                    for round in 0..<25 {
                        let outbox = Self.outbox(directory)
                        try await outbox.keep([Self.entry("\(program)-\(round)")])
                        // It ends without having told the outcome, and another one may be looking just then.
                        await outbox.close()
                        let next = Self.outbox(directory)
                        let found = try await next.takeOver().map(\.operation.reference)
                        taken += found.map(\.text)
                        try await next.strikeOff(found)
                        await next.close()
                    }
                    return taken
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let rest = try await Self.outbox(directory).takeOver().map(\.operation.reference.text)
        let all = taken + rest
        #expect(all.count == 200)
        #expect(Set(all).count == 200)
    }

    @Test func staysSmallHoweverManyOperationsGoThrough() async throws {
        let directory = try TemporaryDirectory()
        let outbox = Self.outbox(directory)
        try await outbox.keep([Self.entry("stays")])
        for round in 0..<10_000 {
            try await outbox.keep([Self.entry("r\(round)")])
            try await outbox.strikeOff([Reference("r\(round)")])
        }
        let path = directory.path + "/state/outbox"
        let names = try entries(of: path)
        #expect(names.count == 1)
        var status = stat()
        #expect(stat("\(path)/\(names[0])", &status) == 0)
        #expect(status.st_size < 2_000_000)
        await outbox.close()
        // Behind its lines it has room for others, which the next program uses too.
        let next = Self.outbox(directory)
        #expect(try await next.takeOver().map(\.operation.reference.text) == ["stays"])
        try await next.keep([Self.entry("second")])
        try await next.strikeOff([Reference("stays")])
        #expect(try await Self.outbox(directory).survey().damaged.isEmpty)
        await next.close()
        #expect(try await Self.outbox(directory).takeOver().map(\.operation.reference.text) == ["second"])
    }

    /// A program of before put a new file in the place of one that had grown long. When the machine fails just then, the
    /// new one may have its first name still: what it says counts as well.
    @Test func whatWasAboutToTakeTheirPlaceIsTakenOverToo() async throws {
        let directory = try TemporaryDirectory()
        let outbox = Self.outbox(directory)
        try await outbox.keep([Self.entry("both")])
        let names = try entries(of: directory.path + "/state/outbox")
        let path = directory.path + "/state/outbox/" + names[0]
        let kept = try ["both", "new"].map { OutboxLine(.entry(try Self.entry($0))) }
        let lines = [OutboxLine(.ledger("host=a"))] + kept
        try write(lines.flatMap(\.bytes), to: path + OutboxFile.freshSuffix)
        // It is still at it.
        #expect(try await Self.outbox(directory).takeOver().isEmpty)
        await outbox.close()
        let next = Self.outbox(directory)
        #expect(try await next.takeOver().map(\.operation.reference.text) == ["both", "new"])
        try await next.strikeOff([Reference("both"), Reference("new")])
        await next.close()
        #expect(try entries(of: directory.path + "/state/outbox").isEmpty)
    }

    private func write(_ bytes: [UInt8], to path: String) throws {
        let file = try #require(fopen(path, "w"))
        defer { fclose(file) }
        #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
    }

    /// What is told of while operations follow each other is struck off with the next of them.
    @Test func whatWasToldIsStruckOffWithWhatIsKeptNext() async throws {
        let directory = try TemporaryDirectory()
        let outbox = Self.outbox(directory)
        try await outbox.keep([Self.entry("first"), Self.entry("second")])
        #expect(outbox.noteTold([try Reference("first")]))
        #expect(!outbox.noteTold([try Reference("second")]))
        try await outbox.keep([Self.entry("third")])
        await outbox.close()
        #expect(try await Self.outbox(directory).takeOver().map(\.operation.reference.text) == ["third"])
    }

    @Test func holdsABoundedNumberOfOperations() async throws {
        let directory = try TemporaryDirectory()
        let outbox = Self.outbox(directory)
        let entries = try (0..<Outbox.limit).map { try Self.entry("\($0)") }
        try await outbox.keep(entries)
        await #expect(throws: OutboxError.self) { try await outbox.keep([Self.entry("one more")]) }
        try await outbox.strikeOff([Reference("7")])
        try await outbox.keep([Self.entry("one more")])
    }

    private func entries(of path: String) throws -> [String] {
        let directory = try #require(opendir(path))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }
}
