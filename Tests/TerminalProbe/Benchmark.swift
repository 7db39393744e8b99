import Console
import Glibc
import Terminal

/// Measures drawing: frames in which every cell is different, and frames in which one row is.
///
///     script -qfc 'stty rows 50 cols 160; .build/release/terminal-probe bench=2000' /tmp/drawn
struct Benchmark {
    let frames: Int

    func run(on terminal: Terminal) -> String {
        let size = terminal.size
        // Made before, so that only drawing is measured.
        let full = (0..<4).map { frame(size: size, variant: $0) }
        let oneRow = (0..<4).map { frame(size: size, variant: 0, changedRow: $0) }
        let fullTimes = measure { terminal.draw(full[$0 % 4]) }
        let rowTimes = measure { terminal.draw(oneRow[$0 % 4]) }
        let sameTimes = measure { _ in terminal.draw(oneRow[0]) }
        return "draw \(size.width)x\(size.height), \(frames) frames, p50 p99 max µs: full \(fullTimes), "
            + "one row \(rowTimes), the same \(sameTimes)"
    }

    private func measure(_ body: (Int) -> Void) -> String {
        // The first frames fault memory in.
        for index in 0..<4 { body(index) }
        var elapsed: [Int] = []
        var used: [Int] = []
        for index in 0..<frames {
            let (start, processor) = (ContinuousClock.now, Self.processorTime)
            body(index)
            elapsed.append(Int((ContinuousClock.now - start) / .microseconds(1)))
            used.append(Self.processorTime - processor)
        }
        return "\(Self.summary(elapsed)) (processor \(Self.summary(used)))"
    }

    private static func summary(_ times: [Int]) -> String {
        let times = times.sorted()
        guard let last = times.last else { return "-" }
        return "\(times[times.count / 2]) \(times[times.count * 99 / 100]) \(last)"
    }

    /// Of this thread, in microseconds: without what other programs of a busy machine use.
    private static var processorTime: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    /// Like a list: columns of text in several styles, some of it not ASCII.
    private func frame(size: Size, variant: Int, changedRow: Int? = nil) -> Frame {
        var frame = Frame(size: size)
        let roles: [Role] = [.normal, .dim, .positive, .negative, .title, .normal, .warning, .strong]
        for row in 0..<size.height {
            let isChanged = row == 10 ? changedRow ?? variant : variant
            var column = 0
            var index = isChanged + row
            while column < size.width {
                let text = "\(index * 7919 % 90_000 + 10_000).00 Žofie "
                let letters = text.map { $0.isASCII && $0 != " " ? Character(shift($0, isChanged)) : $0 }
                column += frame.put(
                    String(letters) + (isChanged % 2 == 0 ? "─" : "·"),
                    at: Position(column: column, row: row),
                    style: Style(roles[index % roles.count]))
                index += 1
            }
        }
        return frame
    }

    private func shift(_ character: Character, _ by: Int) -> Unicode.Scalar {
        let value = character.asciiValue ?? 0
        return Unicode.Scalar((value - 0x21 + UInt8(by * 5)) % 0x5e + 0x21)
    }
}
