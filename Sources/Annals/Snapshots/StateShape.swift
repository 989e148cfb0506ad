/// The shape of a Codable type: which keys of which types it is read from.
///
/// Found by letting the type decode itself from a decoder that has a value for everything and notes
/// what it is asked for. So a property that was added, removed, renamed or given another type
/// changes the shape, also deep in arrays and optionals. What cannot be seen from outside (the
/// cases of an enum, what a type makes of a value) is represented by the type's name.
package enum StateShape {
  /// A number that differs, but for one case in 2^64, between two shapes.
  package static func fingerprint<State: Decodable>(of type: State.Type) -> UInt64 {
    let notes = ShapeNotes()
    notes.look(at: type)
    return notes.hash
  }
}

/// What was noted so far, and the way down to where it is noted.
package final class ShapeNotes {
  /// FNV-1a; the notes are short and made once per type.
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  private var open: [ObjectIdentifier] = []
  /// Types within types; deeper ones are represented by their names.
  private static let depthMax = 32

  func note(_ text: String) {
    for byte in text.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
    }
    hash = (hash ^ 0xff) &* 0x100_0000_01b3
  }

  /// The name of a type, the same in every process: that of a private one tells where the program
  /// was loaded.
  package static func name(of type: Any.Type) -> String {
    var name = ""
    var isAddress = false
    for scalar in String(reflecting: type).unicodeScalars {
      let isDigit = scalar.properties.isASCIIHexDigit
      if !(isAddress && isDigit) { name.unicodeScalars.append(scalar) }
      isAddress = scalar == "$" || isAddress && isDigit
    }
    return name
  }

  /// Notes a type and, as far as it lets one look, what it is made of; gives a value of it if one
  /// could be made.
  @discardableResult
  func look<Value: Decodable>(at type: Value.Type) -> Value? {
    note(Self.name(of: type))
    // A type that holds itself is noted once.
    if open.contains(ObjectIdentifier(type)) || open.count == Self.depthMax { return nil }
    open.append(ObjectIdentifier(type))
    defer { open.removeLast() }
    note("{")
    // A type that refuses the made-up value is represented by its name.
    let value = try? Value(from: ShapeDecoder(notes: self))
    note("}")
    return value
  }
}
