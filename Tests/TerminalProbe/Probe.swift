import Console
import Glibc
import Terminal

/// Draws a console without a ledger and says below it which keys came: what the tests of the terminal look
/// at.
///
/// Arguments, each `name=value`: `screen` (see ``ProbeScreen/Content``), `theme`, `colors`, and `bench` with
/// the number of frames to draw and measure.
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
        let options = Terminal.Options(
            usesColor: getenv("NO_COLOR") == nil,
            theme: argument("theme").flatMap(Theme.init(rawValue:)) ?? .standard,
            colors: argument("colors").flatMap { Int($0) })
        let terminal = try Terminal.open(options)
        if let frames = argument("bench").flatMap({ Int($0) }) {
            let report = Benchmark(frames: frames).run(on: terminal)
            terminal.close()
            print(report)
            return 0
        }
        let inbox = try Inbox<String>()
        var probe = ProbeScreen(
            size: terminal.size,
            content: argument("screen").flatMap(ProbeScreen.Content.init(rawValue:)) ?? .keys,
            symbols: terminal.showsUnicode ? "unicode" : "ascii")
        let ending = terminal.run(
            inbox: inbox, view: { probe.view() }, handle: { probe.handle($0, inbox: inbox) })
        print("probe: ended, \(ending)")
        return ending.exitStatus
    }

    private static func argument(_ name: String) -> String? {
        CommandLine.arguments.dropFirst().lazy.filter { $0.hasPrefix(name + "=") }.first
            .map { String($0.dropFirst(name.count + 1)) }
    }
}
