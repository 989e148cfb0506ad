package import FoundationEssentials

extension Timestamp {
  /// Microseconds from 1970 to 2001, where `Date` counts from.
  private static let reference: Int64 = 978_307_200_000_000

  /// The date to the nearest microsecond; nil outside the years 1 to 9999.
  package init?(_ date: Date) {
    let microseconds = (date.timeIntervalSinceReferenceDate * 1e6).rounded()
    guard abs(microseconds) < 1e18 else { return nil }
    let time = Timestamp(microseconds: Int64(microseconds) + Self.reference)
    guard time >= .earliest, time <= .latest else { return nil }
    self = time
  }

  /// The moment as a date; to the microsecond it is exact.
  package var date: Date {
    Date(timeIntervalSinceReferenceDate: Double(microseconds - Self.reference) / 1e6)
  }
}
