/// A moment, in microseconds since 1970-01-01 00:00 UTC: the resolution of the database's `timestamptz`.
public struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The day of this moment in UTC.
    public var date: CalendarDate {
        CalendarDate(daysSince1970: Int32(clamping: microseconds.flooredQuotient(by: Self.day)))
    }

    /// Microseconds since midnight UTC.
    public var timeOfDay: Int64 {
        // Not by way of the date: the first midnight of the range lies before its first moment.
        let rest = microseconds % Self.day
        return rest < 0 ? rest + Self.day : rest
    }

    /// ISO 8601 in UTC with microseconds, such as `2026-11-24T02:26:06.000123Z`.
    public var description: String {
        "\(date)T\(clock).\(zeroPadded(timeOfDay % 1_000_000, 6))Z"
    }

    /// Hours, minutes and seconds in UTC, such as `14:02:11`.
    public var clock: String {
        let seconds = timeOfDay / 1_000_000
        return
            "\(zeroPadded(seconds / 3600, 2)):\(zeroPadded(seconds / 60 % 60, 2)):\(zeroPadded(seconds % 60, 2))"
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.microseconds < right.microseconds
    }

    private static let day: Int64 = 86_400_000_000
}

/// A day of the proleptic Gregorian calendar, years 1 to 9999.
public struct CalendarDate: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let daysSince1970: Int32

    /// The calendar's first and last day, 0001-01-01 and 9999-12-31.
    public static let bounds =
        CalendarDate(
            daysSince1970: days(year: 1, month: 1, day: 1))...CalendarDate(
            daysSince1970: days(year: 9999, month: 12, day: 31))

    public init(daysSince1970: Int32) { self.daysSince1970 = daysSince1970 }

    /// The date with these parts; nil when the calendar has no such day.
    public init?(year: Int, month: Int, day: Int) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1 else { return nil }
        let candidate = CalendarDate(daysSince1970: Self.days(year: year, month: month, day: day))
        guard candidate.parts == (year, month, day) else { return nil }
        self = candidate
    }

    /// Reads `YYYY-MM-DD`; nil for anything else, or a day that does not exist.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard text.utf8.count == 10, parts.map(\.utf8.count) == [4, 2, 2],
            text.utf8.allSatisfy({ (48...57).contains($0) || $0 == 45 }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
        else { return nil }
        self.init(year: year, month: month, day: day)
    }

    /// Year, month 1 to 12, day 1 to 31. Counts in 400-year eras that start on 1 March, so that the leap day
    /// is the last of its year.
    public var parts: (year: Int, month: Int, day: Int) {
        let shifted = Int(daysSince1970) + 719_468
        let era = Int(Int64(shifted).flooredQuotient(by: 146_097))
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }

    private static func days(year: Int, month: Int, day: Int) -> Int32 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = Int(Int64(shiftedYear).flooredQuotient(by: 400))
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return Int32(clamping: era * 146_097 + dayOfEra - 719_468)
    }

    public var description: String {
        let (year, month, day) = parts
        return "\(zeroPadded(Int64(year), 4))-\(zeroPadded(Int64(month), 2))-\(zeroPadded(Int64(day), 2))"
    }

    /// The three-letter English month, such as `Mar`.
    public var monthName: String {
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"][parts.month - 1]
    }

    public static func < (left: CalendarDate, right: CalendarDate) -> Bool {
        left.daysSince1970 < right.daysSince1970
    }
}

extension Int64 {
    /// Division that rounds towards negative infinity, so that moments before 1970 fall on the right day.
    fileprivate func flooredQuotient(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}

private func zeroPadded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value.magnitude)
    return (value < 0 ? "-" : "") + String(repeating: "0", count: max(0, width - digits.count)) + digits
}

extension Timestamp {
    /// Whether it is so long after a moment; or before it, when somebody has set the clock back.
    public func `is`(_ wait: Duration, after start: Timestamp) -> Bool {
        self < start || self >= start.advanced(by: wait)
    }

    /// The moment so much later.
    public func advanced(by duration: Duration) -> Timestamp {
        let step = Int64(clamping: Int128(duration / .microseconds(1)))
        return Timestamp(microseconds: microseconds.addingReportingOverflow(step).partialValue)
    }
}
