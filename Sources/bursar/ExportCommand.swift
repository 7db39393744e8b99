import ArgumentParser
import Interchange
import Ledger
import LedgerStore

struct ExportCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write all records as of one moment, by account and number.")

    enum Format: String, ExpressibleByArgument, CaseIterable, Sendable { case csv, json }

    @Option(help: "The format.") var format = Format.csv
    @Option(help: ArgumentHelp("Only this account.", valueName: "code")) var account: String?
    @OptionGroup var common: CommonOptions

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let output = context.output
        let export = RecordExport(common.json || format == .json ? .json : .csv)
        return try await withSession(context) { session in
            let only = try await account.asyncMap { try await session.account($0).account }
            try output.bytes(export.header)
            try await session.store.withSnapshot { queries in
                let walk = RecordWalk(queries: queries)
                var count: Int64 = 0
                try await walk.run(only: only) { account, lines in
                    var bytes: [UInt8] = []
                    for line in lines { export.append(line, of: account, to: &bytes) }
                    try output.bytes(bytes)
                    count += Int64(lines.count)
                    output.progress("exported " + Money.counted(count, "record"))
                }
            }
            output.endProgress()
            return .done
        }
    }
}

/// Every account's records, account by account, a page at a time.
private struct RecordWalk {
    let queries: LedgerQueries
    private let page = 1000

    init(queries: LedgerQueries) { self.queries = queries }

    func run(only account: Account?, _ body: (Account, [HistoryLine]) throws -> Void) async throws {
        if let account { return try await records(of: account, body) }
        var last = Identifier(high: 0, low: 0)
        while true {
            let accounts = try await queries.accounts(after: last, limit: page)
            for listing in accounts { try await records(of: listing.account, body) }
            guard let next = accounts.last?.account.id else { return }
            last = next
        }
    }

    private func records(of account: Account, _ body: (Account, [HistoryLine]) throws -> Void) async throws {
        var seq: Int64 = 0
        while seq < account.version {
            let lines = try await queries.records(after: (account.id, seq), limit: page)
                .prefix { $0.record.accountID == account.id }
            guard let last = lines.last else { return }
            try body(account, Array(lines))
            seq = last.record.seq
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ body: (Wrapped) async throws -> Result) async throws -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
