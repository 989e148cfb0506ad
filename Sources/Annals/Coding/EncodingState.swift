internal import AnnalsLog

/// What the containers of one call of an encoder share.
///
/// The core stands in memory of its own and not in a property, as every touch of a class's property
/// is checked for overlapping access, and those checks were a third of the time an event took.
/// What makes them needless: no method of the core calls anything that could reach the state.
///
/// When the call ends, its thread keeps the state for the next call, unless somebody kept a
/// container or the payload was large.
@safe
final class EncodingState {
  /// The states that wait for their threads' next calls.
  private static let idle = ThreadSlot()
  /// Bytes that most payloads of events do not exceed.
  private static let usualCount = 240
  /// The most bytes a thread keeps memory for.
  private static let keptCount = 64 << 10

  private let memory: UnsafeMutablePointer<EncodingCore>

  /// The containers that were handed out and may be again.
  @exclusivity(unchecked) private var containers = ContainerCache<EncodedMap>()

  init() {
    unsafe memory = UnsafeMutablePointer.allocate(capacity: 1)
    unsafe memory.initialize(to: EncodingCore(capacity: Self.usualCount))
  }

  deinit {
    unsafe memory.deinitialize(count: 1)
    unsafe memory.deallocate()
  }

  /// Does the work of one call.
  static func writing<Value>(_ body: (EncodingState) throws -> Value) throws -> Value {
    var state: EncodingState
    if let idle = idle.take() {
      state = unsafe unsafeDowncast(idle, to: EncodingState.self)
    } else {
      state = EncodingState()
    }
    defer {
      unsafe state.containers.endCall()
      if !isKnownUniquelyReferenced(&state) {
        unsafe state.containers.close()
      } else if state.core.buffer.capacity <= keptCount {
        state.core.removeAll()
        idle.put(state)
      }
    }
    return try body(state)
  }

  /// What was written, and the values that are still being written to.
  var core: EncodingCore {
    @inline(__always)
    _read { yield unsafe memory.pointee }
    @inline(__always)
    _modify { yield unsafe &memory.pointee }
  }
}

extension EncodingState {
  /// A container for the map at `place`.
  func container<Key: CodingKey>(
    keyedBy type: Key.Type,
    at place: EncodingCore.Place,
    _ path: CodingPath?
  ) -> KeyedEncodingContainer<Key> {
    let place = opened(place, as: .map)
    let keys = ObjectIdentifier(type)
    if let slot = unsafe containers.lend(keys, { $0.set(place, path) }) {
      return unsafe containers.container(slot, KeyedEncodingContainer<Key>.self)
    }
    return newContainer(type, place, path)
  }

  @inline(never)
  private func newContainer<Key: CodingKey>(
    _ type: Key.Type,
    _ place: EncodingCore.Place,
    _ path: CodingPath?
  ) -> KeyedEncodingContainer<Key> {
    let map = EncodedMap(self, place, path)
    let container = KeyedEncodingContainer(CBORKeyedEncoding<Key>(map))
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
    let state = EncodingState()
    let map = EncodedMap(state, .none, nil)
    let container = KeyedEncodingContainer(CBORKeyedEncoding<PlainKey>(map))
    let parts = Mirror(reflecting: container).children
    let size = MemoryLayout<KeyedEncodingContainer<PlainKey>>.size
    return withExtendedLifetime(state) {
      size == MemoryLayout<AnyObject>.size && parts.count == 1
        && parts.allSatisfy { type(of: $0.value) is AnyClass }
    }
  }()

  /// The place of the value at `place`, now a container.
  @inline(__always)
  func opened(_ place: EncodingCore.Place, as kind: WrittenValue.Kind) -> EncodingCore.Place {
    do throws(EncodingFault) {
      try core.open(place, as: kind)
      return place
    } catch {
      core.remember(error)
      return .none
    }
  }
}
