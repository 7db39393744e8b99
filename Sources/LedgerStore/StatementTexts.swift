import Postgres

extension LedgerStore {
    /// The SQL of a statement by the name that ``StoreFailure/statement`` carries; nil for a name that no posting
    /// or looking statement has.
    public static func statementText(named name: String) -> String? { texts[name] }

    private static let texts: [String: String] = {
        let statements =
            [
                Connection.beginWrite, lockAccounts, Connection.commitWrite,
                beginRead, beginLookUp, endRead, selectAccounts, selectKnownReferences, selectReversedUnits,
                LedgerQueries.selectJournalByReference, LedgerQueries.selectJournalByID,
                LedgerQueries.selectEntries, LedgerQueries.selectChanges, LedgerQueries.selectHistory,
                LedgerQueries.selectFilteredHistory, LedgerQueries.selectRecordByDay,
                LedgerQueries.selectRecordByTime, LedgerQueries.selectSamples, LedgerQueries.selectJournal,
                LedgerQueries.selectJournalPage,
                LedgerQueries.selectJournalByPrefix, LedgerQueries.selectJournalByAccount,
                LedgerQueries.selectJournalAfter,
                LedgerQueries.selectReversals,
                LedgerQueries.countAccounts, LedgerQueries.countByWords, LedgerQueries.selectTrialBalance,
                LedgerQueries.selectTrialBalanceByClass,
            ] + PostingStatements.all.map(\.statement) + AccountWalk.allStatements + RankingStatements.all
        return Dictionary(statements.map { ($0.name, $0.sql) }) { first, _ in first }
    }()
}
