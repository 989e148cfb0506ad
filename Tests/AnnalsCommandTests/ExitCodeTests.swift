import AnnalsCommand
import AnnalsLog
import Testing

private let fault = SystemError(.write, file: "log/1.segment", errno: 5)

@Suite struct ExitCodeTests {
  @Test(
    arguments: [
      (.system(fault), .inputOutput),
      (.diskFull(SystemError(.write, file: "f", errno: 28)), .inputOutput),
      (.system(SystemError(.open, file: "f", errno: 28)), .inputOutput),
      (.system(SystemError(.open, file: "f", errno: 13)), .noPermission),
      (.system(SystemError(.open, file: "f", errno: 30)), .noPermission),
      (.system(SystemError(.open, file: "f", errno: 2)), .notFound),
      (.system(SystemError(.open, file: "f", errno: 20)), .notFound),
      (.corrupt(Corruption(file: "f", offset: 1, .checksum(stored: 1, computed: 2))), .problems),
      (
        .corrupt(Corruption(file: "f", offset: 1, positions: PositionRange(1, 2), .erased)),
        .problems
      ),
      (.truncatedFile(file: "f", expected: 2, actual: 1), .problems),
      (.missingFile(file: "f", positions: PositionRange(1, 1)), .problems),
      (.unsupportedVersion(file: "f", UnsupportedVersion(major: 2, features: 1)), .badData),
      (.locked(path: "s"), .locked), (.notAStore(path: "s"), .notFound),
      (.occupied(path: "s"), .notFound),
      (.readOnly, .noPermission), (.closed, .inputOutput),
      (
        .versionConflict(VersionConflict(aggregate: "a", expected: .exactly(1), actual: 2)),
        .problems
      ),
      (.conditionFailed(ConditionConflict(after: 1, found: 2)), .problems),
      (.keyReused(firstPosition: 1), .problems),
      (.limitExceeded(LimitExceeded(.tagCount, value: 9, maximum: 8)), .badData),
      (.invalidName(InvalidName(.aggregate, .empty)), .badData),
      (.outcomeUnknown(fault), .inputOutput), (.writerPoisoned(fault), .inputOutput),
      (.writtenEventsLost(after: 3), .problems),
      (.positionBeyondHead(requested: 9, head: 8), .badData),
    ] as [(LogError, ExitCode)]
  )
  func everyErrorHasItsCodeAndOneLine(error: LogError, code: ExitCode) {
    let failure = CommandFailure(error, while: .reading)
    #expect(failure.code == code)
    #expect(failure.message?.isEmpty == false)
    #expect(failure.message?.contains("\n") == false)
  }

  @Test(
    arguments: [
      .notAStore(path: "s"), .occupied(path: "s"),
      .system(SystemError(.mkdir, file: "s", errno: 17)),
      .system(SystemError(.mkdir, file: "s", errno: 2)),
      .system(SystemError(.mkdir, file: "s", errno: 20)),
    ] as [LogError]
  )
  func whatStandsInTheWayOfCreatingHasACodeOfItsOwn(error: LogError) {
    #expect(CommandFailure(error, while: .creating).code == .cannotCreate)
  }

  @Test func rightsAndRoomAreTheSameWhenCreating() {
    let refused = LogError.system(SystemError(.mkdir, file: "s", errno: 13))
    #expect(CommandFailure(refused, while: .creating).code == .noPermission)
    let full = LogError.system(SystemError(.mkdir, file: "s", errno: 28))
    #expect(CommandFailure(full, while: .creating).code == .inputOutput)
  }

  @Test func aBadLineIsNamed() {
    let error = EventLineError(.unknownKey("x"), column: 7)
    let failure = CommandFailure(error, file: "events.jsonl", line: 1_200)
    #expect(failure.code == .badData)
    #expect(
      failure.message == #"events.jsonl, line 1,200: an event has no key "x" (column 7)"#
    )
  }

  @Test(
    arguments: [
      (["--nonsense"], .usage), (["nonsense"], .usage), (["-x"], .usage), ([""], .usage),
      (["--help"], .done), (["--version"], .done), ([], .done),
    ] as [([String], ExitCode)]
  )
  func theCommandLineHasItsCode(arguments: [String], code: ExitCode) throws {
    let streams = StandardStreams(
      output: Descriptor(try openForWriting("/dev/null"), name: "output"),
      error: Descriptor(try openForWriting("/dev/null"), name: "error")
    )
    #expect(Main.run(arguments, streams) == code)
  }
}
