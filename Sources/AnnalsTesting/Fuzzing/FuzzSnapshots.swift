internal import AnnalsLog

/// Decodes what snapshots are made of, and what is compressed.
enum FuzzSnapshots {
  private static let name = "fuzzed"
  /// A dictionary of text that repeats itself.
  private static let dictionary = [UInt8](
    (0..<64).flatMap { Array("{\"name\":\"value-\($0)\"},".utf8) }
  )

  static func run(_ input: [UInt8]) {
    guard input.count > 3 else { return }
    let rest = [UInt8](input.dropFirst(3))
    let claimed = Int(input[1]) | Int(input[2]) << 8
    do throws(LogError) {
      switch input[0] % 6 {
      case 0:
        guard let frame = SnapshotFrame.decode(rest.span, at: 0, byteCount: rest.count) else {
          break
        }
        precondition(frame.stateEnd <= rest.count, "the state ends outside of its frame")
        if frame.isCompressed {
          let stored = rest.span.extracting(frame.stateOffset..<frame.stateEnd)
          check(LZ4.decompress(stored, into: frame.rawByteCount), frame.rawByteCount)
        }
      case 1:
        _ = try SnapshotFileHeader.decode(file(.snapshots, rest).span, file: name)
      case 2: _ = try SnapshotIndexFile.decode(file(.snapshotIndex, rest).span, file: name)
      case 3:
        let bytes = file(.snapshotDictionary, rest)
        _ = try SnapshotDictionaryFile.decode(bytes.span, file: name)
      case 4:
        // Claims of any size, far above what the block can hold among them.
        let count = claimed << Int(input[0] >> 5 * 2)
        check(LZ4.decompress(rest.span, into: count), count)
        if let block = LZ4.compress(rest.span) {
          precondition(LZ4.decompress(block.span, into: rest.count) == rest, "other bytes")
        }
      default:
        let loaded = LZ4Dictionary(dictionary.span)
        check(loaded.decompress(rest.span, into: claimed), claimed)
        if let block = loaded.compress(rest.span) {
          precondition(loaded.decompress(block.span, into: rest.count) == rest, "other bytes")
        }
      }
    } catch {
      // What is promised.
    }
  }

  private static func check(_ bytes: [UInt8]?, _ count: Int) {
    if let bytes { precondition(bytes.count == count, "another size than was asked for") }
  }

  /// A header block and what follows it, with the sum that this needs.
  private static func file(_ magic: FileHeader.Magic, _ input: [UInt8]) -> [UInt8] {
    FuzzFiles.bytes(of: FuzzFiles.block(magic, input[...])) + input.dropFirst(200)
  }

  static var seeds: [[UInt8]] {
    let text = [UInt8](dictionary.prefix(300))
    var buffer = ByteBuffer(capacity: 512)
    let frame = SnapshotFrame(
      history: FuzzFiles.storeID,
      version: 3,
      position: 9,
      eventDigest: KeyHash(high: 1, low: 2),
      fingerprint: 5,
      rawByteCount: text.count,
      isCompressed: true
    )
    let block = LZ4.compress(text.span) ?? []
    let id = [UInt8]("account-1".utf8)
    _ = frame.encode(aggregate: id.span, state: block.span, into: &buffer)
    let size = [UInt8(truncatingIfNeeded: text.count), UInt8(text.count >> 8)]
    return [[0, 0, 0] + FuzzFiles.bytes(of: buffer), [4] + size + block, [5] + size + text]
      + (1...3).map { [UInt8($0), 0, 0] + [UInt8](repeating: 1, count: 300) }
  }
}
