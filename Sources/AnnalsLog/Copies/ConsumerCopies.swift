/// The files of consumers, taken along by copies of a store.
///
/// What a projection holds could be made anew from the log, but how far a reactor has come could
/// not: without its checkpoint it would skip events, or do things twice.
enum ConsumerCopies {
  /// The slots in the store's `consumers` that are whole, without the room behind their states.
  ///
  /// Beside a writer a slot may be read while it is written. The other one is whole then, unless it
  /// was read while *it* was written: so they are read again where none is.
  static func read(_ root: any LogDirectory) throws(LogError) -> [(name: String, bytes: [UInt8])] {
    let directory: any LogDirectory
    do throws(LogError) {
      directory = try root.openDirectory(StoreFile.consumersDirectory, create: false)
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      return []
    }
    var found: [(name: String, bytes: [UInt8])] = []
    let names = try directory.names()
    let stems = Set(names.compactMap { ConsumerEntry.stem(of: $0) }).sorted()
    for stem in stems {
      var attempts = 0
      while true {
        let slots = try readSlots(stem, directory)
        attempts += 1
        if !slots.isEmpty || attempts == 5 {
          found += slots
          break
        }
        SystemClock.sleep(nanoseconds: 2_000_000)
      }
    }
    return found
  }

  private static func readSlots(
    _ stem: String,
    _ directory: any LogDirectory
  ) throws(LogError) -> [(name: String, bytes: [UInt8])] {
    var slots: [(name: String, bytes: [UInt8])] = []
    for slot in 0...1 {
      let name = "\(stem).\(slot)"
      do throws(LogError) {
        let file = try directory.openFile(name, .readOnly)
        let bytes = try file.read(try file.size(), at: 0)
        let header = try ConsumerHeader.decode(bytes.span, file: file.name)
        let start = ConsumerHeader.Layout.byteCount
        let end = start + header.storedByteCount
        guard end <= bytes.count,
          ConsumerHeader.checksum(
            bytes.span.extracting(start..<end),
            sequence: header.sequence
          ) == header.stateChecksum
        else { continue }
        slots.append((name, Array(bytes[..<end])))
      } catch {
        switch error {
        case .corrupt, .truncatedFile: continue
        case .system(let cause) where cause.isNotFound: continue
        default: throw error
        }
      }
    }
    return slots
  }

  /// The slots as they stand in a copy with a history of its own, which shares what stands up to
  /// `position` with that of the source.
  ///
  /// Consumers that had taken no later event then go on, whatever retention has made of the event
  /// they stand on.
  static func adopted(
    _ slots: [(name: String, bytes: [UInt8])],
    from history: StoreID,
    to copy: StoreID,
    through position: UInt64
  ) -> [(name: String, bytes: [UInt8])] {
    slots.map { slot in
      let start = ConsumerHeader.Layout.byteCount
      guard var header = try? ConsumerHeader.decode(slot.bytes.span, file: slot.name),
        header.history == history, header.position <= position
      else { return slot }
      header.history = copy
      var buffer = ByteBuffer(capacity: slot.bytes.count)
      header.encode(into: &buffer)
      buffer.append(slot.bytes.span.extracting(start..<slot.bytes.count))
      return (slot.name, buffer.bytes.array)
    }
  }

  /// Writes the slots into `root`, each whole or not at all, and removes those of consumers that
  /// are no longer there.
  static func write(
    _ slots: [(name: String, bytes: [UInt8])],
    to files: StoreFiles
  ) throws(LogError) {
    let names = try files.root.names()
    if slots.isEmpty, !names.contains(StoreFile.consumersDirectory) { return }
    let directory = try files.root.openDirectory(StoreFile.consumersDirectory, create: true)
    let kept = Set(slots.map(\.name))
    for slot in slots { try files.replace(slot.name, in: directory, with: slot.bytes.span) }
    var isRemoved = false
    for name in try directory.names() where !kept.contains(name) {
      try directory.remove(name)
      isRemoved = true
    }
    if isRemoved { try directory.sync() }
  }
}
