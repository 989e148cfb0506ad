/// Makes CBOR bytes of values, by `Encodable`.
///
/// Properties become maps with text keys, in the order in which they are encoded; all lengths are
/// definite and all heads the shortest. `[UInt8]` and `Data` become byte strings. A payload that is
/// not a map begins with the three bytes of tag 55799, so that a payload's first byte tells CBOR
/// from JSON. Specified in `Format.md`, section "CBOR payloads". Thread-safe; each
/// thread keeps a little memory for the next call.
///
/// The same value gives the same bytes, but for dictionaries and sets, whose order is Swift's.
public struct CBOREncoder: Sendable {
  /// Creates an encoder.
  public init() {}

  /// The bytes of a value, as one payload.
  ///
  /// - Throws: whatever the value throws; `EncodingError.invalidValue` where it encodes nothing,
  ///   two values in one place, or more than ``CBORDecoder/depthMax`` levels.
  public func encode<T: Encodable>(_ value: T) throws -> [UInt8] {
    try EncodingState.writing { state in
      try write(value, state)
      let isMap = state.core.buffer.bytes[0] >> 5 == CBORHead.Major.map
      return state.core.buffer.array(behind: isMap ? [] : CBORHead.selfDescribed)
    }
  }

  /// Appends the bytes of a value, as one payload.
  func encode<T: Encodable>(_ value: T, into payload: inout [UInt8]) throws {
    try EncodingState.writing { state in
      try write(value, state)
      let bytes = state.core.buffer.bytes
      if bytes[0] >> 5 != CBORHead.Major.map { payload += CBORHead.selfDescribed }
      payload.append(bytes)
    }
  }

  /// Writes the bytes of a value, at least one, without the mark before them.
  func write<T: Encodable>(_ value: T, _ state: EncodingState) throws {
    let root = CBOREncoding(state: state, place: state.core.beginRoot(), path: nil)
    try root.encode(value)
    if let fault = state.core.fault ?? (state.core.isUnwritten ? .nothing : nil) {
      throw fault.error(value, nil)
    }
  }
}
