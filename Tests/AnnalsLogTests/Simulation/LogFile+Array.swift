import AnnalsLog

extension LogFile {
  /// Writes the bytes of an array.
  func write(_ bytes: [UInt8], at offset: Int) throws(LogError) {
    try write(bytes.span, at: offset)
  }
}
