import Console
import Glibc
import Interchange
import Ledger
import LedgerStore

/// Writes all accounts of a list to a CSV file, in the order of the list.
///
/// One page is held at a time, and each is as it was when it was read: an account that is renamed meanwhile may be
/// missing from a list by name, or be in it twice. Of a ranking there are the first ``ranked``.
struct AccountListExport {
    let queries: LedgerQueries
    let filter: AccountFilter
    let sort: AccountSort
    private let page = 1000
    private let ranked = 1000

    init(queries: LedgerQueries, filter: AccountFilter, sort: AccountSort) {
        self.queries = queries
        self.filter = filter
        self.sort = sort
    }

    /// - Parameters:
    ///   - path: of a file that does not exist yet; nothing is left of it when it cannot be written to the end.
    ///   - progress: told how many accounts have been written, after each page.
    /// - Returns: the file's full path.
    func write(to path: String, progress: (Int) -> Void) async throws -> String {
        let path = Environment.current.absolute(path)
        do {
            var file = try NewFile(path)
            try file.append(TableExport.csv(columns: AccountTable.columns, rows: []))
            if sort.isRanking {
                let listings = try await queries.wholeRanking(filter, sort, limit: ranked).listings
                try file.append(TableExport.csv(rows: listings.map(AccountTable.row)))
                progress(listings.count)
            } else {
                try await appendPages(to: &file, progress: progress)
            }
            file.keep()
        } catch let error as FileError {
            throw CommandError(error, writing: path)
        }
        return path
    }

    private func appendPages(to file: inout NewFile, progress: (Int) -> Void) async throws {
        var (count, start) = (0, LedgerQueries.Start.first)
        while true {
            let found = try await queries.accounts(filter, sort: sort, from: start, limit: page)
            try file.append(TableExport.csv(rows: found.listings.map(AccountTable.row)))
            count += found.listings.count
            progress(count)
            let end = found.continuesAt ?? found.listings.last.map { AccountKey($0.account) }
            guard !found.isComplete, let end else { return }
            start = .after(end)
        }
    }
}

extension CommandError {
    /// A file of the user's that could not be written.
    init(_ error: FileError, writing path: String) {
        let what = error.code == EEXIST ? "it exists already; give another name" : error.message
        self.init("\(path) was not written: \(what)", .usage)
    }
}
