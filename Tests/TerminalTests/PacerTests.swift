import Testing

@testable import Terminal

@Suite struct PacerTests {
    @Test(arguments: [10, 30, 60]) func neverDrawsMoreThanSoManyFramesInAnySecond(framesPerSecond: Int) {
        let start = ContinuousClock.now
        var pacer = Pacer(framesPerSecond: framesPerSecond, now: start)
        var drawn: [ContinuousClock.Instant] = []
        // Something is to be drawn all the time, but for a quiet while in the middle.
        for step in 0..<5000 where !(2000..<3000).contains(step) {
            let now = start + .milliseconds(step)
            guard pacer.mayDraw(now) else { continue }
            pacer.drew(now)
            drawn.append(now)
        }
        for first in drawn {
            let count = drawn.count { $0 >= first && $0 < first + .seconds(1) }
            #expect(count <= framesPerSecond)
        }
        #expect(drawn.count > 3 * framesPerSecond / 2)
    }

    @Test func anAnswerRightBehindAKeyIsDrawnAtOnce() {
        let start = ContinuousClock.now
        var pacer = Pacer(framesPerSecond: 30, now: start)
        for step in 0..<4 {
            let now = start + .milliseconds(3 * step)
            #expect(pacer.mayDraw(now))
            pacer.drew(now)
        }
        #expect(!pacer.mayDraw(start + .milliseconds(12)))
    }

    @Test func aKeyIsAnsweredAtOnceHoweverMuchIsDrawn() {
        let start = ContinuousClock.now
        var pacer = Pacer(framesPerSecond: 30, now: start)
        for _ in 0..<4 { pacer.drew(start) }
        for step in 0..<1000 {
            let now = start + .milliseconds(step)
            pacer.keyPressed()
            #expect(pacer.mayDraw(now))
            pacer.drew(now)
        }
        // A second of keys has not put off what happens by itself.
        #expect(pacer.mayDraw(start + .milliseconds(1000)))
    }
}
