/// A type that is one CBOR item without containers in between.
protocol CBORPrimitive {
  /// Reads the item at `offset`.
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> Self
  /// Appends the value as one item.
  func write(to buffer: inout CodingBuffer)
}

extension Bool: CBORPrimitive {
  @inline(__always)
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> Bool {
    try state.bool(at: offset)
  }

  @inline(__always)
  func write(to buffer: inout CodingBuffer) {
    buffer.append(self ? CBORHead.Initial.yes : CBORHead.Initial.no)
  }
}

extension String: CBORPrimitive {
  @inline(__always)
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> String {
    try state.text(at: offset)
  }

  @inline(__always)
  func write(to buffer: inout CodingBuffer) { buffer.append(self) }
}

extension Double: CBORPrimitive {
  @inline(__always)
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> Double {
    try state.number(Double.self, at: offset)
  }

  @inline(__always)
  func write(to buffer: inout CodingBuffer) { buffer.append(self) }
}

extension Float: CBORPrimitive {
  @inline(__always)
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> Float {
    try state.number(Float.self, at: offset)
  }

  @inline(__always)
  func write(to buffer: inout CodingBuffer) { buffer.append(self) }
}

extension FixedWidthInteger where Self: CBORPrimitive {
  @inline(__always)
  static func read(_ state: DecodingState, _ offset: Int) throws(CBORError) -> Self {
    try state.integer(Self.self, at: offset)
  }

  @inline(__always)
  func write(to buffer: inout CodingBuffer) { buffer.append(integer: self) }
}

extension Int: CBORPrimitive {}
extension Int8: CBORPrimitive {}
extension Int16: CBORPrimitive {}
extension Int32: CBORPrimitive {}
extension Int64: CBORPrimitive {}
extension UInt: CBORPrimitive {}
extension UInt8: CBORPrimitive {}
extension UInt16: CBORPrimitive {}
extension UInt32: CBORPrimitive {}
extension UInt64: CBORPrimitive {}
