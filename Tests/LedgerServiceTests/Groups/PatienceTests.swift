import Testing

@testable import LedgerService

@Suite struct PatienceTests {
    @Test func growsWhileTheyComeBackUpToWhatTheGroupAllows() {
        var patience = Patience()
        #expect(patience.duration == .zero)
        patience.longest = .milliseconds(2)
        #expect(patience.duration == Patience.least)
        var last = patience.duration
        while patience.duration < Patience.most {
            patience.learn(cameBack: true)
            #expect(patience.duration > last)
            last = patience.duration
        }
        patience.learn(cameBack: true)
        #expect(patience.duration == Patience.most)
        patience.longest = .microseconds(100)
        #expect(patience.duration == .microseconds(100))
    }

    @Test func isAllButLostAfterAFewVainWaitsAndComesAgain() {
        var patience = Patience()
        patience.longest = .seconds(1)
        for _ in 0..<20 { patience.learn(cameBack: true) }
        for _ in 0..<4 { patience.learn(cameBack: false) }
        #expect(patience.duration == Patience.least)
        patience.learn(cameBack: true)
        #expect(patience.duration == Patience.least * 2)
    }
}
