/// Where name and value stand in the compact text of an object with one key; the names of cases
/// have nothing in them that JSON escapes.
struct JSONCase {
  let name: Range<Int>
  let payload: Range<Int>

  /// Finds them; nil if the text is anything else.
  init?(_ text: Span<UInt8>) {
    let last = text.count - 1
    guard last >= 5, text[0] == UInt8(ascii: "{"), text[1] == UInt8(ascii: "\""),
      text[last] == UInt8(ascii: "}")
    else { return nil }
    var end = 2
    while text[end] != UInt8(ascii: "\"") {
      if text[end] == UInt8(ascii: "\\") || end == last { return nil }
      end += 1
    }
    guard end + 2 < last, text[end + 1] == UInt8(ascii: ":") else { return nil }
    name = 2..<end
    payload = end + 2..<last
    if Self.hasSeveral(text.extracting(payload)) { return nil }
  }

  /// Whether a comma stands outside of all brackets and strings.
  private static func hasSeveral(_ text: Span<UInt8>) -> Bool {
    var depth = 0
    var isString = false
    var index = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      if isString {
        if byte == UInt8(ascii: "\\") { index += 1 }
        if byte == UInt8(ascii: "\"") { isString = false }
        continue
      }
      switch byte {
      case UInt8(ascii: "\""): isString = true
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: ",") where depth == 0: return true
      default: break
      }
    }
    return false
  }
}
