internal import CAnnals

/// CRC-32C (Castagnoli), the checksum of everything the log stores.
///
/// Specified by its check value: the nine bytes "123456789" have the checksum `0xe306_9283`.
package enum CRC32C {
  /// The checksum of `bytes`, or of all bytes so far when it continues the checksum `crc`.
  ///
  /// Continuing equals concatenating: `checksum(b, continuing: checksum(a))` is the checksum of
  /// `a` followed by `b`. Takes about 2 ns and then 30 bytes per nanosecond where the processor has
  /// the instruction.
  package static func checksum(_ bytes: Span<UInt8>, continuing crc: UInt32 = 0) -> UInt32 {
    unsafe bytes.withUnsafeBytes { unsafe annals_crc32c(crc, $0.baseAddress, $0.count) }
  }
}
