/// How a payload, which may be any bytes, stands on a JSON line.
///
/// A payload that is JSON stands there as it is. Any other is written `{"$binary":"<base64>"}`. A
/// payload that happens to look like that form is itself written in it, so that reading a line
/// gives back exactly the payload that was written, white space outside strings apart; and an
/// object that no writer would have produced is taken for what it is, JSON.
package enum PayloadForm {
  /// The value to be written as it is; nil where the payload needs the binary form.
  package static func json(_ payload: Span<UInt8>) -> JSONScanner.Value? {
    guard let value = try? JSONText.validate(payload, enclosingDepth: enclosingDepth) else {
      return nil
    }
    return binaryContent(of: payload) == nil ? value : nil
  }

  /// The bytes that valid JSON in the binary form stands for; nil for all other JSON.
  package static func binaryContent(of json: Span<UInt8>) -> [UInt8]? {
    guard let text = binaryText(of: json), let content = Base64.decode(text.utf8.span) else {
      return nil
    }
    // Ends after few rounds: base64 shrinks by a quarter each time.
    return Self.json(content.span) == nil ? content : nil
  }

  /// The only key of the binary form.
  package static let binaryKey = "$binary"

  /// The string of an object that has nothing but `$binary`.
  private static func binaryText(of json: Span<UInt8>) -> String? {
    var scanner = JSONScanner(json, enclosingDepth: enclosingDepth)
    guard (try? scanner.nextKind()) == .object, (try? scanner.enterObject()) == true,
      (try? scanner.key()) == binaryKey, (try? scanner.nextKind()) == .string,
      let text = try? scanner.string(), (try? scanner.nextMember()) == false
    else { return nil }
    return text
  }

  /// A payload stands one level deep in its line; deeper JSON than fits there goes as binary.
  private static let enclosingDepth = 1
}
