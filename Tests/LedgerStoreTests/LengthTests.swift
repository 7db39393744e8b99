import Ledger
import LedgerService
import TestSupport
import Testing

/// What the domain lets in, the database takes, in whatever script and however many scalars a character has.
@Suite struct LengthTests {
    private static let pieces = ["a", "é", "日", "😀", "e\u{301}", "👨‍👩‍👧", "🇨🇿", "நி"]

    private static func text(_ piece: String, upTo limit: Int) -> String {
        String(repeating: piece, count: limit / piece.unicodeScalars.count)
    }

    @Test(arguments: pieces) func theLongestTextsArePosted(piece: String) async throws {
        let ledger = try await TestLedger.make()
        let code = try AccountCode(Self.text(piece, upTo: 64))
        let long = Self.text(piece, upTo: 1000)
        let operations = [
            try Operation(
                reference: Reference(Self.text(piece, upTo: 200)),
                action: .accountChange(
                    account: code,
                    change: .open(
                        name: Self.text(piece, upTo: 200), currency: Currency("CZK"),
                        accountClass: .liability,
                        minimum: .zero), reason: Self.text(piece, upTo: 200)),
                actor: Self.text(piece, upTo: 100), narrative: long),
            try Operation(
                reference: Reference("d"), action: .deposit(account: code, amount: DecimalAmount("1")),
                actor: "t", narrative: long),
        ]
        for outcome in await ledger.service.perform(operations) {
            #expect(outcome.receipt != nil, "\(outcome.result)")
        }
        #expect(try await ledger.store.queries.accounts(codes: [code]).first?.account.version == 2)
    }

    /// Past the domain's own check, the database says the same.
    @Test(arguments: pieces) func oneScalarMoreIsRefusedByBoth(piece: String) async throws {
        let text = Self.text(piece, upTo: 64)
        let more = text + String(repeating: "x", count: 65 - text.unicodeScalars.count)
        #expect(throws: Refusal.self) { try AccountCode(more) }
        let ledger = try await TestLedger.make()
        let outcome = await ledger.service.perform(
            try ledger.operation(
                .accountChange(
                    account: AccountCode(stored: more),
                    change: .open(
                        name: "x", currency: Currency("CZK"), accountClass: .liability, minimum: .zero),
                    reason: "")))
        guard case .failed(let failure) = outcome.result else {
            Issue.record("\(outcome.result)")
            return
        }
        #expect(failure.sqlState == "23514")
    }
}
