import Ledger
import Testing

@Suite struct CalendarDateTests {
    @Test(arguments: [
        ("1970-01-01", 0), ("1969-12-31", -1), ("2000-02-29", 11016), ("2000-03-01", 11017),
        ("1993-01-01", 8401), ("0001-01-01", -719_162), ("9999-12-31", 2_932_896), ("1900-03-01", -25_508),
    ])
    func countsDaysFrom1970(_ text: String, _ days: Int32) throws {
        #expect(CalendarDate(text)?.daysSince1970 == days)
        #expect(CalendarDate(daysSince1970: days).description == text)
    }

    @Test(arguments: [
        "", "1993-02-29", "1900-02-29", "2001-04-31", "1993-13-01", "1993-00-01", "1993-01-00", "1993-01-32",
        "0000-01-01", "10000-01-01", "93-01-01", "1993-1-1", "1993/01/01", "1993-01-01 ", "1993-01-01T",
        "-993-01-01",
        "+993-01-01", "١٩٩٣-٠١-٠١", "1993-01--1", "1993--1-01", "19930101--", "1993-01-0١",
    ])
    func refusesWhatIsNoDay(_ text: String) {
        #expect(CalendarDate(text) == nil)
    }

    @Test func everyDayOfTheCalendarIsReadBackAlike() throws {
        var random = SplitMix64(seed: 11)
        var days = [Int32](-719_162 ... -719_000) + [Int32](10_900...11_400)
        for _ in 0..<5000 { days.append(Int32.random(in: -719_162...2_932_896, using: &random)) }
        for day in days {
            let date = CalendarDate(daysSince1970: day)
            #expect(CalendarDate(date.description) == date)
            let (year, month, dayOfMonth) = date.parts
            #expect(CalendarDate(year: year, month: month, day: dayOfMonth) == date)
        }
    }

    @Test func nextDayFollowsInMonthAndYear() throws {
        var before = CalendarDate(daysSince1970: -719_162).parts
        for day in -719_161...(-719_162 + 146_097 * 2) {
            let parts = CalendarDate(daysSince1970: Int32(day)).parts
            let isNext =
                parts == (before.year, before.month, before.day + 1)
                || parts == (before.year, before.month + 1, 1) || parts == (before.year + 1, 1, 1)
            if !isNext { Issue.record("\(parts) after \(before)") }
            before = parts
        }
    }

    @Test func sortsByTimeAndNamesTheMonth() throws {
        let days = try ["1993-01-31", "1993-02-01", "1994-01-01"].map { try #require(CalendarDate($0)) }
        #expect(days.sorted() == days)
        #expect(days.map(\.monthName) == ["Jan", "Feb", "Jan"])
    }

    @Test func aValueDateOutsideTheCalendarIsRefused() throws {
        for days in [Int32.min, .max, -719_163, 2_932_897] {
            let refusal = refusal {
                try Operation(
                    reference: Reference("x"),
                    action: .deposit(account: AccountCode("a"), amount: DecimalAmount("1")), actor: "tester",
                    valueDate: CalendarDate(daysSince1970: days))
            }
            #expect(refusal?.name == "text_invalid")
            #expect(!CalendarDate(daysSince1970: days).description.isEmpty)
        }
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (-86_400_000_000, "1969-12-31T00:00:00.000000Z"), (-86_400_000_001, "1969-12-30T23:59:59.999999Z"),
        (1_794_450_366_000_123, "2026-11-12T02:26:06.000123Z"), (1, "1970-01-01T00:00:00.000001Z"),
    ])
    func isWrittenInUTCWithMicroseconds(_ microseconds: Int64, _ text: String) {
        #expect(Timestamp(microseconds: microseconds).description == text)
    }

    @Test func theTimeOfDayIsWithinTheDayForEveryMoment() {
        var random = SplitMix64(seed: 3)
        var moments: [Int64] = [.min, .min + 1, .max, -1, 0, 1, -86_400_000_000]
        for _ in 0..<3000 {
            moments.append(
                Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...40, using: &random))
        }
        for moment in moments {
            let timestamp = Timestamp(microseconds: moment)
            #expect((0..<86_400_000_000).contains(timestamp.timeOfDay), "\(moment)")
            let day = Int64(timestamp.date.daysSince1970).multipliedReportingOverflow(by: 86_400_000_000)
            #expect(day.overflow || day.partialValue &+ timestamp.timeOfDay == moment, "\(moment)")
            #expect(timestamp.clock.count == 8)
        }
    }

    @Test func theClockIsThatOfUTC() {
        #expect(Timestamp(microseconds: 50_531_000_000).clock == "14:02:11")
        #expect(Timestamp(microseconds: -1_000_000).clock == "23:59:59")
    }
}
