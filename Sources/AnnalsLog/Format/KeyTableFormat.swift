/// A sorted table of key hashes in checked pages: what footers and index checkpoints are made of.
///
/// Specified in `Format.md`, section "Key table". Entries have a fixed size and never cross a page,
/// and hashes are uniform, so that an entry is found by interpolation in about two page touches.
package enum KeyTableFormat {
  /// hash 16 (low, high), version and domain 8, segment 4.
  package static let checkpointEntry = 28
  /// The above, where segment is the previous one that holds the key, then count 4, postings 4.
  package static let footerEntry = 36

  /// The number of entries in one page.
  package static func entriesPerPage(_ entrySize: Int) -> Int {
    CheckedPages.pageSize / entrySize
  }

  /// Whether a table of `count` entries fits into `byteCount` bytes.
  package static func fits(_ count: UInt64, _ entrySize: Int, in byteCount: UInt64) -> Bool {
    // Compared first, so that nothing can overflow: `byteCount` is that of a file.
    count <= byteCount && pages(Int(count), entrySize) * CheckedPages.pageSize <= Int(byteCount)
  }

  /// The pages that `count` entries take.
  package static func pages(_ count: Int, _ entrySize: Int) -> Int {
    let perPage = entriesPerPage(entrySize)
    return (count + perPage - 1) / perPage
  }

  /// The offset of entry `index` in the table.
  @inline(__always)
  package static func offset(_ index: Int, _ entrySize: Int) -> Int {
    let perPage = entriesPerPage(entrySize)
    return index / perPage * CheckedPages.pageSize + index % perPage * entrySize
  }

  /// A version with the domain of its key in the top byte.
  package static func pack(_ version: UInt64, _ domain: KeyHash.Domain) -> UInt64 {
    version & 0x00ff_ffff_ffff_ffff | UInt64(domain.rawValue) << 56
  }
}

/// What the index knows of one key.
package struct KeyEntry: Sendable, BitwiseCopyable, Equatable {
  package var hash: KeyHash
  package var domain: UInt8
  /// Of an aggregate its last version, of a tag the last position that has it, of an idempotency
  /// key its sequence number.
  package var version: UInt64
  /// In a checkpoint the newest segment that holds the key, in a footer the one before; 0: none.
  package var segment: SegmentID
  /// In a footer: how many events of the segment have the key, and where their postings start, or
  /// the posting itself if there is one.
  package var count: UInt32 = 0
  package var postings: UInt32 = 0

  package init(
    hash: KeyHash,
    domain: UInt8,
    version: UInt64,
    segment: SegmentID,
    count: UInt32 = 0,
    postings: UInt32 = 0
  ) {
    self.hash = hash
    self.domain = domain
    self.version = version
    self.segment = segment
    self.count = count
    self.postings = postings
  }

  /// Appends the entry in its form of `entrySize` bytes, first padding the page if it is full.
  package func encode(_ entrySize: Int, into body: inout ByteBuffer, tableStart: Int) {
    let used = (body.count - tableStart) % CheckedPages.pageSize
    if used + entrySize > CheckedPages.pageSize {
      body.appendZeros(CheckedPages.pageSize - used)
    }
    body.append(hash.low)
    body.append(hash.high)
    body.append(version & 0x00ff_ffff_ffff_ffff | UInt64(domain) << 56)
    body.append(segment)
    if entrySize == KeyTableFormat.footerEntry {
      body.append(count)
      body.append(postings)
    }
  }

  /// Reads the hash of the entry at `offset`, which must lie within `bytes`.
  @inline(__always)
  package static func hash(_ bytes: Span<UInt8>, at offset: Int) -> KeyHash {
    KeyHash(
      high: bytes.load(UInt64.self, at: offset + 8),
      low: bytes.load(UInt64.self, at: offset)
    )
  }

  /// Reads the entry at `offset`, which must lie within `bytes`.
  @inline(__always)
  package static func decode(_ bytes: Span<UInt8>, at offset: Int, _ entrySize: Int) -> KeyEntry {
    let packed = bytes.load(UInt64.self, at: offset + 16)
    var entry = KeyEntry(
      hash: KeyHash(
        high: bytes.load(UInt64.self, at: offset + 8),
        low: bytes.load(UInt64.self, at: offset)
      ),
      domain: UInt8(truncatingIfNeeded: packed >> 56),
      version: packed & 0x00ff_ffff_ffff_ffff,
      segment: bytes.load(UInt32.self, at: offset + 24)
    )
    if entrySize == KeyTableFormat.footerEntry {
      entry.count = bytes.load(UInt32.self, at: offset + 28)
      entry.postings = bytes.load(UInt32.self, at: offset + 32)
    }
    return entry
  }
}
