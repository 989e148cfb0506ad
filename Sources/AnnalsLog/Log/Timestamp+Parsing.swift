extension Timestamp {
  /// Parses a date and time of RFC 3339, such as `2026-01-31T23:59:59.123+01:00`.
  ///
  /// Everything the RFC's grammar allows is taken (`t` and `z` may be small) and nothing else; an
  /// offset is converted to UTC. Digits beyond microseconds must be zero.
  ///
  /// - Throws: the first reason why the text is not a moment.
  public init(parsing text: some StringProtocol) throws(TimestampError) {
    let bytes = Array(text.utf8)
    try self.init(parsing: bytes.span)
  }

  /// Parses the UTF-8 of a date and time of RFC 3339.
  ///
  /// - Throws: the first reason why the bytes are not a moment.
  public init(parsing bytes: Span<UInt8>) throws(TimestampError) {
    var parser = TimestampParser(bytes)
    let days = try parser.date()
    try parser.expect("T", or: "t")
    let ofDay = try parser.time()
    let offsetMinutes = try parser.offset()
    try parser.end()
    // At most 3,652,059 days either way: far from overflow.
    let local = Int64(days * Self.microsecondsPerDay + ofDay)
    self.init(microseconds: local - Int64(offsetMinutes * 60 * Self.microsecondsPerSecond))
    guard Self.earliest <= self, self <= Self.latest else { throw .outOfRange }
  }
}

/// Reads the parts of a date and time from left to right.
private struct TimestampParser: ~Escapable {
  private let bytes: Span<UInt8>
  private var index = 0

  @_lifetime(copy bytes)
  init(_ bytes: Span<UInt8>) {
    self.bytes = bytes
  }

  /// `yyyy-mm-dd` as days since 1970.
  mutating func date() throws(TimestampError) -> Int {
    let year = try number(digits: 4)
    guard year > 0 else { throw .year }
    try expect("-", or: "-")
    let month = try number(digits: 2)
    guard 1...12 ~= month else { throw .month(month) }
    try expect("-", or: "-")
    let day = try number(digits: 2)
    guard 1...CivilDate.dayCount(year: year, month: month) ~= day else { throw .day(day) }
    return CivilDate(year: year, month: month, day: day).daysSince1970
  }

  /// `hh:mm:ss` and an optional fraction as microseconds of the day.
  mutating func time() throws(TimestampError) -> Int {
    let hour = try number(digits: 2)
    guard hour < 24 else { throw .hour(hour) }
    try expect(":", or: ":")
    let minute = try number(digits: 2)
    guard minute < 60 else { throw .minute(minute) }
    try expect(":", or: ":")
    let second = try number(digits: 2)
    guard second != 60 else { throw .leapSecond }
    guard second < 60 else { throw .second(second) }
    let seconds = (hour * 60 + minute) * 60 + second
    return try seconds * Timestamp.microsecondsPerSecond + fraction()
  }

  /// `.` and at least one digit, as microseconds; 0 where there is none.
  private mutating func fraction() throws(TimestampError) -> Int {
    guard peek() == UInt8(ascii: ".") else { return 0 }
    index += 1
    var microseconds = try number(digits: 1)
    var digits = 1
    while let digit = digit() {
      index += 1
      digits += 1
      if digits <= 6 {
        microseconds = microseconds * 10 + digit
      } else if digit != 0 {
        throw .tooFine
      }
    }
    while digits < 6 {
      microseconds *= 10
      digits += 1
    }
    return microseconds
  }

  /// `Z` or `±hh:mm`, as minutes east of UTC.
  mutating func offset() throws(TimestampError) -> Int {
    let sign: Int
    switch peek() {
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      index += 1
      return 0
    case UInt8(ascii: "+"): sign = 1
    case UInt8(ascii: "-"): sign = -1
    case nil: throw .offsetMissing
    default: throw .malformed(column: index + 1)
    }
    index += 1
    let hours = try number(digits: 2)
    try expect(":", or: ":")
    let minutes = try number(digits: 2)
    guard hours < 24, minutes < 60 else { throw .offset(hours: hours, minutes: minutes) }
    return sign * (hours * 60 + minutes)
  }

  /// Demands that nothing stands behind what was read.
  func end() throws(TimestampError) {
    guard index == bytes.count else { throw .malformed(column: index + 1) }
  }

  mutating func expect(_ byte: Unicode.Scalar, or other: Unicode.Scalar) throws(TimestampError) {
    guard let found = peek(), found == UInt8(ascii: byte) || found == UInt8(ascii: other) else {
      throw .malformed(column: index + 1)
    }
    index += 1
  }

  private mutating func number(digits: Int) throws(TimestampError) -> Int {
    var value = 0
    for _ in 0..<digits {
      guard let digit = digit() else { throw .malformed(column: index + 1) }
      value = value * 10 + digit
      index += 1
    }
    return value
  }

  private func digit() -> Int? {
    guard let byte = peek(), byte &- UInt8(ascii: "0") < 10 else { return nil }
    return Int(byte - UInt8(ascii: "0"))
  }

  private func peek() -> UInt8? {
    index < bytes.count ? bytes[index] : nil
  }
}
