/// The checkpoints and states of named consumers, each committed whole and durably.
///
/// Specified in `Format.md`, section "Consumer slot". A consumer has two files, its slots, which
/// are written in turn, so that the record saved last stays whole while the next is written:
///
/// 1. The slot that is written is never the one that counts.
/// 2. A slot is written in place only where its file has room and every write and sync of it has
///    succeeded; otherwise it is replaced by a new file. So a small record costs one write and
///    one sync that changes no metadata, and nothing rests on a file whose sync has failed.
/// 3. What an earlier process left is synced before anything is built on it.
///
/// Safe to use from any thread; saves of different consumers do not wait for each other.
package final class ConsumerStore: @unchecked Sendable {
  // Checked how: everything that changes is touched only under `lock`; each entry guards
  // itself.
  private let core: LogCore
  private let writer: Writer?
  /// Keeps the log open.
  private let log: EventLog?
  private let lock = Lock()
  private var directory: (any LogDirectory)?
  private var isDirectoryDurable = false
  private var entries: [String: ConsumerEntry] = [:]
  private var damaged = 0

  /// The store of the consumers of `log`; touches no file before it is used.
  package init(_ log: EventLog) {
    self.log = log
    core = log.core
    writer = log.writer
  }

  /// The store of the consumers of a log that is kept open by others.
  init(_ core: LogCore, _ writer: Writer) {
    log = nil
    self.core = core
    self.writer = writer
  }

  /// How many slots were met that did not verify, in all loads: each fell back to the other slot.
  ///
  /// One is to be expected after a crash.
  package var damagedCount: Int { lock.withLock { damaged } }

  /// The record saved last under `name`; nil if there is none.
  ///
  /// Costs the reading of the state. If the newest slot does not verify, the one before counts.
  ///
  /// - Throws: `.corrupt` if there are slots and none is whole, `.unsupportedVersion`,
  ///   `.invalidName`, `.limitExceeded`, `.system`.
  package func load(_ name: String) throws(LogError) -> ConsumerRecord? {
    try check(name)
    guard let directory = try open(create: false) else { return nil }
    if writer != nil {
      let loaded = try entry(name, directory).load()
      note(loaded.damagedCount)
      return loaded.record
    }
    var attempts = 0
    while true {
      // Beside a writer both slots can change while they are read, one after the other.
      do throws(LogError) {
        let loaded = try ConsumerEntry(name, core, directory).read()
        note(loaded.damagedCount)
        return loaded.record
      } catch {
        attempts += 1
        guard case .corrupt = error, attempts < 5 else { throw error }
        SystemClock.sleep(nanoseconds: 5_000_000)
      }
    }
  }

  /// Saves `record` under `name`; durable on return, and whole or absent whatever happens.
  ///
  /// Costs one write and one sync where the state has not outgrown its file, else about four.
  ///
  /// - Throws: `.readOnly`, `.closed`, `.positionBeyondHead` if the position is not durable yet,
  ///   `.invalidName`, `.limitExceeded`, `.diskFull`, `.system`: the record saved before still
  ///   counts, though after a crash it may be this one.
  package func save(_ name: String, _ record: ConsumerRecord) throws(LogError) {
    try check(name)
    try checkWritable()
    guard record.state.count <= Limits.consumerStateBytesMax else {
      throw .limitExceeded(
        LimitExceeded(
          .consumerStateBytes,
          value: record.state.count,
          maximum: Limits.consumerStateBytesMax
        )
      )
    }
    let head = core.durableThrough
    // Else a power cut could leave a consumer that knows of events which never were.
    guard record.position <= head else {
      throw .positionBeyondHead(requested: Position(record.position), head: Position(head))
    }
    guard let directory = try open(create: true) else { return }
    try entry(name, directory).save(record)
  }

  /// Forgets `name`; durable on return.
  package func remove(_ name: String) throws(LogError) {
    try check(name)
    try checkWritable()
    guard let directory = try open(create: false) else { return }
    try entry(name, directory).remove()
  }

  /// All consumers, by name, as the headers of their slots tell; no state is read.
  package func list() throws(LogError) -> [ConsumerSummary] {
    guard let directory = try open(create: false) else { return [] }
    var summaries: [String: (summary: ConsumerSummary, sequence: UInt64)] = [:]
    var damagedBytes: [String: Int] = [:]
    for fileName in try directory.names() {
      guard let stem = ConsumerEntry.stem(of: fileName) else { continue }
      let file = try directory.openFile(fileName, .readOnly)
      let bytes = try file.read(ConsumerHeader.Layout.byteCount, at: 0)
      let size = try file.size()
      guard
        let header = try ConsumerEntry.header(bytes.span, core, file: file.name),
        ConsumerEntry.stem(header.name.span, core.hasher) == stem
      else {
        damagedBytes[stem, default: 0] += size
        continue
      }
      var summary = ConsumerSummary(
        name: header.name.span.text,
        position: header.position,
        history: header.history,
        fingerprint: header.fingerprint,
        kind: header.kind,
        stateBytes: header.rawByteCount,
        storedBytes: size,
        damagedCount: 0
      )
      var sequence = header.sequence
      if let other = summaries[stem] {
        let total = other.summary.storedBytes + size
        if other.sequence > sequence { (summary, sequence) = other }
        summary.storedBytes = total
      }
      summaries[stem] = (summary, sequence)
    }
    for (stem, bytes) in damagedBytes {
      summaries[stem]?.summary.damagedCount += 1
      summaries[stem]?.summary.storedBytes += bytes
    }
    return summaries.values.map(\.summary).sorted { $0.name < $1.name }
  }

  private func note(_ count: Int) {
    if count > 0 { lock.withLock { damaged += count } }
  }

  private func check(_ name: String) throws(LogError) {
    try BatchContents.checkName(
      name.utf8Span.span,
      .consumer,
      maximum: Limits.consumerNameBytesMax,
      .consumerNameBytes
    )
  }

  private func checkWritable() throws(LogError) {
    guard let writer else { throw .readOnly }
    // Given up by a close; also, a forked child does not hold it.
    guard writer.directoryLock.isHeldByProcess else { throw .closed }
  }

  /// The folder of the slots; nil if there is none.
  private func open(create: Bool) throws(LogError) -> (any LogDirectory)? {
    lock.lock()
    defer { lock.unlock() }
    // Found is not made durable: its maker may have died, or failed, before it came to that.
    if let directory, isDirectoryDurable || !create { return directory }
    do throws(LogError) {
      let opened = try core.files.root.openDirectory(
        StoreFile.consumersDirectory,
        create: create
      )
      // A name may be there that an earlier process did not make durable.
      if writer != nil { try opened.sync() }
      directory = opened
      isDirectoryDurable = create
      return opened
    } catch {
      guard case .system(let cause) = error, cause.isNotFound else { throw error }
      return nil
    }
  }

  private func entry(_ name: String, _ directory: any LogDirectory) -> ConsumerEntry {
    lock.withLock {
      if let entry = entries[name] { return entry }
      let entry = ConsumerEntry(name, core, directory)
      entries[name] = entry
      return entry
    }
  }
}
