import Ledger
import LedgerService
import Testing

@testable import Console

/// That screens say what is so, and all of it.
@Suite("What screens say")
struct TellingTests {
    private static let day: Int64 = 86_400_000_000

    @Test func anEntryOfSeveralAccountsShowsWhichSideEachIsOn() throws {
        var bank = try TestBank.sample(now: ConsoleDriver.now)
        let leg = { (code: String, side: Side, amount: String) throws in
            Ledger.Operation.Leg(
                account: try AccountCode(code), side: side, amount: try DecimalAmount(amount))
        }
        try bank.post(
            .journalEntry(legs: [
                leg("576", .debit, "3"), leg("704", .credit, "1"), leg("3001", .credit, "2"),
            ]))
        try bank.post(
            .journalEntry(legs: [
                leg("576", .debit, "3"), leg("cash-CZK", .debit, "1"), leg("704", .credit, "1"),
                leg("3001", .credit, "3"),
            ]))
        var driver = try ConsoleDriver(160, 30, bank: bank)
        driver.press(.character("2"))
        #expect(driver.shows("576 → 704 + 3001"))
        #expect(driver.shows("2 → 2 accounts"))
    }

    @Test func anOperationIsNamedByTheSidesOfItsLegs() throws {
        let legs = try ["1", "2", "3"].enumerated().map { index, code in
            Ledger.Operation.Leg(
                account: try AccountCode(code), side: index == 1 ? .debit : .credit,
                amount: try DecimalAmount("1"))
        }
        let summary = OperationSummary(
            try Operation(reference: Reference("r"), action: .journalEntry(legs: legs), actor: "test"))
        #expect(summary.title == "journal-entry 2 → 1 + 3")
    }

    @Test(arguments: [80, 100]) func percentilesAreShownHoweverManyOperationsThereWere(width: Int) throws {
        var driver = try ConsoleDriver(width, 24)
        driver.flood(operations: 24_000, over: .seconds(2))
        driver.press(.character("3"))
        for part in ["posted 23,952", "refused 48", "p50 2.5 ms p99 3.9 ms", "/s", "Conflicts by account"] {
            #expect(driver.shows(part), "\(part)\n\(driver.screen)")
        }
    }

    @Test(arguments: [60, 80, 100]) func aDayOfAnotherYearIsShownWhole(width: Int) throws {
        var bank = TestBank(now: Timestamp(microseconds: ConsoleDriver.now.microseconds - 700 * Self.day))
        try bank.open("1", "One", deposit: "10.00")
        bank.now = ConsoleDriver.now
        var driver = try ConsoleDriver(width, 24, bank: bank)
        #expect(driver.shows("2024-04-30"))
        driver.press(.enter)
        #expect(driver.shows("2024-04-30"))
    }

    @Test func aFormWithoutRoomSaysThatThereIsMore() throws {
        var driver = try ConsoleDriver(40, 10)
        driver.press(.down, .down, .down, .character("t"))
        driver.type("704")
        driver.press(.tab)
        driver.type("1.00")
        #expect(driver.shows(" lines 1 to 7 of "), "\(driver.screen)")
        driver.act(.resized(Size(width: 80, height: 24)))
        #expect(!driver.shows(" lines "), "\(driver.screen)")
    }

    @Test func aCheckThatIsLeftSaysThatItWasStopped() throws {
        var driver = try ConsoleDriver()
        driver.holdsAnswers = true
        driver.press(.character("5"), .character("2"))
        #expect(!driver.shows("stopped"))
        driver.press(.character("1"))
        #expect(driver.shows("The check of the ledger was stopped; 5 begins it anew."), "\(driver.screen)")
        driver.press(.character("5"), .escape)
        #expect(driver.shows("The check of the ledger was stopped"))
        driver.holdsAnswers = false
        driver.press(.character("5"), .escape)
        #expect(!driver.shows("was stopped"))
    }

    @Test func aListOfAttemptsThatDoesNotFollowSaysWhatItDoesNotShowAndStaysFull() throws {
        var driver = try ConsoleDriver(80, 24)
        driver.flood(operations: 400, over: .seconds(2))
        driver.press(.backTab, .down)
        for _ in 0..<10 { driver.flood(operations: 400, over: .seconds(2)) }
        let rows = driver.screen.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(rows[rows.count - 2].contains("journal-entry"), "\(driver.screen)")
        #expect(driver.shows("Attempts (Home: "))
        driver.press(.home)
        #expect(!driver.shows("newer)"))
    }

    @Test func aSessionThatWaitsIsShownWithWhatIsInItsWay() throws {
        var driver = try ConsoleDriver(160, 40)
        driver.bank.blocked = (1...6).map { number in
            BlockedSession(
                processID: Int32(number),
                blockers: [
                    .init(
                        processID: 25_607, role: "bob", application: "psql", state: "idle in transaction",
                        statement: "SELECT 1 FOR UPDATE")
                ], role: "teller", application: "bursar", state: "active", waiting: .milliseconds(2900),
                statement: "UPDATE")
        }
        driver.press(.character("3"))
        #expect(driver.shows("6 sessions, those that wait longest"))
        #expect(
            driver.shows(
                "1 teller bursar waits 2.9 s for 25607 bob psql, idle in transaction: SELECT 1 FOR UPDATE · wants: UPDATE"
            ))
    }

    @Test func aChangeThatChangesNothingIsSaidInASentence() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.end, .up, .up, .up, .up, .up, .up, .character("s"))
        while !driver.shows("freeze debits") { driver.press(.right) }
        driver.press(.tab)
        driver.type("again")
        #expect(driver.shows("704  no change: a record is written all the same"), "\(driver.screen)")
    }

    @Test func anExportThatFailsKeepsThePath() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("e"), .control("u"))
        driver.type("/nowhere/file.csv")
        driver.press(.enter)
        #expect(driver.state.place == .prompt)
        #expect(driver.shows("/nowhere/file.csv"))
        #expect(driver.shows("The disk is full."))
    }

    @Test func goingToAnAccountOffersThoseThatBeginWithWhatIsTyped() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("A"))
        driver.type("nov")
        #expect(driver.shows("▸ 704  Žofie Nováková"))
        driver.press(.enter)
        #expect(driver.state.screens.last?.title == "Account 704")
        driver.press(.escape, .character("A"))
        driver.type("57")
        driver.press(.escape)
        #expect(driver.state.place == .prompt)
        driver.type("6")
        driver.press(.enter)
        #expect(driver.state.screens.last?.title == "Account 576")
    }

    @Test func theOneAccountThatIsRefusedIsPassedOver() throws {
        var bank = TestBank(now: ConsoleDriver.now)
        for code in ["1", "2", "3"] { try bank.open(code, "Number \(code)") }
        try bank.post(.accountChange(account: AccountCode("1"), change: .close, reason: "moved away"))
        var driver = try ConsoleDriver(120, 30, bank: bank)
        driver.press(.space, .space, .character("s"), .tab)
        driver.type("court order")
        driver.press(.enter)
        #expect(
            driver.shows(
                "1 account would be changed, one after the other; 1 would be refused, and is passed over."),
            "\(driver.screen)")
    }

    @Test func aFormIsAsItWasAfterAskingForHelp() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.down, .down, .down, .character("d"))
        driver.type("10")
        driver.press(.function(1))
        #expect(driver.state.place == .help)
        #expect(driver.shows("next-field"))
        driver.press(.escape)
        #expect(driver.state.place == .form)
        #expect(driver.shows("37,773.84 → 37,783.84"))
        driver.press(.enter, .function(1), .escape)
        #expect(driver.state.place == .confirmation)
        #expect(driver.posted.isEmpty)
    }

    /// On the list of accounts, and on a screen of its own.
    @Test(arguments: [nil, Key.character("2")]) func aFilterIsAsItWasAfterAskingForHelp(screen: Key?) throws {
        var driver = try ConsoleDriver(100, 30)
        if let screen { driver.press(screen) }
        driver.press(.character("/"))
        driver.type("berta")
        driver.press(.left, .left, .function(1))
        #expect(driver.state.place == .help)
        #expect(driver.shows("keep-filter"))
        driver.type("clear")
        driver.press(.escape)
        #expect(driver.state.place == .filter)
        #expect(driver.shows("/ berta"))
        driver.type("x")
        #expect(driver.shows("/ berxta"))
        // What is given in the help is given in the filter.
        driver.press(.function(1))
        driver.type("clear-filter")
        driver.press(.enter)
        #expect(!driver.shows("berxta"))
        #expect(driver.state.place == (screen == nil ? .accounts : .journal))
    }

    @Test func aPromptIsAsItWasAfterAskingForHelp() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character("A"))
        driver.type("no such account")
        driver.press(.enter)
        #expect(driver.shows("must not contain spaces"))
        driver.press(.function(1))
        #expect(driver.state.place == .help)
        #expect(driver.shows("accept-prompt"))
        driver.press(.escape)
        #expect(driver.state.place == .prompt)
        #expect(driver.shows("no such account") && driver.shows("must not contain spaces"))
        driver.press(.control("u"))
        // The help is asked for before the accounts have come that are offered.
        driver.holdsAnswers = true
        driver.type("nov")
        driver.press(.function(1), .escape)
        driver.holdsAnswers = false
        driver.press(.end)
        #expect(driver.shows("▸ 704  Žofie Nováková"))
        driver.press(.function(1), .escape)
        #expect(driver.shows("▸ 704  Žofie Nováková"))
        driver.press(.enter)
        #expect(driver.state.screens.last?.title == "Account 704")
    }

    @Test func thePaletteAndAMenuAreAsTheyWereAfterAskingForHelp() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.character(":"))
        driver.type("tri")
        driver.press(.function(1))
        #expect(driver.state.place == .help)
        #expect(driver.shows("Type the rest of the marked name"))
        driver.press(.escape)
        #expect(driver.state.place == .palette)
        #expect(driver.shows("Command  : tri"))
        driver.press(.enter)
        #expect(driver.state.place == .trialBalance)
        driver.press(.escape, .character("o"), .down, .function(1), .escape)
        #expect(driver.state.place == .menu)
        driver.press(.enter)
        #expect(driver.state.accounts.sort.order == .name)
    }

    @Test func aReceiptIsStillThereAfterAskingForHelp() throws {
        var driver = try ConsoleDriver(100, 30)
        driver.press(.down, .down, .down, .character("d"))
        driver.type("10")
        driver.press(.enter, .tab, .enter, .function(1))
        #expect(driver.state.place == .help)
        driver.press(.escape)
        #expect(driver.state.place == .receipt)
        #expect(driver.shows("✓ deposit posted in 47 ms, 1 attempt"))
        #expect(driver.posted.count == 1)
    }

    @Test func aLongReferenceIsShownWholeWhereThereIsRoom() throws {
        var bank = try TestBank.sample(now: ConsoleDriver.now)
        let reference = "a-reference-of-more-than-thirty-six-characters-0001"
        _ = bank.post(
            try Operation(
                reference: Reference(reference),
                action: .deposit(account: AccountCode("576"), amount: DecimalAmount("1")), actor: "berta"))
        var driver = try ConsoleDriver(100, 30, bank: bank)
        driver.press(.character("2"), .character("v"))
        #expect(driver.shows("Reference   \(reference)"), "\(driver.screen)")
    }

    @Test func whyThereIsNoConnectionIsSaidToItsEnd() throws {
        var driver = try ConsoleDriver(80, 24)
        driver.act(
            .connectionLost(
                message: "connection to server at \"ledger.example.net\" (10.20.30.40), port 5432 failed: "
                    + "no route to host"))
        #expect(driver.shows("no route to host"), "\(driver.screen)")
        #expect(driver.shows("tried again by itself"))
    }

    @Test func theSettingsOfferNothingToOpen() throws {
        var driver = try ConsoleDriver(80, 24)
        driver.press(.character("6"))
        #expect(!driver.shows("Enter Open"))
    }

    @Test(arguments: ["?", ":"]) func theWayBackIsAtTheFootOfASmallScreen(key: Character) throws {
        var driver = try ConsoleDriver(40, 10)
        driver.press(.character(key))
        #expect(driver.shows("Esc Back"))
    }

    @Test func theOrderOfAListIsShownInASCIIToo() throws {
        let driver = try ConsoleDriver(80, 24, symbols: .ascii)
        #expect(driver.shows("CODE ^"))
    }

    @Test func countsAreShortWhereThereIsLittleRoom() {
        let texts = [999, 1234, 12_345, 999_999, 3_400_000, 12_000_000].map(Wording.shortCount)
        #expect(texts == ["999", "1.2k", "12k", "999k", "3.4M", "12M"])
    }
}

@Suite("The curve of a balance")
struct BalanceChartTests {
    private func samples(_ points: [(Int64, Int64)]) -> [BalanceSample] {
        points.enumerated().map { index, point in
            BalanceSample(
                seq: Int64(index + 1), bookedAt: Timestamp(microseconds: point.0), units: point.1)
        }
    }

    @Test func goesByTimeAndBeginsWithTheFirstBalance() throws {
        let given = samples([(0, 0), (10, 500), (20, 600), (30, 700), (90, 650)])
        let chart = BalanceChart(samples: given, currency: try Currency("CZK"))
        #expect(chart.values(columns: 9) == [500, 600, 700, 700, 700, 700, 700, 700, 650])
    }

    @Test(
        arguments: [
            ([900, 1000, 950], 900...1000), ([10, 1000], 0...1000), ([-1000, -10], -1000...0),
            ([-50, 1000], -50...1000), ([7, 7], 7...7), ([.min, .max], .min ... .max),
        ] as [([Int64], ClosedRange<Int64>)])
    func isDrawnBetweenItsLeastAndItsGreatest(values: [Int64], scale: ClosedRange<Int64>) {
        #expect(BalanceChart.scale(of: values) == scale)
        let levels = BalanceChart.levels(values, scale, steps: 24)
        #expect(levels.allSatisfy { (1...24).contains($0) })
        if scale.lowerBound < scale.upperBound { #expect(levels.contains(24) || levels.contains(1)) }
    }
}

@Suite("The attempts of one operation")
struct OperationAttemptsTests {
    private let begin = ConsoleDriver.now

    private func group(_ steps: [(attempt: Int, AttemptEvent.Phase)]) -> OperationAttempts {
        let operation = OperationSummaryMaker.summary(1)
        var group = OperationAttempts(operation, at: begin)
        for (number, step) in steps.enumerated() {
            group.add(
                AttemptEvent(
                    at: begin.advanced(by: .milliseconds(number)), operation: operation,
                    attempt: step.attempt, conflicts: 0, phase: step.1))
        }
        return group
    }

    private var posted: AttemptEvent.Phase {
        .posted(
            Receipt(
                reference: Reference(stored: "r1"), kind: "journal", transaction: nil, bookedAt: begin,
                lines: []
            ), attemptTime: .milliseconds(1), elapsed: .milliseconds(3))
    }

    @Test func noLineStaysRunningAndNoTimeGoesBackWhenAnAnswerGotLost() throws {
        let lost = AttemptEvent.Phase.unknown(Failure(message: "the connection was lost"))
        let change = BalanceChange(
            account: AccountCode(stored: "1"), before: Money(units: 1, currency: try Currency("CZK")),
            after: Money(units: 2, currency: try Currency("CZK")), versionBefore: 1, versionAfter: 2)
        for isOnBooks in [true, false] {
            let group = group([
                (1, .started), (1, lost), (1, .waiting(.milliseconds(1))), (2, .started),
                (2, .reread([change])), (2, .resolved(posted: isOnBooks)), (2, posted),
            ])
            #expect(!group.lines.contains { $0.result == .running })
            #expect(group.lines.count == 4)
            #expect(group.lines.last?.result == .posted(.milliseconds(1)))
            #expect(zip(group.lines, group.lines.dropFirst()).allSatisfy { $0.at <= $1.at })
        }
    }

    @Test func sentAgainItBeginsAnew() {
        let group = group([
            (1, .started), (1, .cancelled(elapsed: .milliseconds(1))), (1, .started), (1, posted),
        ])
        #expect(group.lines.count == 1)
        #expect(group.isPlain)
        #expect(group.began == begin.advanced(by: .milliseconds(2)))
    }

    @Test func aCauseWithoutACodeStandsAlone() {
        #expect(Conflict(attempt: 1, sqlState: "", cause: "connection lost").text == "connection lost")
    }
}
