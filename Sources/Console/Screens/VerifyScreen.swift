import Ledger
import LedgerService

/// A check of the whole ledger, with its progress and what it found. It goes on while it is on the stack of
/// screens, and is stopped when the screen is left.
struct VerifyScreen: Screen {
    /// Whether it is to be checked, or only shown how to.
    private var isWanted: Bool
    private var request: RequestID?
    private var began: Timestamp?
    private var progress: Verifier.Progress?
    private var report: VerificationReport?
    private var ended: Timestamp?
    private var problem: String?
    var scroll = 0

    let place = Place.verify
    let title = "Verify"

    init(begins: Bool = true) { isWanted = begins }

    mutating func move(_ motion: Motion, _ context: ScreenContext) {
        scroll = max(scroll + motion.step(page: context.rows), 0)
    }

    func lineCount(_ console: ConsoleState) -> Int? { lines(console, columns: console.size.width).count }

    /// Checks once more.
    mutating func reload() {
        guard request == nil else { return }
        isWanted = true
        report = nil
        problem = nil
    }

    mutating func nextQuestions(_ context: ScreenContext, _ counter: inout RequestCounter)
        -> [(RequestID, Question)]
    {
        guard isWanted, request == nil, report == nil, problem == nil else { return [] }
        let id = counter.next()
        request = id
        began = context.now
        progress = nil
        return [(id, .verify)]
    }

    mutating func take(_ id: RequestID, _ answer: Answer, _ context: ScreenContext) -> Bool {
        guard request == id, case .verify(let answer) = answer else { return false }
        request = nil
        report = answer
        ended = context.now
        return true
    }

    mutating func take(_ id: RequestID, _ progress: Verifier.Progress) {
        if request == id { self.progress = progress }
    }

    mutating func fail(_ id: RequestID, _ message: String, now: Timestamp) -> Bool {
        guard request == id else { return false }
        request = nil
        problem = message
        return true
    }

    var openRequests: [RequestID] { request.map { [$0] } ?? [] }

    // MARK: Showing

    func draw(_ canvas: inout Canvas, _ console: ConsoleState) {
        canvas.draw(title: title, lines: lines(console, columns: canvas.width), scroll: scroll)
    }

    private func lines(_ console: ConsoleState, columns: Int) -> [TextLine] {
        if let problem {
            return TextLine.paragraph(
                Wording.sentence(problem)
                    + " Nothing is known of the ledger; \(console.keyLabel(.reload)) checks again.",
                .negative,
                columns: columns)
        }
        guard isWanted else {
            return TextLine.paragraph(
                "\(console.keyLabel(.reload)) checks every total, balance, number and hash of the ledger.",
                columns: columns)
        }
        guard let report else { return progressLines(console, columns: columns) }
        let took = Duration.microseconds(
            max(0, (ended ?? console.now).microseconds - (began ?? console.now).microseconds))
        let counts =
            Wording.counted(Int(report.accounts), "account") + ", "
            + Wording.counted(Int(report.transactions), "transaction") + " and "
            + Wording.counted(Int(report.records), "record") + " checked in \(Wording.duration(took))."
        let age = ended.map { " As of \($0.date) \($0.clock) UTC." } ?? ""
        if report.isSound {
            return TextLine.paragraph(
                "\(console.symbols.good) Sound: every total, balance, number and hash holds.", .positive,
                columns: columns) + TextLine.paragraph(counts + age, columns: columns)
        }
        let more = report.hasMoreProblems ? ", and more than are kept" : ""
        var lines = TextLine.paragraph(
            "\(console.symbols.bad) Unsound: \(Wording.counted(report.problems.count, "problem"))\(more).",
            .negative,
            columns: columns)
        lines += TextLine.paragraph(counts + age, columns: columns)
        for problem in report.problems {
            let place = [
                problem.account.map { "account \($0)" }, problem.seq.map { "record #\($0)" },
                problem.reference.map { "reference \($0)" },
            ].compactMap { $0 }.joined(separator: ", ")
            lines += TextLine.paragraph(
                "\(place.isEmpty ? "ledger" : place): \(problem.message)", columns: columns)
        }
        return lines
    }

    private func progressLines(_ console: ConsoleState, columns: Int) -> [TextLine] {
        guard let progress else {
            return [TextLine("  checking the whole ledger" + console.symbols.ellipsis, .dim)]
        }
        var lines = [
            TextLine(
                "  " + Wording.counted(Int(progress.records), "record") + " and "
                    + Wording.counted(Int(progress.transactions), "transaction") + " checked so far")
        ]
        if let share = progress.share {
            let room = max(min(columns - 12, 60), 10)
            let filled = Int(share * Double(room))
            let bar =
                String(repeating: console.symbols.bars.last ?? "#", count: filled)
                + String(repeating: console.symbols.horizontal, count: room - filled)
            lines.append(TextLine([("  " + bar, Style(.chart)), (" \(Int(share * 100)) %", .normal)]))
        }
        lines.append(TextLine())
        return lines
            + TextLine.paragraph(
                "It is checked as of the moment when it began; the work goes on meanwhile. \(console.keyLabel(.back)) stops it.",
                .dim,
                columns: columns)
    }
}
