import Ledger
import LedgerService
import Testing

@testable import Console

/// A ledger that somebody wrote to past every rule: its texts are shown on every screen, and do nothing there.
@Suite("Hostile texts")
struct HostileTextTests {
    private static let texts = [
        "=1+1\u{1b}[31m\u{1b}]0;owned\u{7}\r\n\t\u{8}\u{7f}\u{9b}2J\u{202e}evil\u{2066}\u{200b}\u{2028}\u{feff}end",
        String(repeating: "w", count: 200_000), String(repeating: "w ", count: 100_000),
        String(repeating: "\u{1b}", count: 200_000), String(repeating: "日", count: 60_000),
        "a" + String(repeating: "\u{301}", count: 100_000), "", " ", "\n",
    ]

    @Test(arguments: texts.indices) func stayInTheirCellsOnEveryScreen(text: Int) throws {
        var bank = try TestBank.sample(now: ConsoleDriver.now)
        try bank.post(
            .reversal(of: Reference("bank-14"), amount: DecimalAmount("1.00"), reason: "posted too much"))
        bank.spoil(Self.texts[text])
        let sizes = text == 0 ? [(80, 24), (40, 10), (200, 60)] : [(80, 24)]
        for (width, height) in sizes {
            var driver = try ConsoleDriver(width, height, bank: bank)
            expectClean(driver)
            // Accounts, an account, its records; journal, a transaction; attempts, trial balance, verification.
            for key in "1jj\r\rjq2\rj\rq345\r67?" {
                driver.press(key == "\r" ? .enter : .character(key))
                expectClean(driver)
            }
            driver.press(.escape, .escape, .escape, .character("1"))
            for key in "dwtsv" {
                driver.press(.character(key))
                expectClean(driver)
                driver.press(.escape, .escape)
            }
            driver.press(.character("/"))
            driver.type("ev")
            expectClean(driver)
        }
    }

    private func expectClean(_ driver: ConsoleDriver, sourceLocation: SourceLocation = #_sourceLocation) {
        let frame = driver.state.view()
        for row in 0..<frame.size.height {
            let cells = frame.row(row)
            #expect(
                cells.reduce(0) { $0 + SafeText.columns($1.text) } == frame.size.width,
                sourceLocation: sourceLocation)
            let isClean = cells.allSatisfy { cell in
                cell.text.unicodeScalars.allSatisfy { scalar in
                    switch scalar.properties.generalCategory {
                    case .control, .format, .lineSeparator, .paragraphSeparator: false
                    default: true
                    }
                }
            }
            #expect(isClean, "\(cells.map(\.text).joined())", sourceLocation: sourceLocation)
        }
    }
}

extension TestBank {
    /// Puts this text into every place that holds one, but for codes and references, which the bank finds things by;
    /// an account with the text for its code comes besides.
    fileprivate mutating func spoil(_ text: String) {
        let origin = Origin(storedUser: text, address: text, program: text)
        func spoilt(_ head: JournalTransaction) -> JournalTransaction {
            JournalTransaction(
                id: head.id, reference: head.reference, fingerprint: head.fingerprint, kind: head.kind,
                narrative: text, reasonCode: text, reason: text, actor: text, bookedAt: head.bookedAt,
                valueDate: head.valueDate, reverses: head.reverses, origin: origin)
        }
        histories = histories.mapValues { lines in
            lines.map {
                HistoryLine(record: $0.record.spoilt(text, origin), transaction: $0.transaction.map(spoilt))
            }
        }
        transactions = transactions.mapValues {
            PostedTransaction(head: spoilt($0.head), entries: $0.entries, reversedUnits: $0.reversedUnits)
        }
        for code in view.accounts.keys { view.accounts[code]?.name = text }
        if let model = view.accounts.values.first {
            let code = AccountCode(stored: text)
            view.accounts[code] = Account(
                id: Identifier(high: 9, low: 9), code: code, name: text, currency: model.currency,
                accountClass: .liability, status: .open, minimum: nil, debits: .max / 2, credits: 0,
                held: .max,
                version: .max, head: .zero)
        }
        report.problems = [
            LedgerProblem(
                account: AccountCode(stored: text), seq: .max, reference: Reference(stored: text),
                message: text)
        ]
    }
}

extension AccountRecord {
    fileprivate func spoilt(_ text: String, _ origin: Origin) -> AccountRecord {
        var content = content
        if case .change(let change) = content {
            var kind = change.kind
            if case .opened(_, let minimum) = kind { kind = .opened(name: text, minimum: minimum) }
            content = .change(
                Change(
                    kind: kind, reference: change.reference, fingerprint: change.fingerprint, actor: text,
                    reason: text))
        }
        return AccountRecord(
            accountID: accountID, seq: seq, content: content, debits: debits, credits: credits, held: held,
            bookedAt: bookedAt, hash: hash, origin: origin)
    }
}
