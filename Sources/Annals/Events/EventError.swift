/// A stored event that could not be made into a Swift value.
public struct EventError: Error, Sendable {
  /// Where it stands.
  public let position: Position
  /// Whose it is.
  public let aggregate: AggregateID
  /// The version its aggregate has with it.
  public let version: Version
  /// Its type, as it stands in the log.
  public let type: String
  /// The Swift type that was to be read.
  public let swiftType: String
  /// Why not.
  public let reason: Reason

  /// Why an event could not be read.
  @nonexhaustive
  public enum Reason: Sendable {
    /// The schema does not name the event's type, neither as current nor as retired.
    case unknownType
    /// The payload is in none of the store's codecs.
    case unknownEncoding
    /// A rule of retention took the payload away.
    case redacted
    /// The payload does not fit the Swift type, or an upcaster refused it.
    case undecodable(any Error)
  }

  /// The error of the event that `record` shows.
  package init(
    _ record: borrowing EventView,
    swiftType: Any.Type,
    _ reason: Reason
  ) {
    position = record.position
    aggregate = record.aggregate
    version = record.version
    type = record.type
    self.swiftType = String(describing: swiftType)
    self.reason = reason
  }
}

extension EventError: CustomStringConvertible {
  /// One sentence with the place.
  public var description: String {
    let why =
      switch reason {
      case .unknownType: "\(swiftType) has no such event"
      case .unknownEncoding: "its payload is in no codec of this store"
      case .redacted: "its payload was taken away"
      case .undecodable(let error): "\(error)"
      }
    return "event \(position) (\(type), version \(version) of \(aggregate)) "
      + "cannot be read as \(swiftType): \(why)"
  }
}
