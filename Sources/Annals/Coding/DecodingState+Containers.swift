extension DecodingState {
  /// The offset behind the head, and the number of items or pairs, of the container of kind
  /// `major` that must stand at `offset`.
  @inline(__always)
  func open(
    _ major: UInt8,
    _ type: any Any.Type,
    at offset: Int,
    _ path: CodingPath?
  ) throws -> (first: Int, count: Int) {
    do throws(CBORError) {
      if offset == Self.wrapped, major == CBORHead.Major.map { return (offset, 1) }
      let bytes = self.bytes
      let head = try bytes.untaggedHead(at: offset)
      guard head.major == major else { throw CBORError(.otherKind, offset: offset) }
      return (head.end, try bytes.itemCount(head))
    } catch {
      throw decodingError(error, type, path)
    }
  }

  /// A container for the map at `offset`.
  func container<Key: CodingKey>(
    keyedBy type: Key.Type,
    at offset: Int,
    _ path: CodingPath?
  ) throws -> KeyedDecodingContainer<Key> {
    let (first, count) = try open(CBORHead.Major.map, [String: Any].self, at: offset, path)
    let keys = ObjectIdentifier(type)
    if let slot = unsafe containers.lend(keys, { $0.set(first, count, path) }) {
      return unsafe containers.container(slot, KeyedDecodingContainer<Key>.self)
    }
    return newContainer(type, first, count, path)
  }

  @inline(never)
  private func newContainer<Key: CodingKey>(
    _ type: Key.Type,
    _ first: Int,
    _ count: Int,
    _ path: CodingPath?
  ) -> KeyedDecodingContainer<Key> {
    let map = KeyedDecodedMap<Key>(self, first, count, path)
    let container = KeyedDecodingContainer(CBORKeyedDecoding(map))
    if Self.canLend {
      unsafe containers.keep(container, map, ObjectIdentifier(type))
    } else {
      map.leave()
    }
    return container
  }

  /// Whether a keyed container is one reference, as it has been as long as there is `Codable`;
  /// if it should ever be more, none is handed out twice.
  static let canLend: Bool = {
    let state = DecodingState()
    let map = KeyedDecodedMap<PlainKey>(state, 0, 0, nil)
    let parts = Mirror(reflecting: KeyedDecodingContainer(CBORKeyedDecoding(map))).children
    let size = MemoryLayout<KeyedDecodingContainer<PlainKey>>.size
    return withExtendedLifetime(state) {
      size == MemoryLayout<AnyObject>.size && parts.count == 1
        && parts.allSatisfy { type(of: $0.value) is AnyClass }
    }
  }()
}
