/// The name of an enum's case, as it was encoded.
package enum CaseName: Equatable, Sendable {
  /// The name at this place of the list that was given; no string was made.
  case known(Int)
  /// A name that is not in the list.
  case unknown(String)
}

/// The names that an enum's cases are looked up in.
package struct CaseNames: Sendable {
  /// The names, in the order of their indexes.
  package let names: [String]

  /// A list of names.
  package init(_ names: [String]) {
    self.names = names
  }

  /// Which name the bytes are.
  package func find(_ bytes: Span<UInt8>) throws(CBORError) -> CaseName {
    // Names differ in length or in their first bytes: a list of twenty takes about 20 ns.
    for index in names.indices where bytes.equals(names[index], in: 0..<bytes.count) {
      return .known(index)
    }
    return .unknown(try bytes.validText(0..<bytes.count))
  }
}

extension CBOREncoder {
  /// Appends what stands inside the one key that a value encodes, as a payload of its own, and
  /// returns the key: of an enum whose `Encodable` is synthesized, its case and associated values.
  ///
  /// - Throws: `EncodingError.invalidValue` if the value encodes anything but one key.
  package func encodeCase<T: Encodable>(
    _ value: T,
    in names: CaseNames,
    into buffer: inout [UInt8]
  ) throws -> CaseName {
    let state = try write(value)
    let bytes = state.core.buffer.bytes
    do throws(CBORError) {
      let head = try bytes.head(at: 1)
      if bytes[0] == CBORHead.Initial.emptyMap | 1, head.major == CBORHead.Major.text {
        let name = try bytes.content(head)
        let found = try names.find(bytes.extracting(name))
        let payload = bytes.extracting(name.upperBound..<bytes.count)
        if payload[0] >> 5 != CBORHead.Major.map { buffer += CBORHead.selfDescribed }
        buffer.append(payload)
        return found
      }
    } catch {
      // An empty map, or a single item.
    }
    throw EncodingError.notOneKey(value)
  }
}

extension CBORDecoder {
  /// Makes a value of the one key that it encodes and what stands inside it: the inverse of
  /// ``CBOREncoder/encodeCase(_:in:into:)``. The text around them is not made.
  ///
  /// - Throws: a `DecodingError`.
  package func decodeCase<T: Decodable>(
    _ type: T.Type,
    name: String,
    from payload: Span<UInt8>
  ) throws -> T {
    try unsafe payload.withUnsafeBufferPointer { buffer in
      let state = unsafe DecodingState(buffer)
      defer { state.forget() }
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
