import FaultProxy
import Foundation
import Ledger
import LedgerService
import LedgerStore
import Logging
import Postgres

/// One program of tellers: several hands that post at a time, over one store and one outbox, until it is told to stop or
/// is killed.
public struct Teller: Sendable {
    public let connectionString: String
    /// Where it writes its log, and keeps its outbox.
    public let directory: String
    public let name: String
    public let accounts: [String]
    public let seed: UInt64

    static let hands = 3
    /// Long enough for most faults to pass, and short enough that some operations end unknown.
    private static let policy = RetryPolicy(maximumAttempts: 200, deadline: .seconds(4))

    public init(connectionString: String, directory: String, name: String, accounts: [String], seed: UInt64) {
        self.connectionString = connectionString
        self.directory = directory
        self.name = name
        self.accounts = accounts
        self.seed = seed
    }

    /// Finds out about what was left behind, and works until the task is cancelled.
    public func run() async throws {
        let log = try TellerLogWriter(path: "\(directory)/\(name).log")
        let service = try await openService()
        try await tellLeft(service, log)
        await withTaskGroup(of: Void.self) { group in
            for hand in 0..<Self.hands {
                let hand = TellerHand(
                    name: "\(name)-\(hand)", accounts: accounts, service: service, log: log,
                    random: SeededGenerator(seed: seed &+ UInt64(hand)))
                group.addTask { await hand.work() }
            }
        }
        await service.outbox?.close()
        await service.store.close()
    }

    private func openService() async throws -> LedgerService {
        var quiet = Logger(label: "teller")
        quiet.logLevel = .critical
        let settings = try ConnectionSettings(connectionString, overrides: ["application_name": "teller"])
        while true {
            do {
                let store = try await LedgerStore.open(settings, writers: Self.hands, readers: 2)
                return LedgerService(
                    store: store, policy: Self.policy, log: quiet,
                    outbox: Outbox(directory: directory + "/outbox", ledger: "campaign"))
            } catch {
                // Also at its start it meets the faults.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    /// Opens accounts with something on each of them.
    static func open(_ codes: [String], in store: LedgerStore) async throws {
        let service = LedgerService(store: store)
        for code in codes {
            let account = try AccountCode(code)
            let opening = Ledger.Operation.Action.accountChange(
                account: account,
                change: .open(
                    name: code, currency: try Currency("CZK"), accountClass: .liability, minimum: .zero),
                reason: "")
            let deposit = Ledger.Operation.Action.deposit(account: account, amount: try DecimalAmount("1000"))
            for (kind, action) in [("open", opening), ("deposit", deposit)] {
                let operation = try Operation(
                    reference: Reference("\(kind)-\(code)"), action: action, actor: "campaign")
                guard await service.perform(operation).receipt != nil else {
                    throw CampaignError("account \(code) could not be made")
                }
            }
        }
    }

    /// Tells what is left open of all programs, when nothing is under way at the server any more: what is not on the books
    /// now will never be there.
    func findOutTheRest() async throws {
        let log = try TellerLogWriter(path: "\(directory)/\(name).log")
        let service = try await openService()
        for left in try await service.leftOperations() {
            let isPosted = if case .posted = left.fate { true } else { false }
            let reference = left.operation.reference
            try await log.write(.foundOut(at: monotonicNow(), reference: reference.text, isPosted: isPosted))
            service.acknowledge([reference])
        }
        await service.outbox?.close()
        await service.store.close()
    }

    /// What killed programs have left open. What is not decided stays for later.
    private func tellLeft(_ service: LedgerService, _ log: TellerLogWriter) async throws {
        for _ in 0..<20 {
            do {
                for left in try await service.leftOperations() {
                    let isPosted: Bool
                    switch left.fate {
                    case .posted: isPosted = true
                    case .notPosted: isPosted = false
                    case .undecided: continue
                    }
                    let reference = left.operation.reference
                    try await log.write(
                        .foundOut(at: monotonicNow(), reference: reference.text, isPosted: isPosted))
                    service.acknowledge([reference])
                }
                return
            } catch is PostgresError {
                try await Task.sleep(for: .milliseconds(100))
            } catch is StoreFailure {
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }
}

/// What one hand of a teller does.
struct TellerHand: Sendable {
    let name: String
    let accounts: [String]
    let service: LedgerService
    let log: TellerLogWriter
    var random: SeededGenerator
    private var count = 0
    /// What may be reversed: the latest transactions of its own.
    private var posted: [String] = []

    init(
        name: String, accounts: [String], service: LedgerService, log: TellerLogWriter,
        random: SeededGenerator
    ) {
        self.name = name
        self.accounts = accounts
        self.service = service
        self.log = log
        self.random = random
    }

    func work() async {
        var hand = self
        do {
            while !Task.isCancelled { try await hand.round() }
        } catch {
            FileHandle.standardError.write(Data("\(name): \(error)\n".utf8))
        }
    }

    private mutating func round() async throws {
        let size = Int.random(in: 0..<10, using: &random) == 0 ? Int.random(in: 2...6, using: &random) : 1
        var batch: [(TellerOperation, Ledger.Operation)] = []
        for _ in 0..<size { batch.append(try next()) }
        for (logged, _) in batch { try await log.write(.began(at: monotonicNow(), logged)) }
        // A task of its own: what has been begun is ended, also by a program that was told to stop.
        let outcomes = await Task { [service, operations = batch.map(\.1)] in
            await service.perform(operations)
        }.value
        for (outcome, (logged, _)) in zip(outcomes, batch) {
            try await log.write(
                .told(at: monotonicNow(), reference: logged.reference, TellerEvent.Told(outcome.result)))
            if outcome.receipt?.transaction != nil, logged.kind != "reversal" {
                posted = posted.suffix(20) + [logged.reference]
            }
        }
        service.acknowledge(outcomes)
        for outcome in outcomes {
            if case .unknown = outcome.result { try await findOut(outcome.reference) }
        }
    }

    /// Asks for a while what became of an operation. Only what is found is final: what is not there may still come.
    private func findOut(_ reference: Reference) async throws {
        for _ in 0..<20 {
            if let settled = try? await service.settled(reference) {
                try await log.write(
                    .foundOut(at: monotonicNow(), reference: settled.receipt.reference.text, isPosted: true))
                return service.acknowledge([reference])
            }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    private mutating func next() throws -> (TellerOperation, Ledger.Operation) {
        count += 1
        let reference = "\(name)-\(count)"
        let first = accounts.randomElement(using: &random) ?? ""
        let second = accounts.filter { $0 != first }.randomElement(using: &random) ?? ""
        let units = Int64.random(in: 1...400_00, using: &random)
        let amount = DecimalAmount(Money(units: units, currency: try Currency("CZK")))
        let (code, other) = (try AccountCode(first), try AccountCode(second))
        func make(
            _ kind: String, _ action: Ledger.Operation.Action, _ accounts: [String], units: Int64? = nil,
            original: String? = nil
        ) throws -> (TellerOperation, Ledger.Operation) {
            (
                TellerOperation(
                    reference: reference, kind: kind, accounts: accounts, units: units, original: original),
                try Operation(reference: Reference(reference), action: action, actor: name)
            )
        }
        func change(_ kind: String, _ change: Ledger.Operation.AccountChange) throws -> (
            TellerOperation, Ledger.Operation
        ) {
            try make(kind, .accountChange(account: code, change: change, reason: "campaign"), [first])
        }
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<52:
            return try make(
                "transfer", .transfer(from: code, to: other, amount: amount), [first, second], units: units)
        case 52..<66:
            return try make("deposit", .deposit(account: code, amount: amount), [first], units: units)
        case 66..<78:
            return try make("withdrawal", .withdrawal(account: code, amount: amount), [first], units: units)
        case 78..<86:
            guard let original = posted.randomElement(using: &random) else { return try next() }
            return try make(
                "reversal", .reversal(of: Reference(original), amount: nil, reason: "campaign"), [],
                original: original)
        case 86..<88:
            return try change("freeze", .freeze([nil, .debit, .credit].randomElement(using: &random) ?? nil))
        case 88..<95: return try change("unfreeze", .unfreeze(nil))
        case 95..<96: return try change("close", .close)
        case 96..<98: return try change("reopen", .reopen)
        default:
            let minimum = -Int64.random(in: 0...100_00, using: &random)
            return try change(
                "set-minimum",
                .setMinimum(.amount(DecimalAmount(Money(units: minimum, currency: Currency("CZK"))))))
        }
    }
}

extension TellerEvent.Told {
    init(_ result: OperationOutcome.Result) {
        self =
            switch result {
            case .posted: .posted
            case .alreadyPosted: .alreadyPosted
            case .refused(let refusal):
                .refused(
                    name: refusal.name,
                    facts: Dictionary(refusal.facts.map { ($0.name, $0.value) }) { first, _ in first })
            case .failed(let failure): .failed(failure.message)
            case .gaveUp(let failure): .gaveUp(failure.message)
            case .cancelled: .gaveUp("cancelled")
            case .unknown(let failure): .unknown(failure.message)
            }
    }
}
