import AnnalsLog
import Testing

/// `verify` believes no removal that its rule does not cover.
@Suite struct RemovalProofTests {
  /// One change to the content of a frame of removal, which is whole afterwards.
  enum Change: CaseIterable {
    case none, ruleThatRemovesNothing, ruleThatIsNotThere, fewerPositions

    func apply(_ bytes: inout [UInt8], _ content: Int) {
      // One rule, its record, one run: a byte with the positions between and, above, how many more.
      switch self {
      case .none: break
      case .ruleThatRemovesNothing: bytes[content + 1] = 2
      case .ruleThatIsNotThere: bytes[content + 1] = 9
      case .fewerPositions: bytes[content + 3] -= 0x10
      }
    }

    var field: String? {
      switch self {
      case .none: nil
      case .ruleThatRemovesNothing, .ruleThatIsNotThere: "rule of a removal"
      case .fewerPositions: "positions removed"
      }
    }
  }

  @Test(arguments: Change.allCases)
  func aRemovalWithoutItsRuleIsFound(change: Change) throws {
    let directory = TemporaryDirectory()
    let path = directory.path + "/store"
    let log = try EventLog(at: path)
    for name: AggregateID in ["a-1", "a-2", "a-1"] {
      for _ in 0..<10 { try log.append([NewEvent(type: "T", payload: [1])], to: name) }
    }
    try log.retain(.delete(.aggregate("a-2")))
    try log.retain(.skip(1))
    try log.compact()
    let inspector = LogInspector(log)
    let segment = try #require(inspector.segments.first)
    let frame = try #require(inspector.frames(of: segment.id).first { $0.kind == .removal })
    try log.close()

    try Self.rewrite(path, segment.id, frame.offset, frame.bytes, change)
    let problems = try StoreVerifier.verify(path).problems
    if let field = change.field {
      #expect(problems.contains { $0.field == field }, "\(problems)")
    } else {
      #expect(problems == [])
    }
  }

  /// Changes the frame of removal at `offset`, and makes its checksum anew.
  private static func rewrite(
    _ path: String,
    _ id: SegmentID,
    _ offset: Int,
    _ count: Int,
    _ change: Change
  ) throws {
    let root = try SystemFileSystem.shared.openDirectory(path, create: false)
    let files = try root.openDirectory("log", create: false)
    let file = try files.openFile(StoreFile.segment(id), .readWrite)
    let block = try file.read(4096, at: 0)
    let salt = block.span.load(UInt32.self, at: SegmentHeader.Layout.salt.lowerBound)
    var bytes = try file.read(count, at: offset)
    let base = SegmentBase(position: 1, time: 0)
    let control = ControlFrame.decode(bytes.span, at: 0, byteCount: count, base)
    let content = control?.contentOffset ?? 0
    change.apply(&bytes, content)
    let sum = FrameChecksum(salt: salt).checksum(bytes.span, 0..<count, at: offset)
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
    try file.write(bytes.span, at: offset)
  }
}
