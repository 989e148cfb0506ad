package enum CRC32C { package static func checksum(_ b: Span<UInt8>, continuing crc: UInt32 = 0) -> UInt32 { crc } }
