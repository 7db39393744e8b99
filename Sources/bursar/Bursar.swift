import ArgumentParser
import Glibc

/// The program. `bursar` alone opens the console.
struct Bursar: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bursar",
        abstract: "A terminal ledger: an operation is posted exactly once or not at all, and it says which.",
        discussion: """
            With nothing configured it works on a private ledger of its own; --connect or BURSAR_CONNECT names
            another. Exit status: 0 done, 64 usage, 65 refused or bad data, 69 server not reachable,
            70 internal error or unsound ledger, 75 gave up (safe to run again), 76 outcome unknown
            (run `bursar show REFERENCE`), 77 not permitted, 78 bad settings.
            """,
        version: "0.1.0",
        subcommands: [
            ConsoleCommand.self, DemoCommand.self, InitCommand.self, DoctorCommand.self,
            AccountCommand.self, DepositCommand.self, WithdrawCommand.self, TransferCommand.self,
            AdjustCommand.self, ReverseCommand.self, ShowCommand.self, JournalCommand.self,
            ImportCommand.self, ExportCommand.self, VerifyCommand.self, RoleCommand.self, StressCommand.self,
        ],
        defaultSubcommand: ConsoleCommand.self)
}

@main
enum Program {
    static func main() {
        // A reader that goes away is noticed where we write, so that the ledger is closed in good order.
        signal(SIGPIPE, SIG_IGN)
        if getenv("SWIFT_BACKTRACE") == nil { dieQuietly() }
        if let problem = encodingProblem() {
            Output.errorPage(problem)
            exit(ExitStatus.usage.rawValue)
        }
        let commands = Bursar.configuration.subcommands.compactMap { $0.configuration.commandName }
        run(normalized(Array(CommandLine.arguments.dropFirst()), commands: Set(commands)))
    }

    /// As `Bursar.main` does it, but for its messages, which repeat what was typed: they go to the terminal as
    /// everything else does.
    private static func run(_ arguments: [String]) {
        do {
            var command = try Bursar.parseAsRoot(arguments)
            try command.run()
        } catch {
            let status = Bursar.exitCode(for: error)
            let message = Bursar.fullMessage(for: error)
            if !status.isSuccess {
                Output.errorPage(message)
            } else if !message.isEmpty {
                // Help, version and completion scripts: nothing of them was typed.
                print(message)
            }
            exit(status.rawValue)
        }
    }

    /// Bytes that are no text would come to the books as other text.
    private static func encodingProblem() -> String? {
        for (place, argument) in CommandLine.arguments.enumerated() {
            if let bytes = CommandLine.unsafeArgv[place], String(validatingCString: bytes) == nil {
                return
                    "bursar: argument \(place) is not in UTF-8: “\(argument)”; nothing was done. Check the locale of "
                    + "the terminal, or of what wrote it"
            }
        }
        return nil
    }

    /// Where Swift's tools are installed, its runtime answers a crash with a backtrace and a question, which an
    /// operator can do nothing with. Who sets SWIFT_BACKTRACE wants it.
    private static func dieQuietly() {
        for number in [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE] { signal(number, SIG_DFL) }
    }
}
