/// The states that an account went through, one after each of its records.
struct AccountLine: Sendable {
    struct State: Sendable {
        /// Of the record that led to it; 0 before the first.
        let seq: Int64
        /// What led to it.
        let reference: String
        let status: String
        let minimum: Int64?
        /// On the normal side.
        let units: Int64

        func allows(_ side: String) -> Bool {
            switch status {
            case "open": true
            case "debit-frozen": side == "credit"
            case "credit-frozen": side == "debit"
            default: false
            }
        }
    }

    let account: Books.Account
    private(set) var states: [State] = []
    private(set) var anomalies: [String] = []

    /// Goes through the account's records in their order, and holds each to the rules as they were at its place.
    init(_ account: Books.Account, _ records: [Books.Record]) {
        self.account = account
        var status = "open"
        var minimum: Int64?
        var (debits, credits): (Int64, Int64) = (0, 0)
        for (index, record) in records.enumerated() {
            func note(_ text: String) { anomalies.append("account \(account.code) #\(record.seq): \(text)") }
            if record.seq != Int64(index + 1) { note("it should be #\(index + 1)") }
            if record.kind == "entry" {
                if record.transaction == nil || record.reference == nil { note("an entry of no transaction") }
                let before = State(
                    seq: record.seq - 1, reference: "", status: status, minimum: minimum,
                    units: account.isDebitNormal ? debits - credits : credits - debits)
                if let side = record.side, !before.allows(side) {
                    note("a \(side) entry while it was \(status)")
                }
                if record.side == "debit" { debits += record.amount } else { credits += record.amount }
                let units = account.isDebitNormal ? debits - credits : credits - debits
                if let minimum, units < before.units, units < minimum {
                    note("\(units) is below the minimum of \(minimum)")
                }
            } else {
                if status == "closed", record.status == nil || record.kind != "status" {
                    note("\(record.kind) while it was closed")
                }
                if record.kind == "opened" || record.kind == "minimum" { minimum = record.minimum }
                if record.kind == "status", record.status == "closed", debits != credits {
                    note("closed while it held money")
                }
                status = record.status ?? status
            }
            if record.debits != debits || record.credits != credits {
                note(
                    "its totals are \(record.debits) and \(record.credits), those of the records up to it \(debits) and "
                        + "\(credits)")
            }
            states.append(
                State(
                    seq: record.seq, reference: record.reference ?? "", status: status, minimum: minimum,
                    units: account.isDebitNormal ? debits - credits : credits - debits))
        }
        if account.version != Int64(records.count) || account.debits != debits || account.credits != credits
            || account.status != status || account.minimum != minimum
        {
            anomalies.append("account \(account.code) is not what its records make it")
        }
    }
}
