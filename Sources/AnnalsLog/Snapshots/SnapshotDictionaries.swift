/// The dictionaries of a snapshot store: which there are, which is used for new states of a shape,
/// and the states the next one is made from.
///
/// liblz4 has no trainer: a dictionary is a run of earlier states as they were, of as many
/// aggregates. What a new state has in common with any of them it need not repeat.
struct SnapshotDictionaries {
  struct Known {
    var sequence: UInt64
    var fingerprint: UInt64
    var sources: Set<KeyHash>
    var dictionary: LZ4Dictionary
  }

  /// States up to this size are compressed with a dictionary: larger ones repeat themselves enough.
  static let stateByteCountMax = 8 << 10
  /// A dictionary is made once there is so much of it, or of so many aggregates.
  static let contentByteCount = 16 << 10
  static let sourceCount = 64
  /// Shapes that states are remembered of.
  private static let shapesMax = 64
  /// How many states a ratio is taken over.
  private static let windowCount = 1024

  private(set) var known: [UInt32: Known] = [:]
  /// The number of the newest dictionary of a shape.
  private var current: [UInt64: UInt32] = [:]
  private var shapes: [UInt64: Shape] = [:]

  /// What is known of the states of a shape since the store was opened.
  private struct Shape {
    var samples: [KeyHash: [UInt8]] = [:]
    var sampleByteCount = 0
    /// Samples are collected only while a dictionary is wanted.
    var isCollecting = true
    /// States to pass over before another attempt.
    var pause = 0
    var windowCount = 0
    var rawByteCount = 0
    var storedByteCount = 0
    /// What the dictionary made of the first states; 0 while that is not known.
    var firstRatio = 0.0
  }

  /// The dictionary for new states of a shape.
  func current(for fingerprint: UInt64) -> (number: UInt32, dictionary: LZ4Dictionary)? {
    guard let number = current[fingerprint], let known = known[number] else { return nil }
    return (number, known.dictionary)
  }

  /// Whether new states of its shape are compressed with it.
  func isCurrent(_ number: UInt32) -> Bool {
    known[number].map { current[$0.fingerprint] == number } ?? false
  }

  mutating func add(_ file: SnapshotDictionaryFile) {
    let number = file.number
    known[number] = Known(
      sequence: file.sequence,
      fingerprint: file.fingerprint,
      sources: Set(file.sources),
      dictionary: LZ4Dictionary(file.content.span)
    )
    let other = current[file.fingerprint].flatMap { known[$0] }
    if other == nil || other?.sequence ?? 0 <= file.sequence {
      current[file.fingerprint] = number
    }
  }

  mutating func remove(_ number: UInt32) {
    guard let gone = known.removeValue(forKey: number) else { return }
    if current[gone.fingerprint] == number { current[gone.fingerprint] = nil }
  }

  /// Has no new state compressed with some of them; returns those.
  mutating func retire(_ numbers: Set<UInt32>) -> Set<UInt32> {
    for number in numbers where isCurrent(number) {
      if let fingerprint = known[number]?.fingerprint { current[fingerprint] = nil }
    }
    return numbers
  }

  /// Those that hold a state of an aggregate.
  func holding(_ hash: KeyHash) -> Set<UInt32> {
    Set(known.filter { $0.value.sources.contains(hash) }.keys)
  }

  /// Forgets the states of an aggregate that the next dictionary would be made from.
  mutating func forget(_ hash: KeyHash) {
    for fingerprint in shapes.keys {
      if let sample = shapes[fingerprint]?.samples.removeValue(forKey: hash) {
        shapes[fingerprint]?.sampleByteCount -= sample.count
      }
    }
  }

  /// Forgets all states that the next dictionaries would be made from.
  mutating func forgetAll() { shapes.removeAll() }

  // MARK: Making one

  /// Takes note of a state that was kept; the dictionary to be made from such, if it is time.
  mutating func note(
    _ state: [UInt8],
    _ hash: KeyHash,
    _ fingerprint: UInt64,
    storedByteCount: Int,
    _ storeID: StoreID
  ) -> SnapshotDictionaryFile? {
    guard state.count >= 16, state.count <= Self.stateByteCountMax else { return nil }
    if shapes[fingerprint] == nil, shapes.count >= Self.shapesMax { return nil }
    var shape = shapes[fingerprint] ?? Shape(isCollecting: current[fingerprint] == nil)
    defer { shapes[fingerprint] = shape }
    if !shape.isCollecting {
      judge(&shape, state.count, storedByteCount)
      return nil
    }
    if shape.pause > 0 {
      shape.pause -= 1
      return nil
    }
    if let before = shape.samples.updateValue(state, forKey: hash) {
      shape.sampleByteCount -= before.count
    }
    shape.sampleByteCount += state.count
    let isEnough =
      shape.sampleByteCount >= Self.contentByteCount && shape.samples.count >= 4
      || shape.samples.count >= Self.sourceCount
    guard isEnough else { return nil }
    let samples = shape.samples
    shape = Shape(isCollecting: false)
    guard let sources = Self.choose(samples) else {
      shape.isCollecting = true
      shape.pause = Self.windowCount
      return nil
    }
    return SnapshotDictionaryFile(
      storeID: storeID,
      sequence: (known.values.map(\.sequence).max() ?? 0) + 1,
      fingerprint: fingerprint,
      sources: sources.map(\.hash),
      content: sources.flatMap(\.state)
    )
  }

  /// Begins to collect again where the states are no longer those the dictionary was made for.
  private func judge(_ shape: inout Shape, _ raw: Int, _ stored: Int) {
    shape.windowCount += 1
    shape.rawByteCount += raw
    shape.storedByteCount += stored
    guard shape.windowCount == Self.windowCount else { return }
    let ratio = Double(shape.storedByteCount) / Double(max(1, shape.rawByteCount))
    let first = shape.firstRatio == 0 ? ratio : shape.firstRatio
    shape = Shape(isCollecting: ratio > first * 1.25)
    shape.firstRatio = first
  }

  /// The samples for a dictionary; nil if it would not help.
  ///
  /// It helps if what is made of three quarters of them makes the others smaller by a fifth: to
  /// compress with it takes twice as long.
  private static func choose(
    _ samples: [KeyHash: [UInt8]]
  ) -> [(hash: KeyHash, state: [UInt8])]? {
    let all = samples.map { (hash: $0.key, state: $0.value) }.sorted { $0.hash < $1.hash }
    let cut = max(1, all.count * 3 / 4)
    var chosen: [(hash: KeyHash, state: [UInt8])] = []
    var byteCount = 0
    for sample in all.prefix(cut)
    where byteCount + sample.state.count <= SnapshotDictionaryFile.contentByteCountMax {
      chosen.append(sample)
      byteCount += sample.state.count
    }
    let content = chosen.flatMap(\.state)
    let dictionary = LZ4Dictionary(content.span)
    var (with, without) = (0, 0)
    for sample in all.dropFirst(cut) {
      with += dictionary.compress(sample.state.span)?.count ?? sample.state.count
      without += LZ4.compress(sample.state.span)?.count ?? sample.state.count
    }
    return with * 5 <= without * 4 ? chosen : nil
  }
}
