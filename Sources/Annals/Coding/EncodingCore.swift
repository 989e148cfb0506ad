/// The bytes of a payload that is being encoded, and the values in it that are being written to.
///
/// Items have definite lengths, and nobody says beforehand how many a container will get. So each
/// value begins as an empty map of one byte, and a container's head counts up in place. Almost
/// always the value written to is the last one, and its next item goes to the end of the buffer.
/// But `Codable` allows to go on with a value when another one behind it was begun: what is then
/// written is moved from the end to where it belongs.
///
/// Invariants:
/// 1. A value has its place in `values` from its beginning until the `encode(to:)` that it was
///    begun in returns; its parent has a lower place.
/// 2. A value is *live* if its bytes end where the buffer ends; of all others `end` is known. Live
///    values hold each other, and `last` is the innermost, -1 if there is none.
struct EncodingCore: ~Copyable {
  /// The bytes written so far.
  var buffer: CodingBuffer
  /// The values that are being written to.
  var values = ValueStack()
  /// The innermost live value.
  var last = -1
  private var serial: UInt32 = 0
  /// The first misuse in a method that can not throw.
  private(set) var fault: EncodingFault?

  /// Which value a container writes to.
  ///
  /// The serial number, from 1, tells a value from others that had its place before.
  struct Place {
    private let number: UInt32
    let serial: UInt32

    init(index: Int, serial: UInt32) {
      number = UInt32(truncatingIfNeeded: index)
      self.serial = serial
    }

    var index: Int { Int(number) }

    /// The place of no value: what is written there is a fault.
    static var none: Place { Place(index: 0, serial: 0) }
  }

  /// An item that is being added to a container.
  struct Item {
    /// Where its bytes are written.
    let start: Int
    /// Where they belong if that is elsewhere, else -1.
    let target: Int
  }

  /// A core whose buffer has room for `capacity` bytes.
  init(capacity: Int) {
    buffer = CodingBuffer(capacity: capacity)
  }

  /// Forgets everything that was written, and keeps the memory.
  mutating func removeAll() {
    buffer.truncate(to: 0)
    values.truncate(to: 0)
    last = -1
    fault = nil
  }

  /// Remembers a misuse; the first counts.
  mutating func remember(_ fault: EncodingFault) {
    if self.fault == nil { self.fault = fault }
  }

  /// Whether nothing was written to the first value.
  var isUnwritten: Bool { values.count == 0 || values[0].kind == .unwritten }
}

// MARK: - Values

extension EncodingCore {
  /// Begins the value that is the whole payload.
  mutating func beginRoot() -> Place { push(parent: -1, depth: 1) }

  /// Begins a value inside the one at `parent`.
  @inline(__always)
  mutating func beginValue(in parent: Place) throws(EncodingFault) -> Place {
    let depth = values[parent.index].depth &+ 1
    if depth > CBORDecoder.depthMax { throw .tooDeep }
    return push(parent: parent.index, depth: depth)
  }

  @inline(__always)
  private mutating func push(parent: Int, depth: Int) -> Place {
    serial &+= 1
    last = values.count
    values.append(WrittenValue(head: buffer.count, parent: parent, depth: depth, serial: serial))
    buffer.append(CBORHead.Initial.emptyMap)
    return Place(index: last, serial: serial)
  }

  /// Ends a value, and all those begun in it, which was an item of the value at `parent`.
  @inline(__always)
  mutating func endValue(_ place: Place, in parent: Place) {
    values.truncate(to: place.index)
    last = values[parent.index].end < 0 ? parent.index : -1
  }

  /// Makes the value at `place` a container; it may be one of this kind already.
  mutating func open(_ place: Place, as kind: WrittenValue.Kind) throws(EncodingFault) {
    try check(place)
    if values[place.index].kind == kind { return }
    guard values[place.index].kind == .unwritten else { throw .secondValue }
    values[place.index].kind = kind
    if kind == .array { buffer.store(CBORHead.Initial.emptyArray, at: values[place.index].head) }
  }

  /// Makes the value at `place` a single item.
  @inline(__always)
  mutating func writeSingle<P: CBORPrimitive>(
    _ value: P,
    at place: Place
  ) throws(EncodingFault) {
    try check(place)
    guard values[place.index].kind == .unwritten else { throw .secondValue }
    values[place.index].kind = .single
    if place.index == last {
      buffer.truncate(to: values[place.index].head)
      value.write(to: &buffer)
    } else {
      let item = beginReplacing(place)
      value.write(to: &buffer)
      endReplacing(item, place)
    }
  }

  @inline(__always)
  func check(_ place: Place) throws(EncodingFault) {
    if place.index >= values.count || values[place.index].serial != place.serial {
      throw .completeValue
    }
  }
}

// MARK: - Items

extension EncodingCore {
  /// Begins an item of the container at `place`.
  @inline(__always)
  mutating func beginItem(of place: Place) throws(EncodingFault) -> Item {
    if place.index != last || values[place.index].serial != place.serial {
      return try beginItemElsewhere(place)
    }
    return Item(start: buffer.count, target: -1)
  }

  /// Ends an item: counts it, and brings it where it belongs.
  @inline(__always)
  mutating func endItem(_ item: Item, of place: Place) {
    if item.target >= 0 { settle(item, place.index) }
    let count = values[place.index].count &+ 1
    values[place.index].count = count
    if count < 24 {
      let head = values[place.index].kind.head | UInt8(truncatingIfNeeded: count)
      buffer.store(head, at: values[place.index].head)
    } else {
      widenHead(place.index)
    }
  }

  /// Adds a pair to the map at `place`.
  @inline(__always)
  mutating func add<P: CBORPrimitive>(
    _ name: String,
    _ value: P,
    to place: Place
  ) throws(EncodingFault) {
    let item = try beginItem(of: place)
    buffer.append(name)
    value.write(to: &buffer)
    endItem(item, of: place)
  }

  /// Adds an item to the array at `place`.
  @inline(__always)
  mutating func add<P: CBORPrimitive>(_ value: P, to place: Place) throws(EncodingFault) {
    let item = try beginItem(of: place)
    value.write(to: &buffer)
    endItem(item, of: place)
  }

  /// Begins an item whose value writes itself: its name, if it has one, and an empty value.
  mutating func beginItem(
    _ name: String?,
    of place: Place
  ) throws(EncodingFault) -> (item: Item, value: Place) {
    let item = try beginItem(of: place)
    if let name { buffer.append(name) }
    do throws(EncodingFault) {
      return (item, try beginValue(in: place))
    } catch {
      buffer.truncate(to: item.start)
      throw error
    }
  }

  /// Takes back an item whose value could not be encoded: whoever catches that may go on with the
  /// container as if nothing had been there.
  mutating func cancelItem(_ item: Item, _ value: Place, of place: Place) {
    endValue(value, in: place)
    buffer.truncate(to: item.start)
  }

  /// The number of items of the container at `place`.
  func itemCount(_ place: Place) -> Int {
    place.index < values.count && values[place.index].serial == place.serial
      ? values[place.index].count : 0
  }
}
