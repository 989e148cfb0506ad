/// Makes values of their CBOR bytes, by `Decodable`.
///
/// Total on hostile bytes: a payload gives a value or a `DecodingError`, reads nothing outside, and
/// allocates no more than its bytes account for. The form of the whole payload is checked first.
/// Keys that the type does not ask for are passed over, and keys may come in any order; the order
/// in which ``CBOREncoder`` wrote them is the fast one. Thread-safe; each thread keeps a
/// little memory for the next call.
///
/// Integers are taken for `Float` and `Double` too, and floating-point numbers of either width for
/// each other, where nothing is lost. `[UInt8]` and `Data` are taken from a byte string or an
/// array.
public struct CBORDecoder: Sendable {
  /// The most levels of arrays and maps inside each other; bounds the stack a payload can use.
  public static let depthMax = 128

  /// Creates a decoder.
  public init() {}

  /// Makes a value of the bytes of one payload.
  ///
  /// - Throws: a `DecodingError`; of bytes that are no payload, `.dataCorrupted` with a
  ///   ``CBORError`` under it.
  public func decode<T: Decodable>(_ type: T.Type, from bytes: [UInt8]) throws -> T {
    try decode(type, from: bytes.span)
  }

  /// Makes a value of the bytes of one payload.
  ///
  /// - Throws: a `DecodingError`; of bytes that are no payload, `.dataCorrupted` with a
  ///   ``CBORError`` under it.
  public func decode<T: Decodable>(_ type: T.Type, from bytes: Span<UInt8>) throws -> T {
    try DecodingState.reading(bytes) { state in
      let root = CBORDecoding(state: state, offset: try state.checkedStart(), path: nil)
      return try root.value(type)
    }
  }
}
