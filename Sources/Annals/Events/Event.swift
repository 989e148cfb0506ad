/// A fact, as a Swift value: a struct for one kind, or an enum for the kinds of one aggregate.
///
/// ```swift
/// enum AccountEvent: Event {
///   case opened(owner: String)
///   case deposited(amount: Money)
///
///   static let schema = EventSchema<AccountEvent>(cases: [
///     "opened": "AccountOpened",
///     "deposited": "MoneyDeposited",
///   ])
/// }
/// ```
///
/// The schema gives each kind the name it has in the log, for ever; cases, properties and Swift
/// types may be renamed as long as the coding keys stay. A change of a payload's shape that the
/// coding does not bear (a new property that is not optional, say) is a new version, with an
/// upcaster from the old one.
public protocol Event: Codable, Sendable {
  /// The names and versions its values are stored under, and how older versions are read.
  static var schema: EventSchema<Self> { get }

  /// Names that the event can be found by, apart from its aggregate.
  ///
  /// At most 64 of up to 256 bytes; none by default.
  var tags: [String] { get }
}

extension Event {
  /// No tags.
  public var tags: [String] { [] }
}
