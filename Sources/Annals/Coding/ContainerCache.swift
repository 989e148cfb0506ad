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
    var lender: AnyObject?
  }

  /// As many as an integer has bits.
  private static var count: Int { 64 }

  private let entries: UnsafeMutablePointer<Entry>
  /// The slots whose containers were handed out in this call, a bit each.
  private var lent: UInt64 = 0
  /// Whether no call will come that could end what is handed out now.
  private var isClosed = false

  init() {
    unsafe entries = UnsafeMutablePointer.allocate(capacity: Self.count)
    unsafe entries.initialize(repeating: Entry(), count: Self.count)
  }

  deinit {
    unsafe entries.deinitialize(count: Self.count)
    unsafe entries.deallocate()
  }

  /// The slots for containers with keys of a type: several, as a value that holds others of its own
  /// type needs one on each level.
  @inline(__always)
  private static func slots(_ keys: ObjectIdentifier) -> Range<Int> {
    let address = UInt64(truncatingIfNeeded: UInt(bitPattern: keys))
    let first = Int(truncatingIfNeeded: (address &* 0x9e37_79b9_7f4a_7c15) >> 61) &* 8
    return unsafe Range(uncheckedBounds: (first, first &+ 8))
  }

  /// The slot of a container with keys of a type that nobody holds, after `set` has changed its
  /// place; nil if there is none.
  @inline(__always)
  mutating func lend(_ keys: ObjectIdentifier, _ set: (Place) -> Void) -> Int? {
    for slot in Self.slots(keys)
    where unsafe entries[slot].keys == keys && isKnownUniquelyReferenced(&entries[slot].box) {
      lent |= 1 << UInt64(truncatingIfNeeded: slot)
      unsafe entries[slot].place?._withUnsafeGuaranteedRef(set)
      return slot
    }
    return nil
  }

  /// The container in a slot, which MUST be of this type.
  @inline(__always)
  func container<Container>(_ slot: Int, _ type: Container.Type) -> Container {
    let lender = unsafe entries[slot].lender.unsafelyUnwrapped
    return unsafe unsafeDowncast(lender, to: Lender<Container>.self).container()
  }

  /// Keeps a new container, one reference, in place of one that nobody holds; one for which there
  /// is no room belongs to whom it is handed to.
  mutating func keep<Container>(_ container: Container, _ place: Place, _ keys: ObjectIdentifier) {
    if let slot = vacancy(keys) {
      lent |= 1 << UInt64(truncatingIfNeeded: slot)
      // The box is the first of an entry's parts.
      let lender = unsafe Lender<Container>(UnsafeRawPointer(entries + slot))
      unsafe entries[slot] = Entry(
        box: unsafeBitCast(container, to: AnyObject.self),
        keys: keys,
        place: Unmanaged.passUnretained(place),
        lender: lender
      )
    } else {
      place.leave()
    }
  }

  /// A slot for a new container: an empty one, else that of one that nobody holds.
  private mutating func vacancy(_ keys: ObjectIdentifier) -> Int? {
    if isClosed { return nil }
    var found: Int?
    for slot in Self.slots(keys) {
      if unsafe entries[slot].box == nil { return slot }
      if found == nil, unsafe isKnownUniquelyReferenced(&entries[slot].box) { found = slot }
    }
    return found
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
    for slot in 0..<Self.count { unsafe entries[slot] = Entry() }
  }
}

/// Hands out copies of the container in a slot.
///
/// A class that knows the container's type as its own parameter has it at hand; wherever only the
/// type of keys is known, the container's is looked up at each use.
@safe
private final class Lender<Container> {
  private let address: UnsafeRawPointer

  init(_ address: UnsafeRawPointer) { unsafe self.address = address }

  @inline(never)
  func container() -> Container { unsafe address.load(as: Container.self) }
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
