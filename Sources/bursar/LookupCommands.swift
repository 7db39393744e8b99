import ArgumentParser
import Interchange
import Ledger

struct ShowCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the operation with a reference: whether it was posted, and its entries.")

    @Argument(help: "The operation's reference.") var name: String
    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let reference = try Reference(name)
        return try await withSession(context) { session in
            if let transaction = try await session.store.queries.transactions(references: [reference]).first {
                Self.print(transaction, to: context.output)
            } else if let found = try await session.store.queries.changes(references: [reference]).first {
                Self.print(found.change, found.record, found.account, to: context.output)
            } else {
                throw Refusal.transactionNotFound(reference)
            }
            return .done
        }
    }

    private static func print(_ transaction: PostedTransaction, to output: Output) {
        if output.isJSON { return output.json(.transaction(transaction)) }
        let head = transaction.head
        var rows = [
            ["posted", "\(head.kind.rawValue) \(head.reference)"],
            ["transaction", "\(head.id)"],
            ["booked", "\(head.bookedAt.date) \(head.bookedAt.clock) UTC by \(head.actor)"],
            ["value date", "\(head.valueDate)"],
        ]
        if let origin = head.origin { rows.append(["session", origin.sentence]) }
        for (name, text) in [
            ("narrative", head.narrative), ("reason code", head.reasonCode ?? ""),
            ("reason", head.reason ?? ""),
        ] where !text.isEmpty { rows.append([name, text]) }
        if let reverses = head.reverses { rows.append(["reverses", "\(reverses)"]) }
        if transaction.reversedUnits > 0 {
            let isWhole = transaction.leftUnits <= 0
            rows.append(["reversed", isWhole ? "wholly" : "in part"])
        }
        output.lines(Table.lines(rows, alignment: [.left, .left]))
        output.lines(output.entries(of: transaction.receipt))
    }

    private static func print(
        _ change: AccountRecord.Change, _ record: AccountRecord, _ account: Account, to output: Output
    ) {
        let receipt = Receipt(change, of: record, account: account)
        if output.isJSON { return output.json(.receipt(receipt, origin: record.origin)) }
        output.line(
            "posted: \(receipt.kind) \(receipt.reference), booked \(receipt.bookedAt.date) "
                + "\(receipt.bookedAt.clock) UTC by \(change.actor)")
        if let origin = record.origin { output.line("session: \(origin.sentence)") }
        output.lines(output.entries(of: receipt))
    }
}

struct JournalCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal", abstract: "List transactions, newest first.")

    @Option(help: ArgumentHelp("From this value date on.", valueName: "date")) var from: String?
    @Option(help: ArgumentHelp("Up to this value date.", valueName: "date")) var to: String?
    @Option(help: ArgumentHelp("The most to list.", valueName: "n")) var limit = 100
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if limit < 1 { throw ValidationError("--limit takes a number from 1 up") }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let from = try context.date(from, flag: "--from")
        let to = try context.date(to, flag: "--to")
        return try await withSession(context) { session in
            var left = limit
            var last: Identifier?
            while left > 0 {
                let page = try await session.store.queries.journal(
                    before: last, from: from, to: to, limit: min(left, 500))
                Self.print(page, to: context.output, withHeader: last == nil)
                guard let next = page.last?.head.id, page.count == min(left, 500) else { return .done }
                left -= page.count
                last = next
            }
            context.output.note("there may be more: --limit \(limit * 10) shows them")
            return .done
        }
    }

    private static func print(_ page: [PostedTransaction], to output: Output, withHeader: Bool) {
        if output.isJSON {
            for transaction in page { output.json(.transaction(transaction)) }
            return
        }
        if page.isEmpty { return }
        let rows = page.map { transaction -> [String] in
            let head = transaction.head
            let amount = transaction.entries.first.map { entry in
                Money(units: entry.amount, currency: entry.currency)
            }
            return [
                "\(head.bookedAt.date) \(head.bookedAt.clock)", "\(head.valueDate)", head.kind.rawValue,
                amount?.grouped ?? "", amount?.currency.code ?? "",
                "\(codes(transaction, .debit)) → \(codes(transaction, .credit))", head.actor,
                head.reference.text,
            ]
        }
        output.lines(
            Table.lines(
                rows, alignment: [.left, .left, .left, .right, .left, .left, .left, .left],
                header: withHeader
                    ? [
                        "BOOKED (UTC)", "VALUE DATE", "KIND", "AMOUNT", "CCY", "DEBIT → CREDIT", "ACTOR",
                        "REFERENCE",
                    ] : nil))
    }

    /// The accounts on one side, the first few of them.
    private static func codes(_ transaction: PostedTransaction, _ side: Side) -> String {
        let codes = transaction.entries.filter { $0.side == side }.map(\.account.text)
        return codes.prefix(2).joined(separator: ", ") + (codes.count > 2 ? ", …" : "")
    }
}
