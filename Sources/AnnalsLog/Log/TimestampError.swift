/// Why a text is not a moment; the first reason met from the left.
@nonexhaustive
public enum TimestampError: Error, Hashable, Sendable {
  /// The text is not laid out as `2026-01-31T23:59:59Z`: the byte at `column`, counted from 1, is
  /// another than that layout has there, or is missing.
  case malformed(column: Int)
  /// The year is 0000; years run from 0001 to 9999.
  case year
  /// The month is not 01 to 12.
  case month(Int)
  /// The month has no such day in that year.
  case day(Int)
  /// The hour is not 00 to 23.
  case hour(Int)
  /// The minute is not 00 to 59.
  case minute(Int)
  /// The second is 60; microseconds since 1970 have no place for a leap second.
  case leapSecond
  /// The second is not 00 to 59.
  case second(Int)
  /// The fraction is finer than microseconds and not zero beyond them.
  case tooFine
  /// There is no `Z` or `±hh:mm` behind the time, so the moment is unknown.
  case offsetMissing
  /// The offset from UTC is not within ±23:59.
  case offset(hours: Int, minutes: Int)
  /// In UTC the moment lies outside the years 0001 to 9999.
  case outOfRange
}

extension TimestampError: CustomStringConvertible {
  /// The reason as half a sentence.
  public var description: String {
    switch self {
    case .malformed(let column):
      "is not like 2026-01-31T23:59:59Z, from its character \(column) on"
    case .year: "has the year 0000; years run from 0001 to 9999"
    case .month(let month): "has the month \(month); months run from 01 to 12"
    case .day(let day): "has the day \(day), which that month does not have"
    case .hour(let hour): "has the hour \(hour); hours run from 00 to 23"
    case .minute(let minute): "has the minute \(minute); minutes run from 00 to 59"
    case .leapSecond: "has the second 60; leap seconds cannot be kept"
    case .second(let second): "has the second \(second); seconds run from 00 to 59"
    case .tooFine: "is finer than microseconds"
    case .offsetMissing: "does not end in Z or an offset such as +01:00"
    case .offset: "has an offset beyond ±23:59"
    case .outOfRange: "lies outside the years 0001 to 9999 in UTC"
    }
  }
}
