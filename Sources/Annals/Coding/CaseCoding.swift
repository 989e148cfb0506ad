// An event is stored without the name of its case, which its type tells: the payload is what the
// synthesized `Codable` of an enum puts behind its one key.

extension Span where Element == UInt8 {
  /// Which of `names` the bytes are; nil if none.
  ///
  /// Names differ in length or in their first bytes, so that a list of twenty takes about 20 ns;
  /// no string is made.
  func index(among names: [String]) -> Int? {
    for index in names.indices where equals(names[index], in: 0..<count) { return index }
    return nil
  }
}

extension CBOREncoder {
  /// Appends what stands inside the one key that a value encodes, as a payload of its own, and
  /// returns the key's place in `names`; nil, and nothing is appended, if it is none of them.
  ///
  /// - Throws: `EncodingError.invalidValue` if the value encodes anything but one key.
  func encodeCase<T: Encodable>(
    _ value: T,
    among names: [String],
    into payload: inout [UInt8]
  ) throws -> Int? {
    try EncodingState.writing { state in
      try write(value, state)
      let bytes = state.core.buffer.bytes
      do throws(CBORError) {
        if bytes[0] == CBORHead.Initial.emptyMap | 1 {
          let head = try bytes.head(at: 1)
          let name = try bytes.content(head)
          guard let index = bytes.extracting(name).index(among: names) else { return nil }
          let content = bytes.extracting(name.upperBound..<bytes.count)
          if content[0] >> 5 != CBORHead.Major.map { payload += CBORHead.selfDescribed }
          payload.append(content)
          return index
        }
      } catch {
        preconditionFailure("the encoder wrote a map of one text and one item")
      }
      throw EncodingError.notOneKey(value)
    }
  }
}

extension CBORDecoder {
  /// Makes a value of the one key that it encodes and what stands inside it.
  ///
  /// The bytes around them are not made.
  ///
  /// - Throws: a `DecodingError`.
  func decodeCase<T: Decodable>(
    _ type: T.Type,
    name: String,
    from payload: Span<UInt8>
  ) throws -> T {
    try DecodingState.reading(payload) { state in
      state.wrapper = DecodingState.Wrapper(name: name, start: try state.checkedStart())
      return try T(from: CBORDecoding(state: state, offset: DecodingState.wrapped, path: nil))
    }
  }
}

extension EncodingError {
  /// The error for a value that should have encoded one key.
  static func notOneKey(_ value: Any) -> EncodingError {
    .invalidValue(
      value,
      EncodingError.Context(
        codingPath: [],
        debugDescription: "An event is one key with one value, as the case of an enum is."
      )
    )
  }
}
