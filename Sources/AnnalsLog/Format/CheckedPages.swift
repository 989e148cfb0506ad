/// A file of 4 KiB pages, each with a checksum of its own: the container of footers and index
/// checkpoints.
///
/// Specified in `Format.md`, section "Checked pages". Page 0 is a header block; the checksums of
/// all other pages follow the last of them. A mapped reader checks a page when it first touches it,
/// so that opening such a file costs two pages, however large it is.
package enum CheckedPages {
  package static let pageSize = 1 << pageShift
  /// How many of an offset's lowest bits tell where in its page it stands.
  package static let pageShift = 12
  /// In the header block of every such file: the number of pages behind the header, and the
  /// checksum of the checksum table.
  package static let pageCount = 40..<44
  package static let tableChecksum = 44..<48
  /// Where a kind of file puts its own fields.
  package static let fields = 48

  /// Completes a file: `body` holds the pages behind the header, `header` the header block's own
  /// fields, encoded up to but without page count and table checksum.
  package static func finish(
    header: borrowing ByteBuffer,
    body: inout ByteBuffer,
    into file: inout ByteBuffer
  ) {
    body.appendZeros(-body.count & (pageSize - 1))
    let pages = body.count / pageSize
    var table = ByteBuffer(capacity: pages * 4 + 16)
    for page in 0..<pages {
      let sum = CRC32C.checksum(
        body.bytes.extracting(page * pageSize..<(page + 1) * pageSize),
        continuing: UInt32(page)
      )
      table.append(sum)
    }
    let start = file.count
    file.append(header.bytes)
    file.store(UInt32(pages), at: start + pageCount.lowerBound)
    file.store(CRC32C.checksum(table.bytes), at: start + tableChecksum.lowerBound)
    HeaderBlock.finish(&file, from: start)
    file.append(body.bytes)
    file.append(table.bytes)
  }
}

/// Writes a file of checked pages piece by piece.
package struct CheckedPagesWriter: ~Copyable {
  /// What is to be written next; whole pages, once `flush` or `finish` has filled the last.
  package var body = ByteBuffer(capacity: 64 << 10)
  private var table = ByteBuffer(capacity: 4096)
  private var pages = 0
  private let file: any LogFile

  /// A writer of an empty file.
  package init(_ file: any LogFile) {
    self.file = file
  }

  /// Fills the last page of `body` with zeros, writes it, and empties it.
  package mutating func flush() throws(LogError) {
    let size = CheckedPages.pageSize
    body.appendZeros(-body.count & (size - 1))
    if body.count == 0 { return }
    try Self.write(body, to: file, at: (pages + 1) * size)
    for page in 0..<body.count / size {
      table.append(
        CRC32C.checksum(
          body.bytes.extracting(page * size..<(page + 1) * size),
          continuing: UInt32(truncatingIfNeeded: pages + page)
        )
      )
    }
    pages += body.count / size
    body.removeAll()
  }

  /// Writes what is left, the table of checksums and the header block, whose own fields are
  /// `header`.
  package mutating func finish(header: borrowing ByteBuffer) throws(LogError) {
    try flush()
    var block = ByteBuffer(capacity: HeaderBlock.byteCount)
    block.append(header.bytes)
    block.store(UInt32(pages), at: CheckedPages.pageCount.lowerBound)
    block.store(CRC32C.checksum(table.bytes), at: CheckedPages.tableChecksum.lowerBound)
    HeaderBlock.finish(&block, from: 0)
    try Self.write(table, to: file, at: (pages + 1) * CheckedPages.pageSize)
    try Self.write(block, to: file, at: 0)
  }

  private static func write(
    _ buffer: borrowing ByteBuffer,
    to file: any LogFile,
    at offset: Int
  ) throws(LogError) {
    try file.write(buffer.bytes, at: offset)
  }
}

/// Reads a file of checked pages through its mapping.
package final class CheckedFile: Sendable {
  package let name: String
  package let mapping: Mapping
  private let pages: Int
  private let magic: FileHeader.Magic
  private let verified: VerifiedBits
  /// Pages that the system was asked for in advance.
  private let asked: VerifiedBits

  /// Checks the header block and the table of checksums of `mapping`, which begins with `magic`.
  package init(
    _ mapping: Mapping,
    _ magic: FileHeader.Magic,
    storeID: StoreID,
    name: String
  ) throws(LogError) {
    pages = try Self.checkHeader(mapping.bytes, magic, storeID: storeID, name: name)
    self.magic = magic
    self.name = name
    self.mapping = mapping
    verified = VerifiedBits(count: pages)
    asked = VerifiedBits(count: pages)
  }

  private static func checkHeader(
    _ bytes: Span<UInt8>,
    _ magic: FileHeader.Magic,
    storeID: StoreID,
    name: String
  ) throws(LogError) -> Int {
    guard bytes.count >= HeaderBlock.byteCount else {
      throw .truncatedFile(
        file: name,
        expected: UInt64(HeaderBlock.byteCount),
        actual: UInt64(bytes.count)
      )
    }
    let block = bytes.extracting(0..<HeaderBlock.byteCount)
    let header = try HeaderBlock.header(block, magic, file: name)
    guard header.storeID == storeID else {
      throw .corrupt(Corruption(file: name, offset: 0, .identity))
    }
    let pages = Int(block.load(UInt32.self, at: CheckedPages.pageCount.lowerBound))
    let tableStart = (pages + 1) * CheckedPages.pageSize
    let end = tableStart + pages * 4
    guard bytes.count >= end else {
      throw .truncatedFile(file: name, expected: UInt64(end), actual: UInt64(bytes.count))
    }
    guard bytes.count == end else {
      throw .corrupt(Corruption(file: name, offset: end, .malformed(structure(magic))))
    }
    let stored = block.load(UInt32.self, at: CheckedPages.tableChecksum.lowerBound)
    let computed = CRC32C.checksum(bytes.extracting(tableStart..<bytes.count))
    guard stored == computed else {
      throw .corrupt(
        Corruption(file: name, offset: tableStart, .checksum(stored: stored, computed: computed))
      )
    }
    return pages
  }

  private static func structure(_ magic: FileHeader.Magic) -> Corruption.Structure {
    magic == .indexCheckpoint ? .indexCheckpoint : .footer
  }

  /// The number of body bytes.
  package var byteCount: Int { pages * CheckedPages.pageSize }

  /// The header block.
  package var header: Span<UInt8> {
    @_lifetime(borrow self)
    get { mapping.bytes(0..<HeaderBlock.byteCount, lentBy: self) }
  }

  /// The body; a range of it may be read once `check` passed for it.
  package var body: Span<UInt8> {
    @_lifetime(borrow self)
    get {
      mapping.bytes(CheckedPages.pageSize..<CheckedPages.pageSize * (pages + 1), lentBy: self)
    }
  }

  /// Has the processor fetch what stands at `offset` of the body, or the system, if the page was
  /// not read before.
  ///
  /// Asks the system for a page once: who prefetches may turn out not to need it, again and again.
  package func prefetch(_ offset: Int) {
    let page = offset / CheckedPages.pageSize
    if page >= 0, page < pages, !verified.contains(page), !asked.contains(page) {
      asked.insert(page)
      return startReading(page...page)
    }
    mapping.prefetch(CheckedPages.pageSize + offset)
  }

  /// Whether what stands at `offset` of the body was read and checked before.
  package func isChecked(_ offset: Int) -> Bool {
    let page = offset / CheckedPages.pageSize
    return page >= 0 && page < pages && verified.contains(page)
  }

  /// Has the system begin to read exactly those pages: a fault would read as far around as the disk
  /// is set to.
  private func startReading(_ range: ClosedRange<Int>) {
    let start = (range.lowerBound + 1) * CheckedPages.pageSize
    mapping.startReading(start..<start + range.count * CheckedPages.pageSize)
  }

  /// Checks the pages that hold `range` of the body, each once per process.
  @inline(__always)
  package func check(_ range: Range<Int>) throws(LogError) {
    // Nearly always one page, and known.
    if isChecked(range) { return }
    try checkPages(range)
  }

  /// Whether `range` lies in one page, and that was checked before.
  @inline(__always)
  package func isChecked(_ range: Range<Int>) -> Bool {
    let page = range.lowerBound >> CheckedPages.pageShift
    return page >= 0 && page < pages && (range.upperBound &- 1) >> CheckedPages.pageShift == page
      && verified.contains(page)
  }

  @inline(never)
  private func checkPages(_ range: Range<Int>) throws(LogError) {
    guard range.lowerBound >= 0, range.upperBound <= byteCount else {
      throw .corrupt(Corruption(file: name, offset: 0, .malformed(Self.structure(magic))))
    }
    if range.isEmpty { return }
    let mapping = mapping
    let last = (range.upperBound - 1) / CheckedPages.pageSize
    var isAsked = false
    for page in range.lowerBound / CheckedPages.pageSize...last where !verified.contains(page) {
      if !isAsked { startReading(page...last) }
      isAsked = true
      let bytes = mapping.bytes
      let start = (page + 1) * CheckedPages.pageSize
      let stored = bytes.load(UInt32.self, at: (pages + 1) * CheckedPages.pageSize + page * 4)
      let computed = CRC32C.checksum(
        bytes.extracting(start..<start + CheckedPages.pageSize),
        continuing: UInt32(page)
      )
      guard stored == computed else {
        throw .corrupt(
          Corruption(file: name, offset: start, .checksum(stored: stored, computed: computed))
        )
      }
      verified.insert(page)
    }
  }

  /// Checks every page, and returns what is wrong with those that do not verify.
  package func checkAll() -> [LogError] {
    var problems: [LogError] = []
    for page in 0..<pages {
      do throws(LogError) {
        try check(page * CheckedPages.pageSize..<(page + 1) * CheckedPages.pageSize)
      } catch {
        problems.append(error)
      }
    }
    return problems
  }
}
