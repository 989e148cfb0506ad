import AnnalsLog
import Testing

@Suite struct TimestampTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00Z"),
      (-1, "1969-12-31T23:59:59.999999Z"),
      (1, "1970-01-01T00:00:00.000001Z"),
      (1_000, "1970-01-01T00:00:00.001Z"),
      (120_000, "1970-01-01T00:00:00.120Z"),
      (123_450, "1970-01-01T00:00:00.123450Z"),
      (1_000_000, "1970-01-01T00:00:01Z"),
      (951_782_399_999_999, "2000-02-28T23:59:59.999999Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00Z"),
      (1_767_225_600_000_000, "2026-01-01T00:00:00Z"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00Z"),
      (-62_135_596_800_000_000, "0001-01-01T00:00:00Z"),
      (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
    ] as [(Int64, String)]
  )
  func printsAndParsesBack(microseconds: Int64, text: String) throws {
    #expect(Timestamp(microseconds: microseconds).description == text)
    #expect(try Timestamp(parsing: text).microseconds == microseconds)
  }

  @Test(arguments: [
    ("2026-01-01T00:00:00z", 0), ("2026-01-01t00:00:00Z", 0),
    ("2026-01-01T00:00:00-00:00", 0), ("2026-01-01T00:00:00+00:00", 0),
    ("2026-01-01T01:00:00+01:00", 0), ("2025-12-31T18:30:00-05:30", 0),
    ("2026-01-01T23:59:00+23:59", 0), ("2025-12-31T00:01:00-23:59", 0),
    ("2026-01-01T00:00:00.1Z", 100_000), ("2026-01-01T00:00:00.12345Z", 123_450),
    ("2026-01-01T00:00:00.123456000000000000000000000Z", 123_456),
    ("2026-01-01T00:00:00.0000000Z", 0),
  ])
  func everyFormOfTheGrammarIsTaken(text: String, after2026: Int64) throws {
    #expect(try Timestamp(parsing: text).microseconds == 1_767_225_600_000_000 + after2026)
  }

  @Test(
    arguments: [
      ("0000-01-01T00:00:00Z", .year),
      ("2026-00-01T00:00:00Z", .month(0)), ("2026-13-01T00:00:00Z", .month(13)),
      ("2026-01-00T00:00:00Z", .day(0)), ("2026-01-32T00:00:00Z", .day(32)),
      ("2026-04-31T00:00:00Z", .day(31)), ("2026-02-29T00:00:00Z", .day(29)),
      ("1900-02-29T00:00:00Z", .day(29)), ("2000-02-30T00:00:00Z", .day(30)),
      ("2026-01-01T24:00:00Z", .hour(24)), ("2026-01-01T00:60:00Z", .minute(60)),
      ("2016-12-31T23:59:60Z", .leapSecond), ("2026-01-01T00:00:61Z", .second(61)),
      ("2026-01-01T00:00:00.0000001Z", .tooFine),
      ("2026-01-01T00:00:00.1234560001Z", .tooFine),
      ("2026-01-01T00:00:00", .offsetMissing), ("2026-01-01T00:00:00.5", .offsetMissing),
      ("2026-01-01T00:00:00+24:00", .offset(hours: 24, minutes: 0)),
      ("2026-01-01T00:00:00-01:60", .offset(hours: 1, minutes: 60)),
      ("0001-01-01T00:00:00+00:01", .outOfRange), ("9999-12-31T23:59:59-00:01", .outOfRange),
      ("", .malformed(column: 1)), ("now", .malformed(column: 1)),
      ("2026-01-01", .malformed(column: 11)), ("2026-01-01 00:00:00Z", .malformed(column: 11)),
      ("20260101T000000Z", .malformed(column: 5)), ("2026-1-1T00:00:00Z", .malformed(column: 7)),
      ("+2026-01-01T00:00:00Z", .malformed(column: 1)),
      ("-026-01-01T00:00:00Z", .malformed(column: 1)),
      ("2026-01-01T00:00Z", .malformed(column: 17)),
      ("2026-01-01T00:00:00.Z", .malformed(column: 21)),
      ("2026-01-01T00:00:00,5Z", .malformed(column: 20)),
      ("2026-01-01T00:00:00+0100", .malformed(column: 23)),
      ("2026-01-01T00:00:00+1", .malformed(column: 22)),
      ("2026-01-01T00:00:00Z ", .malformed(column: 21)),
      (" 2026-01-01T00:00:00Z", .malformed(column: 1)),
      ("2026-01-01T00:00:00Z\0", .malformed(column: 21)),
      ("２026-01-01T00:00:00Z", .malformed(column: 1)),
      ("1767225600", .malformed(column: 5)),
    ] as [(String, TimestampError)]
  )
  func everyFailureHasItsReason(text: String, reason: TimestampError) {
    #expect(throws: reason) { try Timestamp(parsing: text) }
    #expect(!reason.description.isEmpty)
  }

  @Test func everyPrefixIsRefused() {
    let text = "2026-01-31T23:59:59.123456+01:00"
    for length in 0..<text.utf8.count {
      #expect(throws: TimestampError.self, "\(length)") {
        try Timestamp(parsing: text.prefix(length))
      }
    }
  }

  @Test func anySingleByteChangeParsesCanonicallyOrIsRefused() {
    let original = Array("2024-02-29T23:59:59.120Z".utf8)
    for index in original.indices {
      for byte in UInt8.min...UInt8.max {
        var bytes = original
        bytes[index] = byte
        guard let parsed = try? Timestamp(parsing: bytes.span) else { continue }
        #expect((try? Timestamp(parsing: parsed.description)) == parsed)
      }
    }
  }

  @Test func everyDayOfTheCalendarFollowsTheOneBefore() {
    var days = CivilDate(year: 1, month: 1, day: 1).daysSince1970
    #expect(days == -719_162)
    for year in 1...9_999 {
      for month in 1...12 {
        let first = CivilDate(year: year, month: month, day: 1)
        let last = CivilDate(
          year: year,
          month: month,
          day: CivilDate.dayCount(year: year, month: month)
        )
        guard first.daysSince1970 == days, CivilDate(daysSince1970: days) == first else {
          Issue.record("\(first)")
          return
        }
        days += last.day
        guard last.daysSince1970 == days - 1, CivilDate(daysSince1970: days - 1) == last else {
          Issue.record("\(last)")
          return
        }
      }
    }
    #expect(days == 2_932_897)
  }

  @Test func everyMinuteOfOffsetIsConverted() throws {
    let utc = try Timestamp(parsing: "2026-01-01T00:00:00Z").microseconds
    for minutes in -1_439...1_439 {
      let hour = two(abs(minutes) / 60)
      let text = "2026-01-01T00:00:00\(minutes < 0 ? "-" : "+")\(hour):\(two(abs(minutes) % 60))"
      #expect(try Timestamp(parsing: text).microseconds == utc - Int64(minutes) * 60_000_000)
    }
  }

  @Test func randomMomentsComeBack() throws {
    var random = SystemRandomNumberGenerator()
    let range = Timestamp.earliest.microseconds...Timestamp.latest.microseconds
    for _ in 0..<20_000 {
      let moment = Timestamp(microseconds: Int64.random(in: range, using: &random))
      #expect(try Timestamp(parsing: moment.description) == moment)
    }
  }

  @Test(arguments: [
    (Int64.min, "-290308-12-21T19:59:05.224192Z"), (Int64.max, "+294247-01-10T04:00:54.775807Z"),
    (Timestamp.latest.microseconds + 1, "+10000-01-01T00:00:00Z"),
    (Timestamp.earliest.microseconds - 1, "0000-12-31T23:59:59.999999Z"),
  ])
  func momentsBeyondTheCalendarStillPrint(microseconds: Int64, text: String) {
    #expect(Timestamp(microseconds: microseconds).description == text)
    #expect(throws: TimestampError.self) { try Timestamp(parsing: text) }
  }

  @Test func orderIsTimeOrder() {
    #expect(Timestamp(microseconds: -1) < Timestamp(microseconds: 0))
    #expect(Timestamp.earliest < Timestamp.latest)
  }

  private func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
}
