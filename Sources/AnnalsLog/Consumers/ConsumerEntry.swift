/// The two slots of one consumer.
final class ConsumerEntry: @unchecked Sendable {
  // Checked how: all that changes is touched only under `lock`.
  private let name: [UInt8]
  private let stem: String
  private let core: LogCore
  private let directory: any LogDirectory
  private let lock = Lock()
  /// Files that may be written in place, and their sizes.
  private var open: [(file: any LogFile, byteCount: Int)?] = [nil, nil]
  /// The slot that counts, and its number; nil if there is none.
  private var newest: (slot: Int, sequence: UInt64)?
  private var isSettled = false
  /// The slots that did not verify when the files were settled, until a load tells of them.
  private var untoldDamage = 0

  /// What a load found.
  struct Loaded {
    var record: ConsumerRecord?
    var slot = 0
    var sequence: UInt64 = 0
    /// How many slots did not verify.
    var damagedCount = 0
  }

  /// Room is made in such steps, so that a state may change its size a little in place.
  private static let unit = 4096

  init(_ name: String, _ core: LogCore, _ directory: any LogDirectory) {
    let bytes = Array(name.utf8)
    self.name = bytes
    stem = Self.stem(bytes.span, core.hasher)
    self.core = core
    self.directory = directory
  }

  // MARK: Names

  /// What the names of a consumer's files begin with: for the eye its own name, for the rest the
  /// hash of that.
  static func stem(_ name: Span<UInt8>, _ hasher: KeyHasher) -> String {
    var text = ""
    for index in 0..<min(name.count, 64) {
      let byte = name[index]
      let isPlain =
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x5a)
        || (byte >= 0x61 && byte <= 0x7a) || byte == UInt8(ascii: "-")
      text.unicodeScalars.append(isPlain ? Unicode.Scalar(byte) : "_")
    }
    let hash = hasher.hash(name, .consumer)
    return text + "." + StoreID(high: hash.high, low: hash.low).description
  }

  /// The stem in the name of a slot's file; nil for other names.
  static func stem(of fileName: String) -> String? {
    guard fileName.hasSuffix(".0") || fileName.hasSuffix(".1") else { return nil }
    return String(fileName.dropLast(2))
  }

  // MARK: Reading

  /// The header in `bytes`; nil if it does not verify or is another store's.
  static func header(
    _ bytes: Span<UInt8>,
    _ core: LogCore,
    file: String
  ) throws(LogError) -> ConsumerHeader? {
    do throws(LogError) {
      let header = try ConsumerHeader.decode(bytes, file: file)
      return header.storeID == core.storeID ? header : nil
    } catch {
      if case .unsupportedVersion = error { throw error }
      return nil
    }
  }

  /// The record that counts, as the files show it.
  func read() throws(LogError) -> Loaded {
    var result = Loaded()
    var damagedFile: String?
    for slot in 0...1 {
      guard let file = try openFile(slot, .readOnly) else { continue }
      guard let found = try record(in: file) else {
        result.damagedCount += 1
        damagedFile = file.name
        continue
      }
      if result.record == nil || found.sequence > result.sequence {
        (result.record, result.sequence, result.slot) = (found.record, found.sequence, slot)
      }
    }
    // A slot appears under its name only when it is durable and whole: this is no torn write.
    if result.record == nil, let damagedFile {
      throw .corrupt(Corruption(file: damagedFile, offset: 0, .malformed(.consumer)))
    }
    return result
  }

  private func record(
    in file: any LogFile
  ) throws(LogError) -> (record: ConsumerRecord, sequence: UInt64)? {
    let head = try file.read(ConsumerHeader.Layout.byteCount, at: 0)
    guard let header = try Self.header(head.span, core, file: file.name), header.name == name
    else { return nil }
    let stored = try file.read(header.storedByteCount, at: ConsumerHeader.Layout.byteCount)
    guard stored.count == header.storedByteCount,
      ConsumerHeader.checksum(stored.span, sequence: header.sequence) == header.stateChecksum
    else { return nil }
    var state = stored
    if header.isCompressed {
      guard let bytes = LZ4.decompress(stored.span, into: header.rawByteCount) else { return nil }
      state = bytes
    }
    let record = ConsumerRecord(
      position: header.position,
      history: header.history,
      eventDigest: header.eventDigest,
      fingerprint: header.fingerprint,
      kind: header.kind,
      state: state
    )
    return (record, header.sequence)
  }

  private func openFile(_ slot: Int, _ mode: FileMode) throws(LogError) -> (any LogFile)? {
    do throws(LogError) {
      return try directory.openFile(fileName(slot), mode)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      return nil
    }
  }

  private func fileName(_ slot: Int) -> String { "\(stem).\(slot)" }

  // MARK: As the writer

  /// As `read`, on what is durable.
  func load() throws(LogError) -> Loaded {
    lock.lock()
    defer { lock.unlock() }
    try settle()
    // A slot whose save failed may look whole, and more so than it is: it does not count.
    guard let newest, let file = try openFile(newest.slot, .readOnly),
      let found = try record(in: file)
    else {
      let found = try read()
      if found.record != nil { self.newest = (found.slot, found.sequence) }
      return found
    }
    var loaded = Loaded(record: found.record, slot: newest.slot, sequence: newest.sequence)
    swap(&loaded.damagedCount, &untoldDamage)
    return loaded
  }

  /// Makes durable, or forgets, what an earlier process may have left with the kernel only.
  private func settle() throws(LogError) {
    if isSettled { return }
    var files: [(file: any LogFile, byteCount: Int)?] = [nil, nil]
    for slot in 0...1 {
      guard let file = try openFile(slot, .readWrite) else { continue }
      try file.sync()
      file.dropCache()
      files[slot] = (file, try file.size())
    }
    let found = try read()
    newest = found.record == nil ? nil : (found.slot, found.sequence)
    untoldDamage = found.damagedCount
    open = files
    isSettled = true
  }

  func save(_ record: ConsumerRecord) throws(LogError) {
    lock.lock()
    defer { lock.unlock() }
    do throws(LogError) {
      try settle()
    } catch {
      // Both slots are damaged: there is nothing to be kept whole.
      guard case .corrupt = error else { throw error }
      isSettled = true
    }
    let slot = newest.map { 1 - $0.slot } ?? 0
    let sequence = (newest?.sequence ?? 0) &+ 1
    let block = LZ4.compress(record.state.span)
    let stored = block ?? record.state
    let header = ConsumerHeader(
      storeID: core.storeID,
      sequence: sequence,
      position: record.position,
      history: record.history,
      eventDigest: record.eventDigest,
      fingerprint: record.fingerprint,
      rawByteCount: record.state.count,
      storedByteCount: stored.count,
      stateChecksum: ConsumerHeader.checksum(stored.span, sequence: sequence),
      kind: record.kind,
      isCompressed: block != nil,
      name: name
    )
    var buffer = ByteBuffer(capacity: ConsumerHeader.Layout.byteCount)
    header.encode(into: &buffer)
    let needed = buffer.count + stored.count
    // Taken out: it comes back only when all went well.
    let current = open[slot]
    open[slot] = nil
    if let current, current.byteCount >= needed, current.byteCount <= Self.roomMax(needed) {
      try current.file.write(buffer.bytes, stored.span, at: 0)
      try current.file.sync()
      open[slot] = current
    } else {
      open[slot] = try replace(slot, &buffer, stored)
    }
    newest = (slot, sequence)
  }

  /// Writes a new file for the slot, with some room to grow.
  private func replace(
    _ slot: Int,
    _ buffer: inout ByteBuffer,
    _ stored: [UInt8]
  ) throws(LogError) -> (file: any LogFile, byteCount: Int) {
    buffer.append(stored.span)
    // Zeros, and not only a size: later writes in place then change no metadata.
    let room = buffer.count + buffer.count / 4
    buffer.appendZeros(room - buffer.count)
    buffer.appendZeros(-buffer.count & (Self.unit - 1))
    try core.files.replace(fileName(slot), in: directory, with: buffer.bytes)
    return (try directory.openFile(fileName(slot), .readWrite), buffer.count)
  }

  /// Up to which size a file is kept for `needed` bytes.
  private static func roomMax(_ needed: Int) -> Int { max(16 * unit, 4 * needed) }

  func remove() throws(LogError) {
    lock.lock()
    defer { lock.unlock() }
    do throws(LogError) {
      try settle()
    } catch {
      guard case .corrupt = error else { throw error }
    }
    // The older one first, and durably: a crash must not bring back what was before the last.
    let last = newest?.slot ?? 0
    open = [nil, nil]
    for slot in [1 - last, last] {
      do throws(LogError) {
        try directory.remove(fileName(slot))
      } catch {
        guard case .system(let cause) = error, cause.isNotFound else { throw error }
      }
      try directory.sync()
    }
    newest = nil
    isSettled = true
  }
}
