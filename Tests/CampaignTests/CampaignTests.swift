import Campaign
import FaultProxy
import Testing

/// The promise of the first lines of the README, tried: whatever fails, an operation is posted exactly once or not at
/// all, and the program says which.
@Suite(.serialized) struct CampaignTests {
    /// Beside the test bundle, where `swift build` puts all products.
    private static let executable: String = {
        let words = CommandLine.arguments
        let bundle = words.firstIndex(of: "--test-bundle-path").map { words[$0 + 1] } ?? words[0]
        let parts = bundle.split(separator: "/", omittingEmptySubsequences: false)
        return parts.prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/") + "/run-campaign"
    }()

    /// The seed is another one each time; it is printed, and a failure is had again with it:
    /// `swift run run-campaign --minutes 1 --seed N`.
    @Test func everythingThatWasToldIsTrueAndTheBooksAreInOrder() async throws {
        let plan = CampaignPlan(seconds: 50, seed: .random(in: 0..<1 << 32))
        let report = try await Campaign(plan, executable: Self.executable).run()
        print(report.text)
        #expect(report.anomalies.isEmpty, "\(report.text)")
        // A campaign in which little happened shows nothing.
        #expect(report.outcomes["posted", default: 0] > 100)
        #expect(report.faults.values.reduce(0, +) > 50)
        #expect(report.disasters.count >= 3)
    }

    /// A checker that finds nothing where there is something is worth nothing.
    @Test(arguments: Sabotage.allCases)
    func findsABugThatWasPutInOnPurpose(sabotage: Sabotage) async throws {
        let plan = CampaignPlan(
            seconds: 5, seed: 11, intensity: 0.05, disasters: [.programKilled], sabotage: sabotage)
        let report = try await Campaign(plan, executable: Self.executable).run()
        #expect(report.anomalies.contains { $0.contains(sabotage.trace) }, "\(report.text)")
        #expect(
            !sabotage.rewrites.isEmpty == (report.faults[.rewriteStatement] != nil),
            "the statements are written otherwise by now, and the bug was not put in")
    }
}
