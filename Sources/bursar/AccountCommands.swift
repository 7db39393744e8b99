import ArgumentParser
import Interchange
import Ledger
import LedgerStore

struct AccountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "account", abstract: "Open, look at and change accounts.",
        subcommands: [
            AccountOpenCommand.self, AccountShowCommand.self, AccountListCommand.self,
            AccountStatementCommand.self, AccountFreezeCommand.self, AccountUnfreezeCommand.self,
            AccountCloseCommand.self, AccountReopenCommand.self, AccountSetMinimumCommand.self,
            AccountRenameCommand.self,
        ])
}

extension Session {
    /// The account with this code.
    /// - Throws: ``Refusal/accountNotFound(_:)``.
    func account(_ text: String) async throws -> AccountListing {
        let code = try AccountCode(text)
        guard let listing = try await store.queries.accounts(codes: [code]).first else {
            throw Refusal.accountNotFound(code)
        }
        return listing
    }
}

struct AccountShowCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show an account: balances, status, minimum.")

    @Argument(help: "The account's code.") var code: String
    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        try await withSession(context) { session in
            let listing = try await session.account(code)
            if context.output.isJSON {
                context.output.json(.account(listing.account))
            } else {
                context.output.lines(Self.lines(listing))
            }
            return .done
        }
    }

    private static func lines(_ listing: AccountListing) -> [String] {
        let account = listing.account
        let minimum = account.minimum.map { Money(units: $0, currency: account.currency).grouped }
        let held = Money(units: account.held, currency: account.currency)
        return Table.lines(
            [
                ["account", "\(account.code)"],
                ["name", account.name],
                ["class", account.accountClass.rawValue],
                ["normal side", account.accountClass.normalSide.rawValue],
                ["status", account.status.rawValue],
                ["ledger", "\(account.ledger.grouped) \(account.currency)"],
                ["available", "\(account.available.grouped) \(account.currency)"],
                ["held", "\(held.grouped) \(account.currency)"],
                ["minimum", minimum.map { "\($0) \(account.currency)" } ?? "none"],
                ["records", "\(account.version)"],
                ["last booked", "\(listing.lastBookedAt.date) \(listing.lastBookedAt.clock) UTC"],
            ], alignment: [.left, .left])
    }
}

struct AccountListCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List accounts by code.",
        discussion: """
            A filter is words that are all to be found in code or name; status:frozen, ccy:EUR and class:asset \
            compare that field, 'balance<0' and 'available>=100.50' a balance. Double quotes keep spaces in a word. \
            Letters are compared without their case, but with their accents.
            """)

    @Argument(help: "The filter.") var filter: [String] = []
    @OptionGroup var common: CommonOptions

    private static let page = 1000

    private var accountFilter: AccountFilter { AccountFilter(filter.joined(separator: " ")) }

    func validate() throws {
        if let problem = accountFilter.problem { throw ValidationError(problem.message) }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let filter = accountFilter
        return try await withSession(context) { session in
            var start = LedgerQueries.Start.first
            var printed = 0
            while true {
                let page = try await session.store.queries.accounts(
                    filter, sort: AccountSort(.code), from: start, limit: Self.page)
                // A page without accounts is an empty list, or a stretch without a match.
                if !page.listings.isEmpty {
                    Self.print(page.listings, to: context.output, withHeader: printed == 0)
                } else if page.isComplete, printed == 0 {
                    let why = filter.whyEmpty.map { ": " + $0 } ?? ""
                    context.output.note("no account matches" + why)
                }
                printed += page.listings.count
                guard !page.isComplete,
                    let next = page.continuesAt ?? page.listings.last.map({ AccountKey($0.account) })
                else { return .done }
                start = .after(next)
            }
        }
    }

    private static func print(_ accounts: [AccountListing], to output: Output, withHeader: Bool) {
        if output.isJSON {
            for listing in accounts { output.json(.account(listing.account)) }
        } else {
            output.lines(
                Table.lines(
                    accounts.map { listing in
                        let account = listing.account
                        return [
                            account.code.text, account.name, account.currency.code, account.ledger.grouped,
                            account.available.grouped, account.status.rawValue,
                        ]
                    },
                    alignment: [.left, .left, .left, .right, .right, .left],
                    header: withHeader ? ["CODE", "NAME", "CCY", "LEDGER", "AVAILABLE", "STATUS"] : nil))
        }
    }
}

struct AccountStatementCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "statement", abstract: "List an account's history, oldest first.")

    @Argument(help: "The account's code.") var code: String
    @Option(help: ArgumentHelp("From this value date on.", valueName: "date")) var from: String?
    @Option(help: ArgumentHelp("Up to this value date.", valueName: "date")) var to: String?
    @Option(help: ArgumentHelp("Only the newest of them.", valueName: "n")) var limit: Int?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit takes a number from 1 up") }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let from = try context.date(from, flag: "--from")
        let to = try context.date(to, flag: "--to")
        return try await withSession(context) { session in
            let account = try await session.account(code).account
            let period = { @Sendable (line: HistoryLine) -> Bool in
                (from.map { line.valueDate >= $0 } ?? true) && (to.map { line.valueDate <= $0 } ?? true)
            }
            if let limit {
                let lines = try await Self.newest(limit, of: account, in: session, where: period)
                Self.print(lines, of: account, to: context.output)
            } else {
                var isFirst = true
                try await session.eachRecord(of: account) { lines in
                    Self.print(lines.filter(period), of: account, to: context.output, withHeader: isFirst)
                    isFirst = false
                }
            }
            return .done
        }
    }

    /// The newest records of the period, oldest first.
    private static func newest(
        _ limit: Int, of account: Account, in session: Session, where period: (HistoryLine) -> Bool
    ) async throws -> [HistoryLine] {
        var found: [HistoryLine] = []
        var next = account.version
        while found.count < limit, next > 0 {
            let page = try await session.store.queries.history(
                of: account.id, newestSeq: next, limit: 1000)
            guard let last = page.last else { break }
            found += page.filter(period)
            next = last.record.seq - 1
        }
        return found.prefix(limit).reversed()
    }

    private static func print(
        _ lines: [HistoryLine], of account: Account, to output: Output, withHeader: Bool = true
    ) {
        if output.isJSON {
            for line in lines { output.json(.record(line, account: account)) }
        } else if !lines.isEmpty {
            output.lines(
                Table.lines(
                    lines.map { columns($0, account) },
                    alignment: [.right, .left, .left, .left, .right, .right, .left, .left],
                    header: withHeader
                        ? ["#", "VALUE DATE", "KIND", "SIDE", "AMOUNT", "LEDGER", "REFERENCE", "REMARK"]
                        : nil))
        }
    }

    private static func columns(_ line: HistoryLine, _ account: Account) -> [String] {
        let balance = Money(
            units: line.record.ledgerUnits(account.accountClass), currency: account.currency)
        var side = ""
        var amount = ""
        if case .entry(_, let entrySide, let units) = line.record.content {
            side = entrySide.rawValue
            amount = Money(units: units, currency: account.currency).grouped
        }
        let kind = line.transaction?.kind.rawValue ?? line.record.kindName
        return [
            "\(line.record.seq)", "\(line.valueDate)", kind, side, amount, balance.grouped,
            line.reference?.text ?? "", line.remark,
        ]
    }
}

extension Session {
    /// Hands over an account's records, oldest first, a page at a time.
    func eachRecord(of account: Account, _ body: ([HistoryLine]) throws -> Void) async throws {
        let page = 1000
        var seq: Int64 = 0
        while true {
            let lines = try await store.queries.records(after: (account.id, seq), limit: page)
            let own = lines.prefix { $0.record.accountID == account.id }
            try body(Array(own))
            guard own.count == page, let last = own.last else { return }
            seq = last.record.seq
        }
    }
}
