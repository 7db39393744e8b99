/// The chain that joins an account's records: each hash covers the one before it, everything the record says,
/// and everything its transaction says. Changing any of it, later, breaks the chain from that record on.
///
/// What was written before the ledger kept origins has the first form of the hash, what has an origin the second.
extension JournalTransaction {
    /// The hash of all that the transaction's head says.
    public var digest: Digest {
        var bytes = CanonicalBytes(domain: origin == nil ? "bursar transaction 1" : "bursar transaction 2")
        bytes.append(id)
        bytes.append(reference.text)
        bytes.append(fingerprint)
        bytes.append(kind.rawValue)
        bytes.append(narrative)
        bytes.append(reasonCode)
        bytes.append(reason)
        bytes.append(actor)
        bytes.append(bookedAt.microseconds)
        bytes.append(Int64(valueDate.daysSince1970))
        bytes.append(reverses)
        origin?.append(to: &bytes)
        return bytes.digest
    }
}

extension AccountRecord {
    /// The hash that this record must have.
    /// - Parameters:
    ///   - previous: the hash of the account's record before it, ``Digest/zero`` for the first.
    ///   - account: for its unchanging facts: code, currency and class.
    ///   - transaction: the digest of the transaction of an entry, nil for a change.
    public func expectedHash(after previous: Digest, of account: Account, transaction: Digest?) -> Digest {
        var bytes = CanonicalBytes(domain: origin == nil ? "bursar record 1" : "bursar record 2")
        bytes.append(previous)
        bytes.append(accountID)
        bytes.append(seq)
        bytes.append(kindName)
        bytes.append(debits)
        bytes.append(credits)
        bytes.append(held)
        bytes.append(bookedAt.microseconds)
        switch content {
        case .entry(let id, let side, let amount):
            bytes.append(id)
            bytes.append(side.rawValue)
            bytes.append(amount)
            bytes.append(transaction ?? .zero)
        case .change(let change):
            bytes.append(change.reference.text)
            bytes.append(change.fingerprint)
            bytes.append(change.actor)
            bytes.append(change.reason)
            change.kind.append(to: &bytes, account: account)
        }
        origin?.append(to: &bytes)
        return bytes.digest
    }
}

extension AccountRecord.Change.Kind {
    fileprivate func append(to bytes: inout CanonicalBytes, account: Account) {
        switch self {
        case .opened(let name, let minimum):
            bytes.append(account.code.text)
            bytes.append(account.currency.code)
            bytes.append(account.accountClass.rawValue)
            bytes.append(name)
            bytes.append(minimum)
        case .renamed(let name): bytes.append(name)
        case .status(let status): bytes.append(status.rawValue)
        case .minimum(let minimum): bytes.append(minimum)
        }
    }
}

extension Operation {
    /// What the request says, without who sent it: two requests with one reference are the same operation when
    /// their fingerprints are equal.
    public var fingerprint: Digest {
        var bytes = CanonicalBytes(domain: "bursar operation 1")
        bytes.append(kindName)
        bytes.append(narrative)
        bytes.append(valueDate.map { Int64($0.daysSince1970) })
        switch action {
        case .deposit(let account, let amount), .withdrawal(let account, let amount):
            bytes.append(account.text)
            bytes.append(amount)
        case .transfer(let from, let to, let amount):
            bytes.append(from.text)
            bytes.append(to.text)
            bytes.append(amount)
        case .adjustment(let account, let amount, let side, let reasonCode, let against):
            bytes.append(account.text)
            bytes.append(amount)
            bytes.append(side.rawValue)
            bytes.append(reasonCode)
            bytes.append(against?.text)
        case .journalEntry(let legs):
            for leg in legs {
                bytes.append(leg.account.text)
                bytes.append(leg.side.rawValue)
                bytes.append(leg.amount)
            }
        case .reversal(let reference, let amount, let reason):
            bytes.append(reference.text)
            bytes.append(amount.map { _ in "part" })
            if let amount { bytes.append(amount) }
            bytes.append(reason)
        case .accountChange(let account, let change, let reason):
            bytes.append(account.text)
            bytes.append(reason)
            change.append(to: &bytes)
        }
        return bytes.digest
    }
}

extension Operation.AccountChange {
    fileprivate func append(to bytes: inout CanonicalBytes) {
        switch self {
        case .open(let name, let currency, let accountClass, let minimum):
            bytes.append(name)
            bytes.append(currency.code)
            bytes.append(accountClass.rawValue)
            minimum.append(to: &bytes)
        case .rename(let name): bytes.append(name)
        case .freeze(let side), .unfreeze(let side): bytes.append(side?.rawValue)
        case .close, .reopen: break
        case .setMinimum(let minimum): minimum.append(to: &bytes)
        }
    }
}

extension Operation.Minimum {
    fileprivate func append(to bytes: inout CanonicalBytes) {
        switch self {
        case .unlimited: bytes.append(String?.none)
        case .amount(let amount):
            bytes.append("amount" as String?)
            bytes.append(amount)
        }
    }
}
