import Ledger
import LedgerService

extension LedgerService {
    /// Opens those of these accounts that are missing, each with this balance. Those that exist are left alone.
    func open(_ codes: [AccountCode], balance: String, actor: String) async throws {
        for page in codes.chunks(of: 500) {
            let known = Set(try await store.queries.accounts(codes: page).map(\.account.code))
            let missing = page.filter { !known.contains($0) }
            if missing.isEmpty { continue }
            let opened = try await require(
                missing.map { code in
                    try operation(
                        .accountChange(
                            account: code,
                            change: .open(
                                name: "Account \(code)", currency: Tellers.currency, accountClass: .liability,
                                minimum: .zero),
                            reason: "simulation"),
                        actor: actor)
                })
            // Another program may open them at the same time; who opened an account pays in.
            try await require(
                zip(missing, opened).filter(\.1).map { code, _ in
                    try operation(
                        .deposit(account: code, amount: DecimalAmount(balance)), actor: actor,
                        narrative: "opening balance")
                })
        }
    }

    fileprivate func operation(
        _ action: Ledger.Operation.Action, actor: String, narrative: String = "",
        valueDate: CalendarDate? = nil
    ) throws(Refusal) -> Ledger.Operation {
        try Operation(
            reference: Reference(generatedFrom: environment.newIdentifier()), action: action, actor: actor,
            narrative: narrative, valueDate: valueDate)
    }

    /// - Returns: for each whether it is posted; false for an account that exists already.
    /// - Throws: ``CommandError`` when one of them is not posted for another reason.
    @discardableResult
    fileprivate func require(_ operations: [Ledger.Operation]) async throws -> [Bool] {
        let outcomes = await perform(operations)
        // The whole command says whether they are ready, and a killed one makes them ready the next time.
        acknowledge(outcomes)
        return try outcomes.map { outcome in
            if outcome.receipt != nil { return true }
            if case .refused(.accountExists) = outcome.result { return false }
            throw CommandError(
                "the accounts could not be made ready: \(outcome.result)", ExitStatus(outcome))
        }
    }
}

extension Array {
    fileprivate func chunks(of size: Int) -> [[Element]] {
        stride(from: 0, to: count, by: size).map { Array(self[$0..<Swift.min($0 + size, count)]) }
    }
}

/// A small bank to try the program on: people and firms with a few weeks of history.
struct SampleBank: Sendable {
    /// The accounts that the simulated tellers fight for.
    static let busyAccounts = ["1001", "1002", "1003", "1004", "2001"]

    private static let customers: [(code: String, name: String, opening: String)] = [
        ("1001", "Harbour Bakery", "18250.00"), ("1002", "Nguyen & Sons Plumbing", "9320.40"),
        ("1003", "Café Lumière", "12480.75"), ("1004", "Kovář Elektro", "22100.00"),
        ("1005", "Zoë Martin", "1840.10"), ("1006", "Ana-María Ruiz", "655.00"),
        ("1007", "山田 太郎", "3020.00"), ("1008", "Bjørn Ødegård", "410.25"),
        ("1009", "Priya Raman", "7715.90"), ("1010", "Oluwaseun Adeyemi", "2240.00"),
        ("1011", "Lucía Fernández", "980.60"), ("1012", "Müller Logistik", "30450.00"),
        ("1013", "Ivana Horvat", "1275.35"), ("1014", "Tomasz Wiśniewski", "560.00"),
        ("1015", "Green Valley Dairy", "15890.20"), ("1016", "Elif Yılmaz", "3340.00"),
        ("1017", "St Anne's Primary School", "8640.00"), ("1018", "Northside Cycling Club", "1125.50"),
        ("1019", "George Papadopoulos", "2090.00"), ("1020", "Fatima Zahra Alaoui", "4875.00"),
        ("2001", "Payroll clearing", "50000.00"), ("2002", "Card settlement", "25000.00"),
        ("2003", "Direct debit collection", "12000.00"),
    ]

    /// Opens the accounts and posts their history.
    static func make(in service: LedgerService) async throws {
        let actor = "sample"
        let today = service.environment.now().date.daysSince1970
        try await service.require(
            customers.map { customer in
                try service.operation(
                    .accountChange(
                        account: AccountCode(customer.code),
                        change: .open(
                            name: customer.name, currency: Tellers.currency, accountClass: .liability,
                            minimum: customer.code == "1012" ? .amount(DecimalAmount("-5000.00")) : .zero),
                        reason: "sample"),
                    actor: actor)
            })
        try await service.require(
            customers.map { customer in
                try service.operation(
                    .deposit(
                        account: AccountCode(customer.code), amount: DecimalAmount(customer.opening)),
                    actor: actor, narrative: "opening balance",
                    valueDate: CalendarDate(daysSince1970: today - 60))
            })
        try await service.require(history(service, actor: actor, today: today))
        try await service.require([
            try service.operation(
                .accountChange(
                    account: AccountCode("1014"), change: .freeze(.debit),
                    reason: "card reported stolen, waiting for the customer"), actor: actor),
            try service.operation(
                .accountChange(
                    account: AccountCode("1008"), change: .freeze(nil), reason: "court order 44/2026"),
                actor: actor),
        ])
    }

    /// Sixty days of small payments, the same every time.
    private static func history(
        _ service: LedgerService, actor: String, today: Int32
    ) throws -> [Ledger.Operation] {
        var random = SeededRandom(seed: 1993)
        let reasons = ["invoice", "rent", "groceries", "membership", "repair", "catering", "tickets"]
        return try (0..<400).map { step in
            let from = Int.random(in: customers.indices, using: &random)
            let to = (from + Int.random(in: 1..<customers.count, using: &random)) % customers.count
            let amount = Money(
                units: Int64.random(in: 100...2500, using: &random), currency: Tellers.currency)
            return try service.operation(
                .transfer(
                    from: AccountCode(customers[from].code), to: AccountCode(customers[to].code),
                    amount: DecimalAmount(amount)),
                actor: actor, narrative: reasons[Int.random(in: reasons.indices, using: &random)],
                valueDate: CalendarDate(daysSince1970: today - 59 + Int32(step * 59 / 400)))
        }
    }
}
