import AnnalsCommand
import AnnalsLog
import Testing

@Suite struct OutputTests {
  @Test func columnsAreAsWideAsTheirWidestCell() {
    var table = Table([.text("aggregate"), .number("events"), .text("type")])
    #expect(table.isEmpty)
    table.addRow(["a-1", 1_234_567.grouped, "Deposited"])
    table.addRow(["account-123\u{1b}[2J", "5", ""])
    #expect(
      table.lines == [
        "aggregate                events  type",
        "a-1                   1,234,567  Deposited",
        "account-123\\u{1b}[2J          5",
      ]
    )
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567"), (-100, "-100"),
  ])
  func numbersAreGrouped(number: Int, text: String) {
    #expect(number.grouped == text)
  }

  @Test(
    arguments: [
      (0, "0 B"), (1_023, "1023 B"), (10_239, "9.9 KiB"), (1_024, "1 KiB"), (1_536, "1.5 KiB"),
      (10_240, "10 KiB"), (67_108_864, "64 MiB"), (1_048_575, "1023 KiB"), (1 << 40, "1 TiB"),
      (UInt64.max, "15 EiB"),
    ] as [(UInt64, String)]
  )
  func bytesHaveTheirUnit(bytes: UInt64, text: String) {
    #expect(ByteCount(bytes).description == text)
  }

  @Test func theBarTellsShareAndRateAndNeverWraps() {
    let line = ProgressBar.line(
      "import",
      unit: "events",
      done: 50_000,
      total: 200_000,
      elapsed: .seconds(2),
      columnCount: 100
    )
    #expect(
      line == "import [######------------------] 25%  50,000 of 200,000 events  25,000/s"
    )
    let counting = ProgressBar.line(
      "import",
      unit: "events",
      done: 10,
      total: nil,
      elapsed: .zero,
      columnCount: 12
    )
    #expect(counting == "import  10 ")
  }

  @Test func unprintableCharactersAreShown() {
    #expect("a\nb\u{202e}\u{9b}é😀".printable == "a\\u{a}b\\u{202e}\\u{9b}é😀")
  }

  @Test func aFullDeviceIsAnError() throws {
    let stream = OutputStream(Descriptor(try openForWriting("/dev/full"), name: "full"))
    try stream.write("text")
    #expect(throws: SystemError.self) { try stream.flush() }
    try stream.flush()
    let large = [UInt8](repeating: 0, count: OutputStream.bufferBytesMax + 1)
    #expect(throws: SystemError.self) { try stream.write(large.span) }
  }

  @Test func aPipeNobodyReadsEndsQuietly() throws {
    let (reading, writing) = try makePipe()
    Descriptor.prepareStandard()
    Descriptor(reading, name: "pipe").close()
    let stream = OutputStream(Descriptor(writing, name: "pipe"))
    try stream.write("text")
    let error = try #require(throws: SystemError.self) { try stream.flush() }
    #expect(error.isClosedPipe)
    #expect(CommandFailure(error, while: .reading) == CommandFailure(.done, nil))
  }
}
