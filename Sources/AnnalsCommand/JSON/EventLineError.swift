package import AnnalsLog

/// Why a line is not an event, and where on the line.
package struct EventLineError: Error, Hashable, Sendable {
  /// What is wrong.
  package let reason: Reason
  /// The byte of the line it is about, counted from 1.
  package let column: Int

  /// Creates an error from its facts.
  package init(_ reason: Reason, column: Int) {
    self.reason = reason
    self.column = column
  }

  /// The ways in which a line is not an event.
  package enum Reason: Hashable, Sendable {
    /// The line is not one JSON value.
    case json(JSONError.Reason)
    /// The line is some other value than an object.
    case notAnObject(JSONScanner.Kind)
    /// A required key is not there.
    case missingKey(EventLine.Key)
    /// A key that events do not have.
    case unknownKey(String)
    /// A key of the event, or of its metadata, stands there twice.
    case duplicateKey(String)
    /// A key's value, or an element of it, is of another kind than it must be.
    case wrongKind(EventLine.Key, expected: JSONScanner.Kind, found: JSONScanner.Kind)
    /// The time is not a moment of RFC 3339.
    case time(TimestampError)
    /// The id is not a UUID.
    case id
  }
}

extension EventLineError: CustomStringConvertible {
  /// The reason and the column.
  package var description: String { "\(reason) (column \(column))" }
}

extension EventLineError.Reason: CustomStringConvertible {
  /// The reason in a few words.
  package var description: String {
    switch self {
    case .json(let reason): "\(reason)"
    case .notAnObject(let kind): "an event is a JSON object; this is \(kind.withArticle)"
    case .missingKey(let key): "the key \"\(key)\" is missing"
    case .unknownKey(let key): "an event has no key \"\(key.shortened)\""
    case .duplicateKey(let key): "the key \"\(key.shortened)\" stands there twice"
    case .wrongKind(.tags, .string, let found):
      "every tag must be a string; one is \(found.withArticle)"
    case .wrongKind(.metadata, .string, let found):
      "every value of \"metadata\" must be a string; one is \(found.withArticle)"
    case .wrongKind(let key, let expected, let found):
      "\"\(key)\" must be \(expected.withArticle), not \(found.withArticle)"
    case .time(let error): "the time \(error)"
    case .id: "\"id\" is not a UUID such as 6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    }
  }
}

extension JSONScanner.Kind {
  /// The kind with the article it needs in a sentence.
  fileprivate var withArticle: String {
    switch self {
    case .object, .array: "an \(rawValue)"
    case .null: "null"
    default: "a \(rawValue)"
    }
  }
}

extension String {
  /// The text, cut where it would bury the message it stands in.
  fileprivate var shortened: String {
    count > 80 ? prefix(80) + "…" : self
  }
}
