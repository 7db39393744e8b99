import ArgumentParser
import Ledger
import LedgerService

struct ConsoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Open the console (the default).", shouldDisplay: false)

    @Flag(help: "Look and change nothing, whatever the role may do.")
    var readOnly = false

    @OptionGroup var common: CommonOptions

    func run() throws {
        let status = ConsoleRuntime.run(common, isReadOnly: readOnly) { context in
            try await Session.open(context)
        }
        if status != 0 { throw ExitCode(status) }
    }
}

struct DemoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Try it: a throw-away ledger with sample accounts and simulated tellers.")

    @Flag(help: "Look and change nothing yourself; the tellers go on.")
    var readOnly = false

    @OptionGroup var common: CommonOptions

    private static let tellers = 6

    func run() throws {
        let size = Session.Size(writers: Self.tellers + 2, readers: 4)
        let status = ConsoleRuntime.run(common, isReadOnly: readOnly, remembers: false) { context in
            let session = try await Session.openThrowAway(context, size: size)
            do {
                try await SampleBank.make(in: session.service)
                return session
            } catch {
                await session.close()
                throw error
            }
        } background: { session in
            await Self.tellers(session.service).work(for: nil, seed: session.service.environment.random()) {
                _ in
            }
        }
        if status != 0 { throw ExitCode(status) }
    }

    /// They come in rushes, all at once to the same few accounts, so that conflicts are seen; between two rushes
    /// there is time to read.
    private static func tellers(_ service: LedgerService) -> Tellers {
        let accounts = SampleBank.busyAccounts.map { AccountCode(stored: $0) }
        let clock = service.environment.uptime
        return Tellers(service: service, accounts: accounts, count: tellers, programs: tellers) {
            round, random in
            if round % 3 != 0 { return .zero }
            let rush = 1500.0
            let intoThisRush = clock().milliseconds.truncatingRemainder(dividingBy: rush)
            return .milliseconds(rush - intoThisRush) + .microseconds(Int64(random % 3000))
        }
    }
}
