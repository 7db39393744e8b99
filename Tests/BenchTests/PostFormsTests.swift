import Glibc
import TestSupport
import Testing

@testable import bursar_bench

/// What of the benchmark needs no server: names, reports, verdicts.
@Suite struct PostFormsTests {
    @Test(arguments: PostingCase.all + PostingCase.goals)
    func aNameSaysAllOfACase(name: String) throws {
        #expect(try #require(PostingCase(name)).name == name)
    }

    @Test(arguments: [
        "", "x", "16", "16x", "x16", "0x10", "16x1", "16xgold", "16x10/", "16x10/3", "16x10@0", "16x10/4@50",
    ])
    func whatIsNoCaseIsRefused(name: String) {
        #expect(PostingCase(name) == nil)
    }

    /// What the system counts of a child at its end begins with the memory of whoever has started it.
    @Test func theMemoryOfAProgramIsItsOwn() throws {
        let room = 200 << 20
        let ours = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 4096)
        memset(ours, 1, room)
        defer { ours.deallocate() }
        // More than a pipe holds, so that it lives when its memory is first looked at.
        let end = try ChildProcess("/usr/bin/head", ["-c", "1000000", "/dev/zero"]).wait()
        #expect(end.output.utf8.count == 1_000_000)
        #expect((100..<50_000).contains(end.peakMemory))
    }

    @Test func readsWhatPgbenchReports() throws {
        let measurement = try Pgbench.read(
            """
            transaction type: function.sql
            number of transactions actually processed: 12000
            number of failed transactions: 3 (0.025%)
            number of transactions retried: 700 (5.832%)
            total number of retries: 2100
            latency average = 4.000 ms
            initial connection time = 12.345 ms
            tps = 4000.000000 (without initial connection time)
            """, seconds: 3)
        #expect(measurement.posted == 12_000)
        #expect(measurement.gaveUp == 3)
        #expect(measurement.retried == 700)
        #expect(measurement.conflicts == 2103)
        #expect(abs(measurement.seconds - 2.987655) < 1e-9)
        #expect(throws: Problem.self) {
            try Pgbench.read("number of transactions actually processed: 1\n", seconds: 3)
        }
    }

    @Test func whatEndsWhenTheTimeIsOverIsNoPartOfTheRate() throws {
        let directory = try TemporaryDirectory()
        let lines = [
            // Begun at 100.0 s.
            "0 1 500000 0 100 500000 0", "1 1 400000 0 100 800000 0", "0 2 1000000 0 101 500000 2",
            "1 2 failed 0 101 900000 5", "0 3 600000 0 102 100000 0",
        ]
        try Files.write(lines.joined(separator: "\n") + "\n", to: "\(directory.path)/log.1")
        var times = Pgbench.Times()
        try times.read(log: "\(directory.path)/log.1")
        #expect(times.ended.map(\.taken) == [500_000, 400_000, 1_000_000, 600_000])
        #expect(times.late(after: 2) == 1)
        #expect(times.late(after: 0.6) == 3)
        #expect(Pgbench.Times().late(after: 1) == 0)
        var measurement = Measurement()
        (measurement.posted, measurement.late, measurement.seconds) = (4, 1, 2)
        #expect(measurement.rate == 1.5)
        measurement.add(measurement)
        #expect(measurement.rate == 3)
    }

    @Test func aRatioComparesWhatRanSideBySide() {
        let result = CaseResult(
            name: "16x2",
            contenders: [
                contender(.bursar, rates: [1000, 3000, 2000]),
                contender(.functionReadCommitted, rates: [100, 100, 400]),
            ])
        #expect(result.ratio(.bursar, to: .functionReadCommitted) == 10)
        #expect(result.ratio(.bursar, to: .function) == nil)
        #expect(result.contenders[0].rate == 2000)
        #expect(result.contenders[0].spread == 1)
    }

    @Test func aVerdictIsGivenOnWhatRanOnly() {
        var report = PostReport(
            server: "", processors: 2, isAwake: false,
            effort: Effort(rounds: 1, seconds: 1, seed: 1, sessions: 1))
        #expect(report.judge().isEmpty)
        report.cases = [
            CaseResult(
                name: "16x10/4",
                contenders: [contender(.bursar, rates: [900]), contender(.function, rates: [300])])
        ]
        #expect(report.judge().map(\.isKept) == [true, true])
        report.cases[0].contenders[0].rounds[0].gaveUp = 1
        #expect(report.judge().map(\.isKept) == [true, false])
    }

    @Test func filesOfSeveralRunsMakeOnePage() throws {
        var report = PostReport(
            server: "PostgreSQL 15", processors: 2, isAwake: true,
            effort: Effort(rounds: 3, seconds: 5, seed: 1, sessions: 4))
        report.cases = ["1x2", "16x2", "16x10@50"].map {
            CaseResult(
                name: $0,
                contenders: [
                    contender(.bursar, rates: [9000]), contender(.functionReadCommitted, rates: [1000]),
                ])
        }
        var other = try PostReport(json: report.json)
        other.cases.removeFirst()
        other.cases[0].contenders[0].rounds[0].posted = 7000
        report.add(other)
        #expect(report.cases.map(\.name) == ["1x2", "16x2", "16x10@50"])
        let page = report.markdown
        #expect(page.contains("| 1x2 | 9,000 ±0% | 1,000 ±0% (9.0 x) |"), "\(page)")
        #expect(page.contains("| 16x2 | 7,000 ±0% | 1,000 ±0% (7.0 x) |"), "\(page)")
        #expect(page.contains("| 16x2: at least 18,000 a second | 7,000 | **no** |"), "\(page)")
    }

    /// Figures of processors that sleep and of those that do not are not to stand in one table.
    @Test func filesOfOtherConditionsMakeNoPage() throws {
        let work = try TemporaryDirectory()
        let files = try [true, false].map { isAwake in
            let report = PostReport(
                server: "PostgreSQL 15", processors: 2, isAwake: isAwake,
                effort: Effort(rounds: 1, seconds: 1, seed: 1, sessions: 1))
            let path = "\(work.path)/\(isAwake).json"
            try Files.write(report.json, to: path)
            return path
        }
        let error = #expect(throws: Problem.self) { try TablesCommand.parse(files).run() }
        #expect(
            error?.description
                == "\(files[1]) is of PostgreSQL 15, 2 processors, "
                + "those before it are of PostgreSQL 15, 2 processors kept awake")
    }

    @Test func arrivalsKeepTheirRate() {
        let start = ContinuousClock.now
        let arrivals = Arrivals(rate: 1000, from: start, seed: 7)
        var last = start
        for _ in 0..<10_000 {
            let next = arrivals.next()
            #expect(next >= last)
            last = next
        }
        // Ten thousand gaps of a mean of 1 ms have a sum with a standard deviation of 0.1 s.
        #expect((9.5...10.5).contains((last - start) / .seconds(1)))
    }

    private func contender(_ contender: Contender, rates: [Int]) -> ContenderResult {
        ContenderResult(
            contender: contender,
            rounds: rates.map { rate in
                var measurement = Measurement()
                (measurement.posted, measurement.seconds) = (rate, 1)
                return measurement
            }, problems: [])
    }
}
