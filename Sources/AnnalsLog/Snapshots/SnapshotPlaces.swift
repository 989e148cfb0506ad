/// Where the snapshots are that count, and what each file has of them.
///
/// A dictionary of 40 bytes an entry, which is between three eighths and three quarters full.
struct SnapshotPlaces: Sendable {
  /// Where a snapshot stands.
  struct Place: Hashable, Sendable {
    var version: UInt64
    /// The number of the file.
    var file: UInt32
    /// In units, as the length.
    var offset: UInt32
    var length: UInt32
    /// 0 for none.
    var dictionary: UInt32

    var byteOffset: Int { Int(offset) * FrameHeader.unit }
    var byteCount: Int { Int(length) * FrameHeader.unit }
  }

  struct File: Sendable {
    var file: SnapshotFile
    /// The offset behind the last frame known.
    var end: Int
    /// The offset behind the last frame that its index has; 0 without one.
    var indexedEnd = 0
    /// The bytes of frames that count.
    var liveByteCount = 0

    /// Whether more than half of it is dead.
    var isMostlyDead: Bool { liveByteCount * 2 < end - SnapshotFile.firstFrame }
  }

  private(set) var places: [KeyHash: Place] = [:]
  var files: [UInt32: File] = [:]

  subscript(hash: KeyHash) -> Place? { places[hash] }

  /// Makes room for as many as an index holds.
  mutating func reserve(_ count: Int) {
    if places.isEmpty { places.reserveCapacity(count) }
  }

  /// What was written last counts.
  mutating func put(_ place: Place, _ hash: KeyHash) {
    if let old = places.updateValue(place, forKey: hash) {
      files[old.file]?.liveByteCount -= old.byteCount
    }
    files[place.file]?.liveByteCount += place.byteCount
  }

  /// Forgets a snapshot, if it still stands at `place`.
  mutating func remove(_ hash: KeyHash, at place: Place) {
    guard places[hash] == place else { return }
    places[hash] = nil
    files[place.file]?.liveByteCount -= place.byteCount
  }

  /// Forgets files, and what stands in them.
  mutating func remove(_ numbers: Set<UInt32>) {
    if numbers.isEmpty { return }
    for number in numbers { files[number] = nil }
    places = places.filter { !numbers.contains($0.value.file) }
  }

  /// What counts in a file, in its order.
  func places(in file: UInt32) -> [(hash: KeyHash, place: Place)] {
    var found: [(hash: KeyHash, place: Place)] = []
    for (hash, place) in places where place.file == file { found.append((hash, place)) }
    return found.sorted { $0.place.offset < $1.place.offset }
  }

  /// The dictionaries that something which counts needs.
  var dictionariesInUse: Set<UInt32> {
    var used: Set<UInt32> = []
    for place in places.values where place.dictionary != 0 { used.insert(place.dictionary) }
    return used
  }

  /// The index of a file as it is now.
  func index(of number: UInt32, _ storeID: StoreID) -> SnapshotIndexFile? {
    guard let file = files[number] else { return nil }
    let entries = places(in: number).map { hash, place in
      SnapshotIndexFile.Entry(
        hash: hash,
        version: place.version,
        offset: place.offset,
        length: place.length,
        dictionary: place.dictionary
      )
    }
    return SnapshotIndexFile(
      storeID: storeID,
      number: number,
      salt: file.file.header.salt,
      end: UInt64(file.end),
      entries: entries
    )
  }
}
