/// Where the optional parts of one event stand.
package struct ExtrasPlace: Sendable, BitwiseCopyable {
  /// The offset of the 16-byte event id, or -1.
  package var idOffset = -1
  /// The offset of the first tag reference.
  package var tagsOffset = 0
  package var tagCount = 0
  package var metadataOffset = 0
  package var metadataCount = 0

  package init() {}
}

/// Where one tag of a frame's tag table stands.
package struct TagPlace: Sendable, BitwiseCopyable {
  package var offset: Int
  package var count: Int
}

/// Tags, event ids and metadata of the events of a frame: the section behind the columns.
///
/// Specified in `Format.md`, section "Extras". Read once per frame into places, because the parts
/// have no fixed size.
package struct FrameExtras: Sendable {
  /// The bits of one event's flag byte.
  package enum Flags {
    package static let id: UInt8 = 1
    package static let tags: UInt8 = 2
    package static let metadata: UInt8 = 4
    package static let reserved: UInt8 = 0xf8
  }

  /// One place an event; empty if the frame has no extras.
  package private(set) var places: [ExtrasPlace] = []
  /// The frame's tag table.
  package private(set) var tags: [TagPlace] = []

  package init() {}

  /// The bytes of memory taken.
  package var byteCount: Int {
    places.capacity * MemoryLayout<ExtrasPlace>.stride
      + tags.capacity * MemoryLayout<TagPlace>.stride
  }

  /// Forgets the frame and keeps the memory.
  package mutating func removeAll() {
    places.removeAll(keepingCapacity: true)
    tags.removeAll(keepingCapacity: true)
  }

  /// Finds the extras of `frame`; false where the section is not what a writer makes.
  package mutating func decode(_ frame: EventsFrame, _ bytes: Span<UInt8>) -> Bool {
    removeAll()
    if frame.extrasEnd == 0 { return true }
    var reader = ByteReader(bytes.extracting(0..<frame.extrasEnd), at: frame.extrasOffset)
    guard let flags = reader.skip(frame.eventCount) else { return false }
    for index in flags {
      var place = ExtrasPlace()
      if bytes[index] & Flags.reserved != 0 { return false }
      if bytes[index] & Flags.id != 0 {
        guard let id = reader.skip(16) else { return false }
        place.idOffset = id.lowerBound
      }
      places.append(place)
    }
    guard decodeTagTable(&reader) else { return false }
    for index in 0..<frame.eventCount {
      let flag = bytes[flags.lowerBound + index]
      if flag & Flags.tags != 0 {
        guard let count = reader.readCount(maximum: Limits.tagCountMax), count > 0 else {
          return false
        }
        places[index].tagsOffset = reader.offset
        places[index].tagCount = count
        for _ in 0..<count {
          guard reader.readCount(maximum: tags.count - 1) != nil else { return false }
        }
      }
      if flag & Flags.metadata != 0 {
        guard let count = reader.readCount(maximum: Limits.metadataBytesMax),
          let range = reader.skip(count)
        else { return false }
        places[index].metadataOffset = range.lowerBound
        places[index].metadataCount = count
      }
    }
    return reader.remaining == 0
  }

  private mutating func decodeTagTable(_ reader: inout ByteReader) -> Bool {
    guard let count = reader.readCount(maximum: reader.remaining) else { return false }
    for _ in 0..<count {
      guard let length = reader.readCount(maximum: Limits.tagBytesMax), length > 0,
        let range = reader.skip(length)
      else { return false }
      tags.append(TagPlace(offset: range.lowerBound, count: length))
    }
    return true
  }
}

extension EventsFrame {
  /// Whether the extras section, if there is one, can be read.
  package func extrasAreConsistent(_ bytes: Span<UInt8>) -> Bool {
    if extrasEnd == 0 { return true }
    var extras = FrameExtras()
    guard extras.decode(self, bytes) else { return false }
    for place in extras.places where place.metadataCount > 0 {
      let range = place.metadataOffset..<place.metadataOffset + place.metadataCount
      if !Metadata.isWellFormed(bytes.extracting(range)) { return false }
    }
    return true
  }
}
