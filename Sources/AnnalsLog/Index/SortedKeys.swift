/// A sorted key table in a checked file.
package struct SortedKeys: Sendable {
  private let file: CheckedFile
  private let start: Int
  package let count: Int
  private let entrySize: Int

  /// The table of `count` entries that begins at `start` of the body, a multiple of the page size.
  package init(_ file: CheckedFile, start: Int, count: Int, entrySize: Int) {
    self.file = file
    self.start = start
    self.count = count
    self.entrySize = entrySize
  }

  /// The entry at `index`.
  package func entry(_ index: Int) throws(LogError) -> KeyEntry {
    let at = start + KeyTableFormat.offset(index, entrySize)
    let file = file
    try file.check(at..<at + entrySize)
    return KeyEntry.decode(file.body, at: at, entrySize)
  }

  /// The entry of `hash`, if the table has it.
  ///
  /// Interpolates to a page, as hashes are uniform, walks to the right one, and searches it by
  /// halves. Ends after at most as many pages as there are, whatever they hold.
  package func find(_ hash: KeyHash) throws(LogError) -> KeyEntry? {
    if count == 0 { return nil }
    let perPage = KeyTableFormat.entriesPerPage(entrySize)
    let guess = Int(truncatingIfNeeded: hash.high.multipliedFullWidth(by: UInt64(count)).high)
    var lowPage = 0
    var highPage = (count - 1) / perPage
    var page = guess / perPage
    var step = 1
    let file = file
    while true {
      let pageStart = start + page * CheckedPages.pageSize
      let first = page * perPage
      let last = min(count, first + perPage) - 1
      let range = pageStart..<pageStart + (last - first + 1) * entrySize
      try file.check(range)
      let body = file.body
      if hash < KeyEntry.decode(body, at: pageStart, entrySize).hash {
        highPage = page - 1
        if highPage < lowPage { return nil }
        page = max(lowPage, page - step)
        step *= 2
        continue
      }
      if KeyEntry.decode(body, at: range.upperBound - entrySize, entrySize).hash < hash {
        lowPage = page + 1
        if highPage < lowPage { return nil }
        page = min(highPage, page + step)
        step *= 2
        continue
      }
      return search(hash, body, pageStart, last - first + 1)
    }
  }

  private func search(
    _ hash: KeyHash,
    _ body: Span<UInt8>,
    _ pageStart: Int,
    _ entries: Int
  ) -> KeyEntry? {
    var low = 0
    var high = entries
    while low < high {
      let middle = (low + high) / 2
      let entry = KeyEntry.decode(body, at: pageStart + middle * entrySize, entrySize)
      if entry.hash == hash { return entry }
      if entry.hash < hash { low = middle + 1 } else { high = middle }
    }
    return nil
  }
}
