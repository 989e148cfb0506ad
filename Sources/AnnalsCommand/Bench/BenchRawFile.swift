internal import AnnalsLog

/// A file without a store: what the disk does at best.
struct BenchRawFile {
  private let file: any LogFile
  private let byteCount: Int
  private let bytes: [UInt8]
  private var offset = 0

  private static let piece = 64 << 10

  /// A file whose blocks are written with zeros and durable, so that neither a write nor a sync has
  /// metadata to change; writes go round in it.
  init(_ directory: String, recordBytes: Int) throws(LogError) {
    byteCount = max(32 << 20, 4 * recordBytes)
    bytes = [UInt8](repeating: 7, count: recordBytes)
    file = try Self.make(directory)
    let zeros = [UInt8](repeating: 0, count: Self.piece)
    var end = 0
    while end < byteCount {
      try file.write(zeros.span, at: end)
      end += zeros.count
    }
    try file.sync()
  }

  private static func make(_ directory: String) throws(LogError) -> any LogFile {
    let folder = try SystemFileSystem.shared.openDirectory(directory, create: false)
    if try folder.names().contains(BenchDirectory.raw) { try folder.remove(BenchDirectory.raw) }
    return try folder.openFile(BenchDirectory.raw, .create)
  }

  /// Writes the record behind the last one.
  mutating func write() throws(LogError) {
    if offset + bytes.count > byteCount { offset = 0 }
    try file.write(bytes.span, at: offset)
    offset += bytes.count
  }

  /// Makes it durable.
  func sync() throws(LogError) { try file.sync() }

  /// A mapping of the payloads of the first `count` events, `stride` bytes apart.
  static func map(
    _ events: BenchEvents,
    _ count: Int,
    stride: Int,
    _ directory: String
  ) throws(LogError) -> Mapping {
    let file = try make(directory)
    var buffer: [UInt8] = []
    var offset = 0
    for number in 0..<count {
      events.append(number, to: &buffer)
      buffer += [UInt8](repeating: 0, count: stride - events.payloadBytes)
      if buffer.count >= piece || number == count - 1 {
        try file.write(buffer.span, at: offset)
        offset += buffer.count
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try file.sync()
    return try file.map(count * stride, writable: false)
  }
}
