/// Why bytes are not a payload that this library reads, and where.
///
/// From ``CBORDecoder`` it comes as the underlying error of a `DecodingError.dataCorrupted`;
/// ``PayloadReader`` throws it as it is.
public struct CBORError: Error, Hashable, Sendable {
  /// What is wrong.
  @nonexhaustive
  public enum Reason: Hashable, Sendable {
    /// The bytes end before the item does, or a length says more than the bytes can hold.
    case truncated
    /// An initial byte that RFC 8949 reserves, or a simple value in a form it forbids.
    case reserved
    /// An item of indefinite length; payloads have definite lengths only.
    case indefiniteLength
    /// Items inside items beyond ``CBORDecoder/depthMax``.
    case tooDeep
    /// Bytes behind the payload's one item.
    case trailingBytes
    /// A text that is not UTF-8.
    case invalidText
    /// An item of another kind than the one asked for.
    case otherKind
    /// A number that the type asked for does not hold exactly.
    case outOfRange
  }

  /// What is wrong.
  public let reason: Reason
  /// The byte of the payload where it was noticed, from 0.
  public let offset: Int

  /// An error at a byte of a payload.
  public init(_ reason: Reason, offset: Int) {
    self.reason = reason
    self.offset = offset
  }
}
