/// Whole JSON texts: whether bytes are one, and their form without white space.
package enum JSONText {
  /// Validates one whole value.
  package static func validate(
    _ bytes: Span<UInt8>,
    enclosingDepth: Int = 0
  ) throws(JSONError) -> JSONScanner.Value {
    var scanner = JSONScanner(bytes, enclosingDepth: enclosingDepth)
    let value = try scanner.value()
    try scanner.end()
    return value
  }

  /// The bytes of a validated value without the white space outside its strings.
  package static func compacted(_ value: JSONScanner.Value, in bytes: Span<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    appendCompacted(value, in: bytes, to: &output)
    return output
  }

  /// Appends the bytes of a validated value without the white space outside its strings.
  package static func appendCompacted(
    _ value: JSONScanner.Value,
    in bytes: Span<UInt8>,
    to output: inout [UInt8]
  ) {
    let raw = bytes.extracting(value.range)
    guard value.spaceCount > 0 else { return output.append(copying: raw) }
    output.reserveCapacity(output.count + raw.count - value.spaceCount)
    var isInString = false
    var isEscaped = false
    for index in raw.indices {
      let byte = raw[index]
      if !isInString, JSONScanner.isSpace(byte) { continue }
      output.append(byte)
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\"") {
        isInString.toggle()
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      }
    }
  }
}
