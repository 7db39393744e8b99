import Glibc
import Ledger
import LedgerService
import Testing

@testable import Console

/// Whatever is pressed at whatever size: no crash, no control character in a cell, and nothing is posted that was
/// not shown and agreed to.
@Suite("Random keys")
struct RandomKeyTests {
    /// `BURSAR_RANDOM_KEYS=N` presses so many keys for each seed, and `BURSAR_RANDOM_SEED=S` begins with another one: a
    /// failure is had again with both.
    private static let keys = getenv("BURSAR_RANDOM_KEYS").flatMap { Int(String(cString: $0)) } ?? 3000
    private static let seeds: [UInt64] = {
        let first = getenv("BURSAR_RANDOM_SEED").flatMap { UInt64(String(cString: $0)) } ?? 1
        return (0..<4).map { first &+ $0 }
    }()

    @Test(arguments: seeds) func neverPostWithoutAConfirmation(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        var driver = try ConsoleDriver()
        var posts = 0
        for step in 0..<Self.keys {
            let before = driver.state.dialog
            let count = driver.effects.count
            if driver.fates.isEmpty { driver.fates = [Self.fate(&random)] }
            let key = Self.key(&random)
            if step % 40 == 0 {
                driver.act(
                    .resized(
                        Size(width: 1 + Int(random.next() % 130), height: 1 + Int(random.next() % 40))))
            } else if step % 97 == 0 {
                driver.wait(.milliseconds(700))
            } else if step % 151 == 0 {
                // Back to where operations begin, from wherever the keys have led, and as far as a confirmation:
                // chance alone comes to one too seldom.
                driver.press(
                    .control("u"), .escape, .escape, .escape, .escape, .character("1"), .character("d"))
                driver.type("5")
                driver.press(.enter)
            } else {
                driver.press(key)
            }
            for case .post(let operation, let confirmation) in driver.effects.dropFirst(count) {
                posts += 1
                // Only who was shown a changed outcome may agree to whatever balance.
                #expect(confirmation != nil || Self.agreesToAnyBalance(before))
                #expect(key == .enter)
                #expect(Self.agreed(to: operation, in: before))
            }
            // Drawing is most of the time that this takes, and a sample of it finds what there is to find.
            guard step % 8 == 0 else { continue }
            let frame = driver.state.view()
            #expect(frame.size == driver.state.size)
            #expect(Self.isClean(frame))
        }
        #expect(posts > 0, "the keys never came as far as posting")
    }

    private static func agreesToAnyBalance(_ dialog: Dialog?) -> Bool {
        guard case .form(let form) = dialog else { return false }
        return switch form.stage {
        case .confirming(_, .postAnyway): true
        case .unknown(let unresolved, _): unresolved.proposal.atAnyBalance
        default: false
        }
    }

    /// Whether the dialog showed this operation, with an answer marked that posts it.
    private static func agreed(to operation: Operation, in dialog: Dialog?) -> Bool {
        guard case .form(let form) = dialog else { return false }
        switch form.stage {
        case .confirmingAll(let run, let answer): return run.operations.contains(operation) && answer == .post
        case .postingAll(let run): return run.operations.contains(operation)
        case .confirming(let proposal, let answer): return proposal.operation == operation && answer != .back
        case .unknown(let unresolved, let answer):
            return unresolved.proposal.operation == operation && answer == .sendAgain
        default: return false
        }
    }

    /// Each row's cells take as many columns as it has, and hold nothing that steers a terminal.
    private static func isClean(_ frame: Frame) -> Bool {
        (0..<frame.size.height).allSatisfy { row in
            let cells = frame.row(row)
            let columns = cells.reduce(0) { $0 + SafeText.columns($1.text) }
            return columns == frame.size.width
                && cells.allSatisfy {
                    $0.text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7f }
                }
        }
    }

    /// Keys that go somewhere come more often than those that only type.
    private static func key(_ random: inout SplitMix) -> Key {
        let keys: [Key] = [
            .enter, .enter, .enter, .tab, .tab, .right, .down, .up, .escape, .backspace, .pageDown, .home,
            .end,
            .space, .backTab, .left, .pageUp, .delete, .function(1), .control("w"), .control("l"),
            .paste("5\u{1b}[2J日"),
        ]
        let letters = Array("ddwtsv5124.07/?zugGjkr q日é36ARJfocm*eyTEnaMDhl:x ")
        let pick = Int(random.next() % 100)
        return pick < 55
            ? keys[Int(random.next() % UInt64(keys.count))]
            : .character(letters[Int(random.next() % UInt64(letters.count))])
    }

    private static func fate(_ random: inout SplitMix) -> ConsoleDriver.Fate {
        switch random.next() % 6 {
        case 0: .posted(conflicts: 3)
        case 1: .unknown(written: random.next() % 2 == 0)
        case 2: .gaveUp
        case 3: .failed("the disk is full")
        case 4: .hanging
        default: .posted(conflicts: 0)
        }
    }
}

/// Random bits that a seed decides.
struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
