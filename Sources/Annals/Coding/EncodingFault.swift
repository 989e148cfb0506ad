/// How an `Encodable` misused its encoder.
enum EncodingFault: Error {
  case tooDeep
  case secondValue
  case completeValue
  case nothing
  case notOneItem

  /// The error of Codable for it.
  func error(_ value: Any, _ path: CodingPath?) -> EncodingError {
    let description =
      switch self {
      case .tooDeep: "Values are nested more than \(CBORDecoder.depthMax) levels deep."
      case .secondValue: "A second value was encoded where one stands."
      case .completeValue: "A container was written to after its value was complete."
      case .notOneItem: "By hand other than one complete item was written."
      case .nothing: "No value was encoded."
      }
    return .invalidValue(
      value,
      EncodingError.Context(codingPath: CodingPath.keys(path), debugDescription: description)
    )
  }
}
