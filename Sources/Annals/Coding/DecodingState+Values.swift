extension DecodingState {
  /// The text at `offset`.
  @inline(__always)
  func text(at offset: Int) throws(CBORError) -> String {
    let bytes = self.bytes
    let head = try bytes.untaggedHead(at: offset)
    guard head.major == CBORHead.Major.text else { throw CBORError(.otherKind, offset: offset) }
    return try bytes.validText(try bytes.content(head))
  }

  /// Whether null stands at `offset`.
  @inline(__always)
  func isNull(at offset: Int) throws(CBORError) -> Bool {
    try bytes.untaggedHead(at: offset).isNull
  }

  /// The truth value at `offset`.
  @inline(__always)
  func bool(at offset: Int) throws(CBORError) -> Bool {
    try bytes.untaggedHead(at: offset).bool(at: offset)
  }

  /// The integer at `offset`.
  @inline(__always)
  func integer<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) throws(CBORError) -> T {
    if let value = try bytes.untaggedHead(at: offset).integer(type, at: offset) { return value }
    throw CBORError(.otherKind, offset: offset)
  }

  /// The number at `offset`, where the type holds it exactly.
  @inline(__always)
  func number<T: BinaryFloatingPoint>(_ type: T.Type, at offset: Int) throws(CBORError) -> T {
    try bytes.untaggedHead(at: offset).number(type, at: offset)
  }
}

extension DecodingState {
  /// The error of Codable for an error of CBOR, met while a value of `type` was read at the end of
  /// `path`.
  func decodingError(
    _ error: CBORError,
    _ type: any Any.Type,
    _ path: CodingPath?
  ) -> DecodingError {
    let keys = CodingPath.keys(path)
    switch error.reason {
    case .otherKind:
      let isNull = (try? isNull(at: error.offset)) ?? false
      let found = isNull ? "null" : "another kind of item"
      let context = DecodingError.Context(
        codingPath: keys,
        debugDescription: "Byte \(error.offset) begins \(found), not a value of \(type).",
        underlyingError: error
      )
      return isNull ? .valueNotFound(type, context) : .typeMismatch(type, context)
    case .outOfRange:
      return .dataCorrupted(
        DecodingError.Context(
          codingPath: keys,
          debugDescription: "\(type) does not hold the number at byte \(error.offset) exactly.",
          underlyingError: error
        )
      )
    default:
      return Self.corrupted(error, path)
    }
  }
}
