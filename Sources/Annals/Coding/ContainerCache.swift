/// The keyed containers that one call of a decoder or an encoder leaves to the next.
///
/// A keyed container of `Codable` is a box around a place, and to make one takes several look-ups
/// of types at run time and two allocations: a third of the time of a small event. So a container
/// that nobody holds any more is set to another place and handed out again.
///
/// Invariants:
/// 1. A container is handed out again only while nothing but the cache refers to its box.
/// 2. One whose box somebody holds when the call ends leaves the cache, and its place never changes
///    again.
/// 3. A place that is in no cache owns its state, at the latest when the call ends.
@safe
struct ContainerCache<Place: LentPlace>: ~Copyable {
  /// A container, as the one reference that it is, and the place it shows, which it owns.
  @safe
  private struct Entry {
    var box: AnyObject?
    var keys: ObjectIdentifier?
    var place: Unmanaged<Place>?
  }

  /// As many as an integer has bits.
  private static var slots: Int { 64 }

  private let entries: UnsafeMutablePointer<Entry>
  /// The slots whose containers were handed out in this call, a bit each.
  private var lent: UInt64 = 0
  /// Whether no call will come that could end what is handed out now.
  private var isClosed = false

  init() {
    unsafe entries = UnsafeMutablePointer.allocate(capacity: Self.slots)
    unsafe entries.initialize(repeating: Entry(), count: Self.slots)
  }

  deinit {
    unsafe entries.deinitialize(count: Self.slots)
    unsafe entries.deallocate()
  }

  /// The first of the two slots for containers with keys of a type.
  @inline(__always)
  private static func home(_ keys: ObjectIdentifier) -> Int {
    let address = UInt64(truncatingIfNeeded: UInt(bitPattern: keys))
    return Int(truncatingIfNeeded: (address &* 0x9e37_79b9_7f4a_7c15) >> 58)
  }

  /// Where the reference to a container with keys of a type stands that nobody holds, after `set`
  /// has changed its place; nil if there is none.
  @inline(__always)
  mutating func lend(_ keys: ObjectIdentifier, _ set: (Place) -> Void) -> UnsafeRawPointer? {
    var slot = Self.home(keys)
    if unsafe entries[slot].keys != keys || !isKnownUniquelyReferenced(&entries[slot].box) {
      slot ^= 1
      if unsafe entries[slot].keys != keys || !isKnownUniquelyReferenced(&entries[slot].box) {
        return nil
      }
    }
    lent |= 1 << UInt64(truncatingIfNeeded: slot)
    unsafe entries[slot].place?._withUnsafeGuaranteedRef(set)
    // The box is the first of an entry's parts.
    return unsafe UnsafeRawPointer(entries + slot)
  }

  /// Keeps a new container, in place of one that nobody holds; one for which there is no room
  /// belongs to whom it is handed to.
  mutating func keep(_ box: AnyObject, _ place: Place, _ keys: ObjectIdentifier) {
    let home = Self.home(keys)
    for slot in [home, home ^ 1] where !isClosed {
      if unsafe entries[slot].box != nil, unsafe !isKnownUniquelyReferenced(&entries[slot].box) {
        continue
      }
      lent |= 1 << UInt64(truncatingIfNeeded: slot)
      unsafe entries[slot] = Entry(box: box, keys: keys, place: Unmanaged.passUnretained(place))
      return
    }
    place.leave()
  }

  /// Ends the call: what somebody still holds is theirs.
  mutating func endCall() {
    while lent != 0 {
      let slot = lent.trailingZeroBitCount
      lent &= lent &- 1
      if unsafe isKnownUniquelyReferenced(&entries[slot].box) {
        unsafe entries[slot].place?._withUnsafeGuaranteedRef { $0.clear() }
      } else {
        unsafe entries[slot].place?._withUnsafeGuaranteedRef { $0.leave() }
        unsafe entries[slot] = Entry()
      }
    }
  }
}

extension ContainerCache {
  /// Keeps nothing from now on: somebody can reach the state after its last call.
  mutating func close() {
    isClosed = true
    for slot in 0..<Self.slots { unsafe entries[slot] = Entry() }
  }
}

/// What the container in a cache shows; set anew for each who gets the container.
///
/// It refers to the state that owns the cache, which outlives the call; from when the container
/// leaves the cache, it owns that state.
protocol LentPlace: AnyObject {
  /// Makes the place own its state.
  func leave()
  /// Lets go of what belongs to the call that ended.
  func clear()
}
