import AnnalsLog

/// An events frame of the general form whose numbers may be anything.
struct RawFrame {
  var flags: UInt8 = 8
  var position: UInt64 = 0
  var time: UInt64 = 0
  var distance: UInt64?
  var events: UInt64 = 1
  var aggregates: UInt64 = 1
  var appends: UInt64 = 1
  var word: UInt32 = 0
  /// What the columns hold: constants, unless `word` says otherwise.
  var columns: [UInt64] = [3, 1, 1, 1, 1]
  var extras: [UInt8]?
  var keys: [UInt8]?
  var sectionLength: UInt64?
  var idsLength: UInt64 = 3
  var tail = Array("a-1x".utf8)

  /// The frame's bytes, without a checksum.
  var bytes: [UInt8] {
    FormatSamples.bytes { buffer in
      buffer.append(UInt64(0))
      buffer.append(flags)
      buffer.appendVarint(position)
      buffer.appendVarint(time)
      if let distance { buffer.appendVarint(distance) }
      for count in [events, aggregates, appends] { buffer.appendVarint(count) }
      buffer.append(word)
      for column in columns { buffer.appendVarint(column) }
      for section in [extras, keys] {
        guard let section else { continue }
        buffer.appendVarint(sectionLength ?? UInt64(section.count))
        buffer.append(section.span)
      }
      buffer.appendVarint(idsLength)
      buffer.append(tail.span)
      let padding = -buffer.count & 7
      buffer.appendZeros(padding)
      buffer.store(flags | UInt8(padding), at: 8)
      buffer.store(UInt32(buffer.count / 8) | 1 << 28, at: 4)
    }
  }

  /// Whether the engine takes the frame for one a writer made.
  var isValid: Bool {
    FrameDraft.decode(bytes, at: 0, FormatSamples.base) != nil
  }

  static let hasAggregates: UInt32 = 1 << 27
  static let hasPositions: UInt32 = 1 << 29
  static let hasExtras: UInt32 = 1 << 30
  static let hasKeys: UInt32 = 1 << 31
}

/// Numbers at which arithmetic goes wrong.
enum HostileNumber {
  static let all: [UInt64] = [
    0, 1, 2, 127, 128, 255, 256, 1 << 20, 1 << 20 + 1, 1 << 28 - 1, 1 << 31 - 1, 1 << 31,
    1 << 32 - 1, 1 << 32, 1 << 56 - 1, 1 << 56, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max,
  ]
}
