import Ledger
import Testing

/// The chain and the auditor: whatever is changed later is found, at the record where it was changed.
@Suite struct AuditTests {
    private let code = AccountCode(stored: "a")

    @Test func aSoundHistoryHasNoProblem() throws {
        let (account, lines) = try history()
        #expect(lines.count == 9)
        #expect(audit(account, lines) == nil)
    }

    /// Each record changed in each of its fields, with its hash left as it was.
    @Test func anyChangedFieldOfARecordIsFoundAtThatRecord() throws {
        let (account, lines) = try history()
        for (index, line) in lines.enumerated() {
            for changed in variants(of: line.record) {
                var tampered = lines
                tampered[index] = HistoryLine(record: changed, transaction: line.transaction)
                let problem = audit(account, tampered)
                #expect(problem?.seq == line.record.seq, "record \(index + 1) as \(changed)")
                #expect(problem?.account == code)
            }
        }
    }

    @Test func anyChangedFieldOfATransactionIsFoundAtItsRecord() throws {
        let (account, lines) = try history()
        for (index, line) in lines.enumerated() {
            guard let transaction = line.transaction else { continue }
            #expect(copy(transaction, origin: transaction.origin) == transaction)
            for changed in variants(of: transaction) {
                #expect(changed.digest != transaction.digest)
                #expect(changed != transaction)
                var tampered = lines
                tampered[index] = HistoryLine(record: line.record, transaction: changed)
                #expect(audit(account, tampered)?.seq == line.record.seq, "record \(index + 1) as \(changed)")
            }
        }
    }

    @Test func aMissingTransactionIsFound() throws {
        let (account, lines) = try history()
        let index = try #require(lines.firstIndex { $0.transaction != nil })
        var tampered = lines
        tampered[index] = HistoryLine(record: lines[index].record, transaction: nil)
        #expect(audit(account, tampered)?.message.contains("which is missing") == true)
    }

    @Test func aMissingRecordIsFoundWhereItShouldBe() throws {
        let (account, lines) = try history()
        for index in lines.indices {
            var tampered = lines
            tampered.remove(at: index)
            let problem = audit(account, tampered)
            #expect(problem?.seq == Int64(index + 1))
            #expect(problem?.message.contains("is missing") == true)
        }
        #expect(audit(account, [])?.message == "the account has no records")
    }

    @Test func aRepeatedOrSwappedRecordIsFound() throws {
        let (account, lines) = try history()
        for index in lines.indices.dropFirst() {
            var repeated = lines
            repeated.insert(lines[index - 1], at: index)
            #expect(audit(account, repeated)?.seq == Int64(index + 1))
            var swapped = lines
            swapped.swapAt(index - 1, index)
            #expect(audit(account, swapped)?.seq == Int64(index))
        }
    }

    @Test func recordsBeyondTheLastAreFound() throws {
        var (account, lines) = try history()
        account.version -= 1
        let before = lines[lines.count - 2].record
        account.head = before.hash
        #expect(audit(account, lines)?.message.contains("after #8") == true)
    }

    @Test func aChangedAccountRowIsFound() throws {
        let (account, lines) = try history()
        let changes: [(inout Account) -> Void] = [
            { $0.debits += 1 }, { $0.credits += 1 }, { $0.held += 1 }, { $0.name += "x" },
            { $0.status = .frozen }, { $0.minimum = nil }, { $0.minimum = 7 }, { $0.head = .zero },
            { $0.version += 1 }, { $0.version -= 1 },
        ]
        for (index, change) in changes.enumerated() {
            var tampered = account
            change(&tampered)
            #expect(audit(tampered, lines) != nil, "change \(index)")
        }
    }

    @Test func aRowThatSaysAnotherTimeOfItsLastRecordIsFound() throws {
        let (account, lines) = try history()
        let last = try #require(lines.last).record.bookedAt
        #expect(audit(account, lines, lastBookedAt: last) == nil)
        let problem = audit(account, lines, lastBookedAt: Timestamp(microseconds: last.microseconds - 1))
        #expect(problem?.message == "the account's time of the last record is not what its records say")
    }

    @Test func aRowThatListsByBalanceWouldNotFindIsFound() throws {
        let (account, lines) = try history()
        let last = try #require(lines.last).record.bookedAt
        var auditor = AccountAuditor(AccountListing(account: account, lastBookedAt: last, magnitude: 7))
        for line in lines { auditor.feed(line) }
        auditor.finish()
        #expect(auditor.problem?.account == account.code)
    }

    /// To Swift the two names are equal; the database holds other bytes.
    @Test func aNameThatOnlyLooksTheSameIsFound() throws {
        var books = Books()
        try books.open("a")
        try books.change("a", .rename("Jos\u{e9}"))
        var account = try #require(books.accounts[code])
        account.name = "Jose\u{301}"
        let problem = audit(account, books.history[code] ?? [])
        #expect(problem?.message == "the account's name is not what its records say")
    }

    @Test func onlyTheFirstProblemIsNamed() throws {
        let (account, lines) = try history()
        var tampered = lines
        tampered.remove(at: 5)
        tampered.remove(at: 2)
        #expect(audit(account, tampered)?.seq == 3)
    }

    @Test func impossibleAmountsAreFoundAndDoNotStopTheProgram() throws {
        let (account, lines) = try history()
        let index = try #require(lines.firstIndex { $0.transaction != nil })
        for amount in [Int64.max, .min, 0, -1] {
            guard case .entry(let id, let side, _) = lines[index].record.content else { continue }
            let forged = copy(
                lines[index].record, content: .entry(transaction: id, side: side, amount: amount))
            let previous = index == 0 ? Digest.zero : lines[index - 1].record.hash
            let hash = forged.expectedHash(
                after: previous, of: account, transaction: lines[index].transaction?.digest)
            var tampered = lines
            tampered[index] = HistoryLine(
                record: copy(forged, hash: hash), transaction: lines[index].transaction)
            #expect(audit(account, tampered)?.seq == lines[index].record.seq, "amount \(amount)")
        }
    }

    // MARK: - Origins

    private static let alice = Origin(databaseUser: "alice", address: "10.0.0.5", program: "bursar on till-3")

    @Test func recordsFromBeforeOriginsWereKeptStaySound() throws {
        let (account, lines) = try history(origin: nil)
        #expect(lines.allSatisfy { $0.record.origin == nil && $0.transaction?.origin == nil })
        #expect(audit(account, lines) == nil)
    }

    /// The schema was upgraded under a running program: the database fills in what the hashes do not cover.
    @Test func recordsOfAProgramThatKnowsNoOriginsAreSound() throws {
        let (account, lines) = try history(origin: nil)
        let filled = lines.map { line in
            HistoryLine(
                record: copy(
                    line.record, origin: Origin(databaseUser: "alice", address: "local", program: nil)),
                transaction: line.transaction.map {
                    copy($0, origin: Origin(databaseUser: "alice", address: "local", program: nil))
                })
        }
        #expect(audit(account, filled) == nil)
    }

    @Test func anOriginThatIsTakenAwayOrChangedIsFound() throws {
        let (account, lines) = try history()
        let others = [
            nil, Origin(databaseUser: "mallory", address: "10.0.0.5", program: "bursar on till-3"),
            Origin(databaseUser: "alice", address: "local", program: "bursar on till-3"),
            Origin(databaseUser: "alice", address: "10.0.0.5", program: "psql"),
        ]
        for (index, line) in lines.enumerated() {
            for other in others {
                var tampered = lines
                tampered[index] = HistoryLine(
                    record: copy(
                        line.record,
                        origin: other.map {
                            Origin(
                                databaseUser: $0.databaseUser, address: $0.address,
                                program: line.transaction == nil ? $0.program : nil)
                        }), transaction: line.transaction.map { copy($0, origin: other) })
                #expect(
                    audit(account, tampered)?.seq == line.record.seq,
                    "record \(index + 1) by \(String(describing: other))")
            }
        }
    }

    @Test func anEntryOfAnotherSessionThanItsTransactionIsFound() throws {
        let (account, lines) = try history(origin: nil)
        let index = try #require(lines.firstIndex { $0.transaction != nil })
        var tampered = lines
        tampered[index] = HistoryLine(
            record: copy(
                lines[index].record, origin: Origin(databaseUser: "mallory", address: "local", program: nil)),
            transaction: lines[index].transaction)
        #expect(audit(account, tampered)?.message.contains("another session") == true)
    }

    // MARK: - A history with records of every kind

    private func history(origin: Origin? = alice) throws -> (Account, [HistoryLine]) {
        var books = Books()
        books.origin = origin
        try books.open("a", minimum: "-5")
        try books.deposit("a", "100", reference: "x")
        try books.withdraw("a", "30")
        try books.change("a", .rename("Another name"))
        try books.change("a", .freeze(.debit))
        try books.change("a", .setMinimum(.unlimited))
        try books.change("a", .unfreeze(nil))
        try books.reverse("x", "10", reference: "v")
        try books.change("a", .setMinimum(.zero))
        return (try #require(books.accounts[code]), books.history[code] ?? [])
    }

    private func audit(
        _ account: Account, _ lines: [HistoryLine], lastBookedAt: Timestamp? = nil
    ) -> LedgerProblem? {
        let time = lastBookedAt ?? lines.last?.record.bookedAt ?? Timestamp(microseconds: 0)
        var auditor = AccountAuditor(AccountListing(account: account, lastBookedAt: time))
        for line in lines { auditor.feed(line) }
        auditor.finish()
        return auditor.problem
    }
}

// MARK: - Everything changed in turn

private func copy(
    _ record: AccountRecord, accountID: Identifier? = nil, content: AccountRecord.Content? = nil,
    debits: Int64 = 0, credits: Int64 = 0, held: Int64 = 0, later: Int64 = 0, hash: Digest? = nil
) -> AccountRecord {
    AccountRecord(
        accountID: accountID ?? record.accountID, seq: record.seq, content: content ?? record.content,
        debits: record.debits + debits, credits: record.credits + credits, held: record.held + held,
        bookedAt: Timestamp(microseconds: record.bookedAt.microseconds + later), hash: hash ?? record.hash,
        origin: record.origin)
}

private func copy(_ record: AccountRecord, origin: Origin?) -> AccountRecord {
    AccountRecord(
        accountID: record.accountID, seq: record.seq, content: record.content, debits: record.debits,
        credits: record.credits, held: record.held, bookedAt: record.bookedAt, hash: record.hash,
        origin: origin)
}

private func copy(_ head: JournalTransaction, origin: Origin?) -> JournalTransaction {
    JournalTransaction(
        id: head.id, reference: head.reference, fingerprint: head.fingerprint, kind: head.kind,
        narrative: head.narrative, reasonCode: head.reasonCode, reason: head.reason, actor: head.actor,
        bookedAt: head.bookedAt, valueDate: head.valueDate, reverses: head.reverses, origin: origin)
}

private func variants(of record: AccountRecord) -> [AccountRecord] {
    var variants = [
        copy(record, accountID: record.accountID.advanced(by: 1)), copy(record, debits: 1),
        copy(record, credits: -1), copy(record, held: 1), copy(record, later: 1), copy(record, hash: .zero),
    ]
    switch record.content {
    case .entry(let id, let side, let amount):
        variants += [
            copy(record, content: .entry(transaction: id.advanced(by: 1), side: side, amount: amount)),
            copy(record, content: .entry(transaction: id, side: side.opposite, amount: amount)),
            copy(record, content: .entry(transaction: id, side: side, amount: amount + 1)),
        ]
    case .change(let change):
        variants += AuditVariants.changes(of: change).map { copy(record, content: .change($0)) }
    }
    return variants
}

private enum AuditVariants {
    static func changes(of change: AccountRecord.Change) -> [AccountRecord.Change] {
        let other = AccountRecord.Change.Kind.renamed(name: "somebody else")
        let kinds: [AccountRecord.Change.Kind] =
            switch change.kind {
            case .opened(let name, let minimum):
                [
                    .opened(name: name + "x", minimum: minimum), .opened(name: name, minimum: nil), other,
                    .opened(name: name, minimum: 0),
                ]
            case .renamed(let name): [.renamed(name: name + "x"), .status(.open)]
            case .status(let status): [.status(status == .open ? .frozen : .open), other]
            case .minimum(let minimum): [.minimum(minimum.map { $0 + 1 } ?? 0), other]
            }
        return kinds.map { make(change, kind: $0) } + [
            make(change, reference: Reference(stored: "other")), make(change, fingerprint: .zero),
            make(change, actor: change.actor + "x"), make(change, reason: change.reason + "x"),
        ]
    }

    private static func make(
        _ change: AccountRecord.Change, kind: AccountRecord.Change.Kind? = nil, reference: Reference? = nil,
        fingerprint: Digest? = nil, actor: String? = nil, reason: String? = nil
    ) -> AccountRecord.Change {
        AccountRecord.Change(
            kind: kind ?? change.kind, reference: reference ?? change.reference,
            fingerprint: fingerprint ?? change.fingerprint, actor: actor ?? change.actor,
            reason: reason ?? change.reason)
    }
}

private func variants(of head: JournalTransaction) -> [JournalTransaction] {
    func make(
        id: Identifier? = nil, reference: String? = nil, fingerprint: Digest? = nil,
        kind: TransactionKind? = nil, narrative: String? = nil, reasonCode: String? = nil,
        reason: String? = nil, actor: String? = nil, later: Int64 = 0, days: Int32 = 0,
        reverses: Identifier?? = .none
    ) -> JournalTransaction {
        JournalTransaction(
            id: id ?? head.id, reference: reference.map(Reference.init(stored:)) ?? head.reference,
            fingerprint: fingerprint ?? head.fingerprint, kind: kind ?? head.kind,
            narrative: narrative ?? head.narrative, reasonCode: reasonCode ?? head.reasonCode,
            reason: reason ?? head.reason, actor: actor ?? head.actor,
            bookedAt: Timestamp(microseconds: head.bookedAt.microseconds + later),
            valueDate: CalendarDate(daysSince1970: head.valueDate.daysSince1970 + days),
            reverses: reverses ?? head.reverses, origin: head.origin)
    }
    return [
        make(id: head.id.advanced(by: 1)), make(reference: "other"), make(fingerprint: .zero),
        make(kind: head.kind == .transfer ? .deposit : .transfer), make(narrative: head.narrative + " "),
        make(reasonCode: (head.reasonCode ?? "") + "x"), make(reason: (head.reason ?? "") + "x"),
        make(actor: head.actor + "x"), make(later: 1), make(days: 1),
        make(reverses: .some(head.reverses == nil ? head.id : nil)),
    ]
}
