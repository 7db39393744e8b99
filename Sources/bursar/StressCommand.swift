import ArgumentParser
import Interchange
import Ledger
import LedgerService

struct StressCommand: LedgerCommand {
    static let configuration = CommandConfiguration(
        commandName: "stress",
        abstract: "Make contention on purpose: tellers post to few accounts; then the ledger is verified.",
        discussion: """
            The accounts are named stress-1 and so on, and stay in the ledger; --isolated uses a private ledger
            that is thrown away afterwards.
            """)

    @Option(help: ArgumentHelp("Tellers that post at the same time.", valueName: "n")) var tellers = 8
    @Option(
        help: ArgumentHelp(
            "Programs that they sit in, at most 4 if not given; those of one program are posted together and never conflict.",
            valueName: "n"))
    var programs: Int?
    @Option(help: ArgumentHelp("Accounts that they share.", valueName: "n")) var accounts = 10
    @Option(help: ArgumentHelp("How long.", valueName: "seconds")) var duration = 10.0
    @Flag(help: "Work on a throw-away ledger.") var isolated = false
    @Option(help: ArgumentHelp("Makes the same requests again.", valueName: "n")) var seed: UInt64?
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...150).contains(tellers) { throw ValidationError("--tellers takes a number from 1 to 150") }
        if let programs, !(1...tellers).contains(programs) {
            throw ValidationError("--programs takes a number from 1 to the number of tellers")
        }
        if !(2...100_000).contains(accounts) {
            throw ValidationError("--accounts takes a number from 2 to 100000")
        }
        if !(duration > 0 && duration <= 86_400) {
            throw ValidationError("--duration takes seconds, more than 0 and at most 86400")
        }
    }

    func run(_ context: CommandContext) async throws -> ExitStatus {
        let size = Session.Size(writers: tellers, readers: 2)
        let session =
            isolated
            ? try await Session.openThrowAway(context, size: size)
            : try await Session.open(context, size: size)
        do {
            try await session.requireWritable()
            let status = try await run(session, context)
            await session.close()
            return status
        } catch {
            await session.close()
            throw error
        }
    }

    private func run(_ session: Session, _ context: CommandContext) async throws -> ExitStatus {
        let codes = try (1...accounts).map { try AccountCode("stress-\($0)") }
        try await session.service.open(codes, balance: "1000.00", actor: context.settings.actor.value)
        let seed = seed ?? context.serviceEnvironment.random() >> 32
        let programs = programs ?? min(tellers, 4)
        context.output.note(
            "\(Money.counted(tellers, "teller")) in \(Money.counted(programs, "program")) on "
                + "\(Money.counted(accounts, "account")) for \(duration) s in \(session.ledgerName), "
                + "seed \(seed)")
        let totals = TellerTotals()
        let clock = context.serviceEnvironment.uptime
        let start = clock()
        let work = Tellers(service: session.service, accounts: codes, count: tellers, programs: programs) {
            _, _ in .zero
        }
        let display = StressDisplay(output: context.output, totals: totals, clock: clock, start: start)
        let ticker = Task { await display.tickEverySecond(context.serviceEnvironment) }
        await work.work(for: .seconds(duration), seed: seed) { outcome in
            await totals.note(outcome)
            await display.show(outcome)
        }
        ticker.cancel()
        let seconds = (clock() - start).milliseconds / 1000
        let report = try await session.verify(showing: context.output)
        await display.finish(report, seconds: seconds)
        return report.isSound ? .done : .unsound
    }
}

/// The live view of a stress run, as text.
private actor StressDisplay {
    private let output: Output
    private let totals: TellerTotals
    private let clock: @Sendable () -> Duration
    private let start: Duration
    private var shownInThisSecond = 0
    /// More would be a blur.
    private static let linesASecond = 20

    init(output: Output, totals: TellerTotals, clock: @escaping @Sendable () -> Duration, start: Duration) {
        self.output = output
        self.totals = totals
        self.clock = clock
        self.start = start
    }

    /// An operation that took more than one attempt, with each.
    func show(_ outcome: OperationOutcome) {
        if outcome.conflicts.isEmpty || output.isJSON || shownInThisSecond >= Self.linesASecond { return }
        for conflict in outcome.conflicts.prefix(Self.linesASecond) {
            shownInThisSecond += 1
            output.note(
                "  \(outcome.reference)  try \(conflict.attempt) ✗ \(conflict.text)")
        }
        shownInThisSecond += 1
        let end = outcome.receipt != nil ? "✓ posted" : "not posted"
        output.note(
            "  \(outcome.reference)  try \(outcome.attempts) \(end) after "
                + AttemptText.milliseconds(outcome.elapsed))
    }

    func tickEverySecond(_ environment: ServiceEnvironment) async {
        while !Task.isCancelled {
            do { try await environment.sleep(.seconds(1)) } catch { return }
            shownInThisSecond = 0
            let seconds = (clock() - start).milliseconds / 1000
            if output.isJSON {
                output.json(await line(seconds, sound: nil))
            } else {
                output.note(await text(seconds))
            }
        }
    }

    func finish(_ report: VerificationReport, seconds: Double) async {
        if output.isJSON { return output.json(await line(seconds, sound: report.isSound)) }
        output.line(await text(seconds))
        output.line(Output.summary(report))
    }

    private func text(_ seconds: Double) async -> String {
        let posted = await totals.posted
        let conflicts = await totals.conflicts
        let attempts = posted + conflicts
        let share = attempts == 0 ? 0 : conflicts * 100 / attempts
        let rate = Int64(Double(posted) / seconds)
        return "posted \(Money.grouped(Int64(posted))) (\(Money.grouped(rate)) a second)"
            + " · conflicts \(Money.grouped(Int64(conflicts))) (\(share)%)"
            + " · retried \(Money.grouped(Int64(await totals.retried)))"
            + " · refused \(await totals.refused) · gave up \(await totals.gaveUp)"
            + " · failed \(await totals.failed)"
            + " · p50 \(decimal(await totals.percentile(50))) p99 \(decimal(await totals.percentile(99))) ms"
    }

    private func line(_ seconds: Double, sound: Bool?) async -> JSONValue {
        .object(
            [
                ("posted", .integer(Int64(await totals.posted))),
                ("refused", .integer(Int64(await totals.refused))),
                ("conflicts", .integer(Int64(await totals.conflicts))),
                ("retried", .integer(Int64(await totals.retried))),
                ("gave_up", .integer(Int64(await totals.gaveUp))),
                ("failed", .integer(Int64(await totals.failed))),
                ("seconds", .decimal(decimal(seconds))),
                ("p50_ms", .decimal(decimal(await totals.percentile(50)))),
                ("p99_ms", .decimal(decimal(await totals.percentile(99)))),
            ] + (sound.map { [("sound", .bool($0))] } ?? []))
    }

    private func decimal(_ value: Double) -> String {
        Money.text(Int64(value * 100), digits: 2, grouping: false)
    }
}
