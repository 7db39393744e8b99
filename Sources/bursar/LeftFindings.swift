import Interchange
import Ledger
import LedgerService

/// What programs that were killed have left open, and what became of it.
struct LeftFindings: Sendable {
    private(set) var operations: [LeftOperation] = []
    private(set) var warnings: [String] = []

    /// - Parameter canAsk: whether the ledger can be read; if not, nothing is taken over.
    init(_ service: LedgerService, canAsk: Bool) async {
        guard let outbox = service.outbox else { return }
        do {
            if canAsk { operations = try await service.leftOperations() }
            let survey = try await outbox.survey()
            for (ledger, count) in survey.elsewhere.sorted(by: { $0.key < $1.key }) {
                warnings.append(
                    "\(Self.counted(count)) sent to another ledger (\(ledger)) by a program that was killed; "
                        + "`bursar doctor --connect …` there tells what became of them")
            }
            for path in survey.damaged {
                warnings.append(
                    "\(path) has lines that cannot be read: an operation of a killed program may be among them; look "
                        + "into the file, compare the journal, and delete it")
            }
        } catch let error as OutboxError {
            warnings.append(error.message)
        } catch {
            warnings.append(
                "what killed programs left open could not be looked up: \(CommandError(error).message)")
        }
    }

    /// Those that are told for good.
    var settled: [Reference] {
        operations.compactMap { left in
            if case .undecided = left.fate { nil } else { left.operation.reference }
        }
    }

    /// One line for each, to be read.
    var lines: [String] {
        operations.map { left in
            let summary = OperationSummary(left.operation)
            let what = [summary.title, summary.amount ?? ""].filter { !$0.isEmpty }.joined(separator: " ")
            return
                "left open by a killed program at \(left.begunAt.date) \(left.begunAt.clock) UTC: \(what), "
                + "reference \(summary.reference): \(Self.fate(of: left))"
        }
    }

    private static func fate(of left: LeftOperation) -> String {
        switch left.fate {
        case .posted: "posted"
        case .notPosted: "not posted; run it again if it is still wanted"
        case .undecided(let until):
            "not on the books so far; ask again after \(until.date) \(until.clock) UTC, when it is known for good"
        }
    }

    static func json(_ left: LeftOperation) -> JSONValue {
        let (name, receipt): (String, Receipt?) =
            switch left.fate {
            case .posted(let receipt): ("posted", receipt)
            case .notPosted: ("not_posted", nil)
            case .undecided: ("undecided", nil)
            }
        let summary = OperationSummary(left.operation)
        return .object([
            ("reference", .string(summary.reference.text)), ("kind", .string(summary.kind)),
            ("begun_at", .string(left.begunAt.description)), ("outcome", .string(name)),
            ("transaction", receipt?.transaction.map { .string($0.description) } ?? .null),
        ])
    }

    private static func counted(_ count: Int) -> String {
        Money.counted(count, "operation") + (count == 1 ? " was" : " were")
    }
}
