/// Why bytes are not JSON, and where.
package struct JSONError: Error, Hashable, Sendable {
  /// What is wrong.
  package let reason: Reason
  /// The place of the offending byte, counted from 0; where the input ends too early, its length.
  package let offset: Int

  /// Creates an error from its facts.
  package init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  /// The place of the offending byte in the line, counted from 1.
  package var column: Int { offset + 1 }

  /// The ways in which bytes are not JSON.
  package enum Reason: Hashable, Sendable {
    /// The input ends inside a value.
    case unexpectedEnd
    /// A byte that cannot stand here.
    case unexpectedByte(UInt8)
    /// More follows behind the value.
    case trailingBytes
    /// A backslash is followed by something that is no escape.
    case invalidEscape
    /// A byte below 32 stands unescaped in a string.
    case controlCharacter(UInt8)
    /// A `\u` escape is half of a surrogate pair, without the other half.
    case loneSurrogate
    /// A string is not UTF-8.
    case invalidUTF8
    /// Arrays and objects are nested deeper than `JSONScanner.depthMax`.
    case tooDeep
  }
}

extension JSONError.Reason: CustomStringConvertible {
  /// The reason in a few words.
  package var description: String {
    switch self {
    case .unexpectedEnd: "the JSON ends too early"
    case .unexpectedByte(let byte) where (0x21..<0x7f).contains(byte):
      "unexpected '\(Unicode.Scalar(byte))' in the JSON"
    case .unexpectedByte(let byte): "unexpected byte \(hexadecimal(byte)) in the JSON"
    case .trailingBytes: "something follows behind the JSON value"
    case .invalidEscape: "a string has an escape that JSON does not know"
    case .controlCharacter(let byte):
      "a string has an unescaped control character, \(hexadecimal(byte))"
    case .loneSurrogate: "a string has half of a surrogate pair"
    case .invalidUTF8: "a string is not UTF-8"
    case .tooDeep: "the JSON is nested deeper than \(JSONScanner.depthMax)"
    }
  }

  private func hexadecimal(_ byte: UInt8) -> String {
    "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
}

extension JSONError: CustomStringConvertible {
  /// The reason and the column.
  package var description: String { "\(reason) (column \(column))" }
}
