import Annals
import Testing

private struct Hidden: Codable {
  var count = 0
}

private struct Holder<Value: Codable>: Codable {
  var value: Value?
}

/// What is the same in every run of a program is told apart from what is not.
@Suite struct StateShapeTests {
  /// A private type's name tells an address, which is another in each process.
  @Test func namesHoldNoAddress() {
    struct Local: Codable {}
    for type: Any.Type in [Hidden.self, Local.self, Holder<Hidden>.self] {
      let name = ShapeNotes.name(of: type)
      #expect(name.contains("context at $)"), "\(name)")
      #expect(name.firstMatch(of: /\$[0-9a-f]/) == nil, "\(name)")
    }
    #expect(ShapeNotes.name(of: Hidden.self).hasSuffix(".Hidden"))
    #expect(ShapeNotes.name(of: [String: Int].self) == String(reflecting: [String: Int].self))
  }
}
