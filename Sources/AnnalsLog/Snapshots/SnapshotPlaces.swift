/// Where the snapshots are that count, and what each file has of them.
///
/// A dictionary of 40 bytes an entry, which is between three eighths and three quarters full.
struct SnapshotPlaces: Sendable {
  /// Where a snapshot stands.
  struct Place: Sendable {
    var version: UInt64
    /// The number of the file.
    var file: UInt32
    /// In units, as the length.
    var offset: UInt32
    /// The length; its highest bit is `isConfirmed`, which would make every entry larger by eight.
    private var marked: UInt32
    /// 0 for none.
    var dictionary: UInt32

    private static let mark: UInt32 = 1 << 31

    init(version: UInt64, file: UInt32, offset: UInt32, length: UInt32, dictionary: UInt32) {
      self.version = version
      self.file = file
      self.offset = offset
      marked = length & ~Self.mark
      self.dictionary = dictionary
    }

    var length: UInt32 { marked & ~Self.mark }

    /// Whether the event it stands on was read, and is the one that stands there: that does not
    /// change while the log is open, unless rules hide the event.
    var isConfirmed: Bool {
      get { marked & Self.mark != 0 }
      set { marked = newValue ? marked | Self.mark : length }
    }

    func isSame(as other: Place) -> Bool { file == other.file && offset == other.offset }

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
    guard let known = places[hash], known.isSame(as: place) else { return }
    places[hash] = nil
    files[place.file]?.liveByteCount -= place.byteCount
  }

  /// Notes that the event which the snapshot at `place` stands on was read.
  mutating func confirm(_ hash: KeyHash, at place: Place) {
    guard let index = places.index(forKey: hash), places.values[index].isSame(as: place) else {
      return
    }
    places.values[index].isConfirmed = true
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
