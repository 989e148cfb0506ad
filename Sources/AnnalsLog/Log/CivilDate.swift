/// A day of the proleptic Gregorian calendar.
///
/// The arithmetic counts days from 1 March of year 0 in cycles of 400 years, so that a leap day is
/// the last day of its year and no table of months is needed. It is exact for every `Int32` year.
package struct CivilDate: Hashable, Sendable {
  /// The astronomical year: 0 is the year before 1.
  package let year: Int
  /// 1...12.
  package let month: Int
  /// 1...31.
  package let day: Int

  /// Creates a date from parts that are known to be a date.
  package init(year: Int, month: Int, day: Int) {
    precondition(1...12 ~= month, "a year has 12 months")
    precondition(1...Self.dayCount(year: year, month: month) ~= day, "the month has that day")
    self.year = year
    self.month = month
    self.day = day
  }

  /// Creates the date that is `days` days after 1 January 1970.
  package init(daysSince1970 days: Int) {
    let (cycle, dayOfCycle) = Self.floorDivide(days + Self.daysTo1970, Self.daysPerCycle)
    let yearOfCycle =
      (dayOfCycle - dayOfCycle / 1_460 + dayOfCycle / 36_524 - dayOfCycle / 146_096) / 365
    let dayOfYear = dayOfCycle - (365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
    month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    year = yearOfCycle + 400 * cycle + (month <= 2 ? 1 : 0)
  }

  /// The number of days after 1 January 1970, negative before it.
  package var daysSince1970: Int {
    let yearFromMarch = month <= 2 ? year - 1 : year
    let (cycle, yearOfCycle) = Self.floorDivide(yearFromMarch, 400)
    let monthFromMarch = month > 2 ? month - 3 : month + 9
    let dayOfYear = (153 * monthFromMarch + 2) / 5 + day - 1
    let dayOfCycle = 365 * yearOfCycle + yearOfCycle / 4 - yearOfCycle / 100 + dayOfYear
    return cycle * Self.daysPerCycle + dayOfCycle - Self.daysTo1970
  }

  /// The number of days a month of a year has.
  package static func dayCount(year: Int, month: Int) -> Int {
    switch month {
    case 2: isLeap(year) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }

  /// Whether the year has a 29 February.
  package static func isLeap(_ year: Int) -> Bool {
    year.isMultiple(of: 4) && (!year.isMultiple(of: 100) || year.isMultiple(of: 400))
  }

  /// Divides so that the remainder is never negative.
  package static func floorDivide(_ value: Int, _ divisor: Int) -> (quotient: Int, remainder: Int) {
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
  }

  private static let daysPerCycle = 146_097
  /// From 1 March of year 0 to 1 January 1970.
  private static let daysTo1970 = 719_468
}
