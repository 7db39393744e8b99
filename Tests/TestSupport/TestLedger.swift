import Ledger
import LedgerService
import LedgerStore
import Logging
import Postgres

/// A ledger of its own in a database of its own, on the test server.
public struct TestLedger: Sendable {
    /// Nil when the ledger is on a server that the test brought itself.
    private let ownDatabase: TestDatabase?
    public let store: LedgerStore
    public let service: LedgerService

    /// - Parameters:
    ///   - writers: sessions that may post at a time.
    ///   - policy: with a deadline that a loaded machine keeps.
    public static func make(
        writers: Int = 4, policy: RetryPolicy = RetryPolicy(maximumAttempts: 10_000, deadline: .seconds(120))
    ) async throws -> TestLedger {
        let database = try await TestDatabase.make(template: .ledger)
        return try await make(in: database, writers: writers, policy: policy)
    }

    /// A further, independent program on the same ledger.
    public func another(writers: Int = 4) async throws -> TestLedger {
        try await Self.make(in: database, writers: writers, policy: service.policy)
    }

    private static func make(
        in database: TestDatabase, writers: Int, policy: RetryPolicy
    ) async throws -> TestLedger {
        let store = try await LedgerStore.open(database.settings(), writers: writers)
        return TestLedger(
            database: database, store: store,
            service: LedgerService(store: store, policy: policy, log: quietLog))
    }

    /// A service of its own on the same store, as another program would have it.
    public func service(policy: RetryPolicy) -> LedgerService {
        LedgerService(store: store, policy: policy, log: Self.quietLog)
    }

    public init(store: LedgerStore, service: LedgerService) {
        ownDatabase = nil
        self.store = store
        self.service = service
    }

    private init(database: TestDatabase, store: LedgerStore, service: LedgerService) {
        ownDatabase = database
        self.store = store
        self.service = service
    }

    public var database: TestDatabase {
        guard let ownDatabase else { preconditionFailure("the ledger is not on the test server") }
        return ownDatabase
    }

    /// Conflicts are what many tests make on purpose; what is wrong is still said.
    public static let quietLog: Logger = {
        var log = Logger(label: "bursar.test")
        log.logLevel = .error
        return log
    }()

    /// Runs SQL as the owner, past everything that guards the ledger.
    public func tamper(_ script: String) async throws { try await database.run(script) }

    // MARK: - Operations in short

    public func operation(
        _ action: Ledger.Operation.Action, reference: String? = nil, narrative: String = ""
    ) throws -> Ledger.Operation {
        try Operation(
            reference: reference.map { try Reference($0) }
                ?? Reference(generatedFrom: ServiceEnvironment.live.newIdentifier()),
            action: action, actor: "test", narrative: narrative)
    }

    /// Opens liability accounts in CZK, each with this balance.
    public func open(_ codes: [String], balance: String? = nil, minimum: Operation.Minimum = .zero)
        async throws
    {
        let currency = try Currency("CZK")
        var operations = try codes.map { code in
            try operation(
                .accountChange(
                    account: try AccountCode(code),
                    change: .open(
                        name: "Account \(code)", currency: currency, accountClass: .liability,
                        minimum: minimum),
                    reason: ""))
        }
        if let balance {
            operations += try codes.map { try operation(deposit($0, balance)) }
        }
        for outcome in await service.perform(operations) {
            guard case .posted = outcome.result else { throw UnexpectedOutcome(outcome: outcome) }
        }
    }

    public func deposit(_ account: String, _ amount: String) throws -> Operation.Action {
        .deposit(account: try AccountCode(account), amount: try DecimalAmount(amount))
    }

    public func withdrawal(_ account: String, _ amount: String) throws -> Operation.Action {
        .withdrawal(account: try AccountCode(account), amount: try DecimalAmount(amount))
    }

    public func transfer(_ from: String, _ to: String, _ amount: String) throws -> Operation.Action {
        .transfer(
            from: try AccountCode(from), to: try AccountCode(to), amount: try DecimalAmount(amount))
    }

    public func account(_ code: String) async throws -> Account? {
        try await store.queries.accounts(codes: [try AccountCode(code)]).first?.account
    }
}

public struct UnexpectedOutcome: Error {
    public let outcome: OperationOutcome
}
