import FaultProxy

/// What was done in a campaign, and what was found.
public struct CampaignReport: Sendable {
    public let plan: CampaignPlan
    /// Where the logs of the tellers are; gone when there are no anomalies.
    public let directory: String
    public internal(set) var faults: [FaultKind: Int] = [:]
    public internal(set) var disasters: [Disaster: Int] = [:]
    /// Operations by what was told of them.
    public internal(set) var outcomes: [String: Int] = [:]
    public internal(set) var records = 0
    /// What must not be; empty for a program that keeps its promise.
    public internal(set) var anomalies: [String] = []

    init(plan: CampaignPlan, directory: String) {
        self.plan = plan
        self.directory = directory
    }

    mutating func take(_ findings: Checker.Findings) {
        outcomes = findings.outcomes
        records = findings.records
        anomalies += findings.anomalies
    }

    /// The report as text.
    public var text: String {
        func list<Key>(_ counts: [Key: Int], _ name: (Key) -> String) -> String {
            counts.isEmpty
                ? "none"
                : counts.map { (name($0.key), $0.value) }.sorted { ($1.1, $0.0) < ($0.1, $1.0) }
                    .map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        }
        let head = [
            "campaign of \(plan.seconds) s, seed \(plan.seed), \(plan.programs) programs of \(Teller.hands) tellers, "
                + "\(plan.accounts) accounts"
                + (plan.sabotage.map { ", with the bug \($0.rawValue)" } ?? ""),
            "faults on the way: \(list(faults) { $0.rawValue })",
            "disasters: \(list(disasters) { $0.rawValue })",
            "operations: \(list(outcomes) { $0 })", "records: \(records)",
        ]
        let limit = 40
        let found =
            anomalies.isEmpty
            ? ["no anomaly"]
            : ["\(anomalies.count) anomalies; the logs are in \(directory)"] + anomalies.prefix(limit)
        return (head + found).joined(separator: "\n")
    }
}
