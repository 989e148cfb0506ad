/// What a footer tells of a segment's events as a whole: how many there are of each type, their
/// categories, and between which times they lie.
struct EventCensus: ~Copyable {
  private(set) var eventCount: UInt64 = 0
  private(set) var leastTime = Int64.max
  private(set) var greatestTime = Int64.min
  /// By the types' numbers.
  private var typeCounts: [UInt64] = []
  /// The categories, in the order in which they came.
  private var categoryBytes = ByteBuffer(capacity: 256)
  private var categories: [Range<Int>] = []
  private var categoryHashes: [KeyHash] = []
  private var categoryRows = RowTable()
  private var lastCategory = 0
  private(set) var hasTooManyCategories = false
  private let hasher: KeyHasher

  /// More categories than this are not listed: then a segment is read to see what it has.
  private static let categoriesMax = 1000

  init(_ hasher: KeyHasher) { self.hasher = hasher }

  /// Counts the events of a frame that verified.
  mutating func add(_ frame: EventsFrame, _ bytes: Span<UInt8>) {
    eventCount += UInt64(frame.eventCount)
    // What a whole frame shares is looked at once.
    let types = frame.types.width == .constant ? 1 : frame.eventCount
    let weight = UInt64(frame.eventCount / types)
    for index in 0..<types {
      let type = Int(truncatingIfNeeded: frame.types.value(index, in: bytes))
      while typeCounts.count <= type { typeCounts.append(0) }
      typeCounts[type] += weight
    }
    for index in 0..<(frame.hasTimes ? frame.eventCount : 1) {
      let time = frame.time(index, bytes)
      leastTime = min(leastTime, time)
      greatestTime = max(greatestTime, time)
    }
    var start = frame.idsOffset
    for row in 0..<frame.aggregateCount where !hasTooManyCategories {
      let end = start + Int(truncatingIfNeeded: frame.idLengths.value(row, in: bytes))
      addCategory(AggregateID.categoryBytes(bytes.extracting(start..<end)))
      start = end
    }
  }

  private mutating func addCategory(_ category: Span<UInt8>) {
    if lastCategory < categories.count,
      categoryBytes.equals(category, in: categories[lastCategory])
    {
      return
    }
    let hash = hasher.hash(category, .aggregate)
    var search = categoryRows.search(hash)
    while let row = categoryRows.next(&search) {
      if categoryHashes[row] == hash, categoryBytes.equals(category, in: categories[row]) {
        lastCategory = row
        return
      }
    }
    if categories.count == Self.categoriesMax {
      hasTooManyCategories = true
      return
    }
    lastCategory = categories.count
    categories.append(categoryBytes.count..<categoryBytes.count + category.count)
    categoryBytes.append(category)
    categoryHashes.append(hash)
    categoryRows.insert(lastCategory, hash) { categoryHashes[$0] }
  }

  /// The numbers of the types that occur and their counts, rising.
  var types: [(number: Int, count: UInt64)] {
    typeCounts.indices.filter { typeCounts[$0] > 0 }.map { ($0, typeCounts[$0]) }
  }

  /// The names of the categories, sorted.
  var categoryNames: [String] {
    var names: [String] = []
    for range in categories { names.append(categoryBytes.text(range)) }
    return names.sorted()
  }
}
