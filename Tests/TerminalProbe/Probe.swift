import Console
import Glibc
import Terminal

/// Draws a console without a ledger and says below it which keys came: what the tests of the terminal look at.
@main
enum Probe {
    static func main() {
        do {
            exit(try run())
        } catch {
            print("probe: \(error)")
            exit(1)
        }
    }

    private static func run() throws(TerminalError) -> Int32 {
        let terminal = try Terminal.open(Terminal.Options(usesColor: getenv("NO_COLOR") == nil))
        let inbox = try Inbox<String>()
        var probe = ProbeScreen(size: terminal.size)
        let ending = terminal.run(
            inbox: inbox, view: { probe.view() }, handle: { probe.handle($0, inbox: inbox) })
        print("probe: ended, \(ending)")
        return ending.exitStatus
    }
}
