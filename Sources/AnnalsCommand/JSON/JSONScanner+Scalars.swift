extension JSONScanner {
  /// Reads the string at the cursor, escapes decoded.
  package mutating func string() throws(JSONError) -> String {
    let start = offset + 1
    let hasEscapes = try skipString()
    let content = bytes.extracting(start..<offset - 1)
    guard hasEscapes else { return try JSONScanner.text(content, at: start) }
    var decoder = JSONScanner(content)
    var decoded: [UInt8] = []
    decoded.reserveCapacity(content.count)
    while let byte = decoder.peek() {
      if byte == UInt8(ascii: "\\") {
        let scalar = try decoder.escape()
        decoded.append(contentsOf: Unicode.UTF8.encode(scalar) ?? .init())
      } else {
        decoded.append(byte)
        decoder.skip(1)
      }
    }
    return try JSONScanner.text(decoded.span, at: start)
  }

  private static func text(_ content: Span<UInt8>, at offset: Int) throws(JSONError) -> String {
    guard let text = try? UTF8Span(validating: content) else {
      throw JSONError(.invalidUTF8, at: offset)
    }
    return String(copying: text)
  }

  /// Validates the string at the cursor and moves behind it; tells whether it has escapes.
  mutating func skipString() throws(JSONError) -> Bool {
    guard peek() == UInt8(ascii: "\"") else { throw unexpected() }
    skip(1)
    var hasEscapes = false
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "\""):
        skip(1)
        return hasEscapes
      case UInt8(ascii: "\\"):
        hasEscapes = true
        _ = try escape()
      case 0x20..<0x80: skip(1)
      case ..<0x20: throw JSONError(.controlCharacter(byte), at: offset)
      default: try skipMultibyte(byte)
      }
    }
    throw unexpected()
  }

  /// Moves over one scalar of two to four bytes: shortest form, no surrogates, at most U+10FFFF.
  private mutating func skipMultibyte(_ lead: UInt8) throws(JSONError) {
    let second: ClosedRange<UInt8>
    let count: Int
    switch lead {
    case 0xc2...0xdf: (count, second) = (2, 0x80...0xbf)
    case 0xe0: (count, second) = (3, 0xa0...0xbf)
    case 0xed: (count, second) = (3, 0x80...0x9f)
    case 0xe1...0xef: (count, second) = (3, 0x80...0xbf)
    case 0xf0: (count, second) = (4, 0x90...0xbf)
    case 0xf1...0xf3: (count, second) = (4, 0x80...0xbf)
    case 0xf4: (count, second) = (4, 0x80...0x8f)
    default: throw JSONError(.invalidUTF8, at: offset)
    }
    for index in 1..<count {
      guard offset + index < bytes.count else { throw JSONError(.unexpectedEnd, at: bytes.count) }
      let allowed = index == 1 ? second : 0x80...0xbf
      guard allowed ~= bytes[offset + index] else { throw JSONError(.invalidUTF8, at: offset) }
    }
    skip(count)
  }

  /// Reads the escape at the cursor, both halves of a surrogate pair, and moves behind it.
  private mutating func escape() throws(JSONError) -> Unicode.Scalar {
    let start = offset
    skip(1)
    guard let byte = peek() else { throw unexpected() }
    skip(1)
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"): break
    default: throw JSONError(.invalidEscape, at: start)
    }
    let unit = try hexadecimal()
    if let scalar = Unicode.Scalar(unit) { return scalar }
    guard unit < 0xdc00 else { throw JSONError(.loneSurrogate, at: start) }
    for expected in [UInt8(ascii: "\\"), UInt8(ascii: "u")] {
      guard let found = peek() else { throw unexpected() }
      guard found == expected else { throw JSONError(.loneSurrogate, at: start) }
      skip(1)
    }
    let low = try hexadecimal()
    guard 0xdc00..<0xe000 ~= low,
      let scalar = Unicode.Scalar(0x10000 + ((UInt32(unit) - 0xd800) << 10) + UInt32(low) - 0xdc00)
    else { throw JSONError(.loneSurrogate, at: start) }
    return scalar
  }

  private mutating func hexadecimal() throws(JSONError) -> UInt16 {
    var unit: UInt16 = 0
    for _ in 0..<4 {
      guard let byte = peek() else { throw unexpected() }
      guard let digit = Hexadecimal.value(of: byte) else {
        throw JSONError(.invalidEscape, at: offset)
      }
      unit = unit << 4 | UInt16(digit)
      skip(1)
    }
    return unit
  }

  /// Validates the number at the cursor and moves behind it.
  mutating func skipNumber() throws(JSONError) {
    if peek() == UInt8(ascii: "-") { skip(1) }
    if peek() == UInt8(ascii: "0") {
      // No digit may follow a leading zero: what comes next is not part of the number.
      skip(1)
    } else {
      try skipDigits()
    }
    if peek() == UInt8(ascii: ".") {
      skip(1)
      try skipDigits()
    }
    guard let byte = peek(), byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E") else { return }
    skip(1)
    if let sign = peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { skip(1) }
    try skipDigits()
  }

  private mutating func skipDigits() throws(JSONError) {
    let start = offset
    while let byte = peek(), byte &- UInt8(ascii: "0") < 10 { skip(1) }
    guard offset > start else { throw unexpected() }
  }

  /// Moves over `true`, `false` or `null`.
  mutating func skipWord(_ word: StaticString) throws(JSONError) {
    for expected in word.description.utf8 {
      guard peek() == expected else { throw unexpected() }
      skip(1)
    }
  }
}
