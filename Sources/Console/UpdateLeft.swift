import Ledger
import LedgerService

/// Operations that programs before this one sent and were killed over: asked about at the start, and told until somebody
/// has taken note.
struct LeftWork: Sendable {
    private var poll = Poll()
    /// Those whose outcome is not final yet, as they were asked about last.
    private(set) var undecided: [LeftOperation] = []
    /// Those that are not on the books and will not come there.
    private(set) var notPosted: [Operation] = []
    private var isOver = false

    private static let interval = Duration.seconds(5)

    mutating func nextQuestion(now: Timestamp, counter: inout RequestCounter) -> (RequestID, Question)? {
        guard !isOver else { return nil }
        return poll.begin(&counter, now: now).map { ($0, .leftOperations) }
    }

    /// - Returns: what was found on the books, and what nobody was told of before; nil for an answer to another question.
    mutating func take(_ id: RequestID, _ answer: Answer, now: Timestamp) -> [Receipt]? {
        guard case .leftOperations(let operations) = answer,
            poll.end(id, now: now, interval: Self.interval)
        else { return nil }
        var posted: [Receipt] = []
        (undecided, notPosted) = ([], [])
        for left in operations {
            switch left.fate {
            case .posted(let receipt): posted.append(receipt)
            case .notPosted: notPosted.append(left.operation)
            case .undecided: undecided.append(left)
            }
        }
        isOver = undecided.isEmpty
        return posted
    }

    mutating func fail(_ id: RequestID, now: Timestamp) -> Bool { poll.fail(id, now: now) }

    mutating func takeNote() { notPosted = [] }

    /// Somebody has sent it again, and is told by that.
    mutating func forget(_ reference: Reference) { notPosted.removeAll { $0.reference == reference } }
}

extension ConsoleState {
    /// What there is to say of operations that were left behind, under the header.
    var leftBanners: [Notice] {
        var banners: [Notice] = []
        if let first = left.notPosted.first {
            let rest = left.notPosted.count > 1 ? " and \(left.notPosted.count - 1) more" : ""
            let what = "\(summary(of: first)) (\(first.reference))\(rest)"
            banners.append(
                Notice(
                    text: "\(symbols.bad) Sent by a program that was killed, and not posted: \(what). "
                        + "\(keyLabel(.showUnknown)) fills it in again, \(keyLabel(.back)) takes note.",
                    role: .warning))
        }
        if let first = left.undecided.first, case .undecided(let until) = first.fate {
            let rest = left.undecided.count > 1 ? " and \(left.undecided.count - 1) more" : ""
            banners.append(
                Notice(
                    text:
                        "\(symbols.unknown) Sent by a program that was killed: \(summary(of: first.operation)) "
                        + "(\(first.operation.reference))\(rest). Not on the books so far; at \(until.clock) UTC it is "
                        + "known for good.",
                    role: .warning))
        }
        return banners
    }

    /// Fills in the form of an operation that was left behind and not posted, under the same reference: whatever comes of
    /// the first sending, it is posted once at the most.
    mutating func showLeft() {
        guard let operation = left.notPosted.first else { return }
        let (kind, texts) = operation.template
        var form = FormDialog(kind: kind, texts: texts, reference: operation.reference)
        form.markSent()
        dialog = .form(form)
    }

    /// Whether there are outcomes that somebody has to take note of.
    var hasNews: Bool { !foundOnBooks.isEmpty || !left.notPosted.isEmpty }

    /// What somebody takes note of by Esc.
    mutating func takeNote() -> [ConsoleEffect] {
        let told = foundOnBooks.map(\.reference) + left.notPosted.map(\.reference)
        foundOnBooks = []
        left.takeNote()
        return told.isEmpty ? [] : [.acknowledge(told)]
    }
}
