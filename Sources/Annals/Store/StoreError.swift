/// Everything that can go wrong in an event store, as facts.
@nonexhaustive
public enum StoreError: Error, Sendable {
  /// The log below failed or refused.
  case log(LogError)
  /// A stored event cannot be read as the Swift type asked for.
  case event(EventError)
  /// An event schema is wrong, or at odds with another.
  case schema(SchemaError)
  /// A value could not be encoded; nothing was appended.
  case encoding(swiftType: String, any Error)
}

extension StoreError: CustomStringConvertible {
  /// One sentence.
  public var description: String {
    switch self {
    case .log(let error): "\(error)"
    case .event(let error): "\(error)"
    case .schema(let error): "\(error)"
    case .encoding(let type, let error): "a value of \(type) cannot be encoded: \(error)"
    }
  }
}

/// Runs `body` and lifts what the log throws.
package func liftingLog<Result: ~Copyable>(
  _ body: () throws(LogError) -> Result
) throws(StoreError) -> Result {
  do throws(LogError) {
    return try body()
  } catch {
    throw .log(error)
  }
}
