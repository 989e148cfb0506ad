/// The first bytes of a CBOR item: its kind and its argument.
///
/// Specified in `Format.md`, section "CBOR payloads".
struct CBORHead {
  /// What the three top bits of an initial byte say.
  enum Major {
    static let unsigned: UInt8 = 0
    static let negative: UInt8 = 1
    static let bytes: UInt8 = 2
    static let text: UInt8 = 3
    static let array: UInt8 = 4
    static let map: UInt8 = 5
    static let tag: UInt8 = 6
    static let simple: UInt8 = 7
  }

  /// Whole initial bytes.
  enum Initial {
    static let emptyArray: UInt8 = 0x80
    static let emptyMap: UInt8 = 0xa0
    static let no: UInt8 = 0xf4
    static let yes: UInt8 = 0xf5
    static let null: UInt8 = 0xf6
    static let undefined: UInt8 = 0xf7
    static let half: UInt8 = 0xf9
    static let single: UInt8 = 0xfa
    static let double: UInt8 = 0xfb
  }

  /// What stands before a payload that is not a map: tag 55799, "this is CBOR".
  static let selfDescribed: [UInt8] = [0xd9, 0xd9, 0xf7]
  /// The number of that tag.
  static let selfDescribedTag: UInt64 = 55_799

  /// The initial byte.
  let initial: UInt8
  /// A number, a length, a count, or the bits of a floating-point number.
  let argument: UInt64
  /// The offset behind the head.
  let end: Int

  /// The three top bits.
  var major: UInt8 { initial >> 5 }

  /// Whether the item is null or, as other writers say it, undefined.
  var isNull: Bool { initial == Initial.null || initial == Initial.undefined }
}

extension Span where Element == UInt8 {
  /// Reads the head of the item at `offset`.
  @inline(__always)
  func head(at offset: Int) throws(CBORError) -> CBORHead {
    guard offset >= 0 else { throw CBORError(.otherKind, offset: 0) }
    guard offset < count else { throw CBORError(.truncated, offset: offset) }
    let initial = self[offset]
    let low = initial & 0x1f
    if low < 24 {
      return CBORHead(initial: initial, argument: UInt64(low), end: offset &+ 1)
    }
    return try longHead(initial, at: offset)
  }

  /// Reads the head of an item whose argument stands behind the initial byte.
  private func longHead(_ initial: UInt8, at offset: Int) throws(CBORError) -> CBORHead {
    let low = initial & 0x1f
    if low == 31 { throw CBORError(.indefiniteLength, offset: offset) }
    if low > 27 { throw CBORError(.reserved, offset: offset) }
    let width = 1 << Int(low - 24)
    guard width < count - offset else { throw CBORError(.truncated, offset: offset) }
    var argument: UInt64 = 0
    for index in 0..<width {
      argument = argument << 8 | UInt64(self[offset &+ 1 &+ index])
    }
    // RFC 8949, 3.3: simple values below 32 have one byte only.
    if initial == 0xf8, argument < 32 { throw CBORError(.reserved, offset: offset) }
    return CBORHead(initial: initial, argument: argument, end: offset &+ 1 &+ width)
  }

  /// Reads the head of the item at `offset`, behind any tags: they say more about an item whose
  /// kind is known anyway.
  @inline(__always)
  func untaggedHead(at offset: Int) throws(CBORError) -> CBORHead {
    var head = try head(at: offset)
    while head.major == CBORHead.Major.tag { head = try self.head(at: head.end) }
    return head
  }

  /// The range of the content of the text or byte string that `head` begins.
  @inline(__always)
  func content(_ head: CBORHead) throws(CBORError) -> Range<Int> {
    guard head.argument <= UInt64(count &- head.end) else {
      throw CBORError(.truncated, offset: head.end)
    }
    return head.end..<head.end &+ Int(head.argument)
  }

  /// The number of items of the array, or of pairs of the map, that `head` begins.
  ///
  /// It is never more than the bytes there are: each item has at least one.
  func itemCount(_ head: CBORHead) throws(CBORError) -> Int {
    let width: UInt64 = head.major == CBORHead.Major.map ? 2 : 1
    guard head.argument <= UInt64(count &- head.end) / width else {
      throw CBORError(.truncated, offset: head.end)
    }
    return Int(head.argument)
  }

  /// The offset behind the item at `offset`.
  @inline(__always)
  func skippingItem(at offset: Int) throws(CBORError) -> Int {
    let head = try head(at: offset)
    switch head.major {
    case CBORHead.Major.unsigned, CBORHead.Major.negative, CBORHead.Major.simple:
      return head.end
    case CBORHead.Major.bytes, CBORHead.Major.text:
      return try content(head).upperBound
    default:
      return try skippingItems(at: offset)
    }
  }

  /// The offset behind the item at `start`, whatever it holds.
  ///
  /// A loop, so that depth costs no stack.
  private func skippingItems(at start: Int) throws(CBORError) -> Int {
    var offset = start
    // Bounded by the depth times the bytes there are, as every count is by the bytes.
    var left = 1
    while left > 0 {
      left -= 1
      let head = try head(at: offset)
      offset = head.end
      switch head.major {
      case CBORHead.Major.bytes, CBORHead.Major.text: offset = try content(head).upperBound
      case CBORHead.Major.array: left &+= try itemCount(head)
      case CBORHead.Major.map: left &+= 2 &* (try itemCount(head))
      case CBORHead.Major.tag: left &+= 1
      default: break
      }
    }
    return offset
  }

  /// Checks the form of the item at `start` and of all it holds, `depth` levels inside others.
  ///
  /// Returns the offset behind it. Texts are checked when they are read.
  func checkItem(at start: Int, depth: Int) throws(CBORError) -> Int {
    let head = try untaggedHead(at: start)
    switch head.major {
    case CBORHead.Major.bytes, CBORHead.Major.text: return try content(head).upperBound
    case CBORHead.Major.array: return try checkItems(try itemCount(head), at: head.end, depth + 1)
    case CBORHead.Major.map:
      return try checkItems(2 * (try itemCount(head)), at: head.end, depth + 1)
    default: return head.end
    }
  }

  private func checkItems(
    _ items: Int,
    at start: Int,
    _ depth: Int
  ) throws(CBORError) -> Int {
    if depth > CBORDecoder.depthMax { throw CBORError(.tooDeep, offset: start) }
    var offset = start
    for _ in 0..<items {
      let head = try head(at: offset)
      switch head.major {
      case CBORHead.Major.unsigned, CBORHead.Major.negative, CBORHead.Major.simple:
        offset = head.end
      case CBORHead.Major.bytes, CBORHead.Major.text: offset = try content(head).upperBound
      default: offset = try checkItem(at: offset, depth: depth)
      }
    }
    return offset
  }

  /// Where the payload's one item begins, behind the mark of those that are not maps.
  func payloadStart() throws(CBORError) -> Int {
    let head = try head(at: 0)
    let isMarked =
      head.major == CBORHead.Major.tag && head.argument == CBORHead.selfDescribedTag
    return isMarked ? head.end : 0
  }

  /// Whether the bytes of `range` are those of `text`: names are short, and a call of a comparing
  /// function costs more than a few loads.
  @inline(__always)
  func equals(_ text: String, in range: Range<Int>) -> Bool {
    let other = text.utf8Span.span
    guard other.count == range.count else { return false }
    var index = 0
    while index < other.count {
      if other[index] != self[range.lowerBound &+ index] { return false }
      index &+= 1
    }
    return true
  }

  /// The bytes of `range` as text.
  @inline(__always)
  func validText(_ range: Range<Int>) throws(CBORError) -> String {
    do {
      return String(copying: try UTF8Span(validating: extracting(range)))
    } catch {
      throw CBORError(.invalidText, offset: range.lowerBound)
    }
  }
}

extension CBORHead {
  /// The integer the item is, as `type`; nil if the item is none.
  @inline(__always)
  func integer<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) throws(CBORError) -> T? {
    if major == Major.unsigned {
      if let value = T(exactly: argument) { return value }
    } else if major == Major.negative {
      // -1 - n, which for any signed type is n with all bits turned.
      if T.isSigned, let value = T(exactly: argument) { return ~value }
    } else {
      return nil
    }
    throw CBORError(.outOfRange, offset: offset)
  }

  /// The truth value the item is.
  @inline(__always)
  func bool(at offset: Int) throws(CBORError) -> Bool {
    switch initial {
    case Initial.no: return false
    case Initial.yes: return true
    default: throw CBORError(.otherKind, offset: offset)
    }
  }

  /// The number the item is, where `type` holds it exactly; what is no number stays none.
  @inline(__always)
  func number<T: BinaryFloatingPoint>(_ type: T.Type, at offset: Int) throws(CBORError) -> T {
    if let float {
      if let value = T(exactly: float) { return value }
      if float.isNaN { return .nan }
    } else if let integer = try integer(Int128.self, at: offset) {
      if let value = T(exactly: integer) { return value }
    } else {
      throw CBORError(.otherKind, offset: offset)
    }
    throw CBORError(.outOfRange, offset: offset)
  }

  /// The floating-point number the item is; nil if it is none.
  private var float: Double? {
    switch initial {
    case Initial.double: Double(bitPattern: argument)
    case Initial.single: Double(Float(bitPattern: UInt32(truncatingIfNeeded: argument)))
    case Initial.half: Self.half(UInt16(truncatingIfNeeded: argument))
    default: nil
    }
  }

  /// The number whose bits of half precision are `bits`: `Float16` is not there on every processor.
  private static func half(_ bits: UInt16) -> Double {
    let exponent = Int(bits >> 10 & 0x1f)
    let fraction = Double(bits & 0x3ff)
    let magnitude: Double =
      switch exponent {
      case 0: fraction * 0x1p-24
      case 31: fraction == 0 ? .infinity : .nan
      default: Double(sign: .plus, exponent: exponent - 25, significand: 1024 + fraction)
      }
    return bits >> 15 == 0 ? magnitude : -magnitude
  }
}
