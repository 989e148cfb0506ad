package import AnnalsLog

/// Buffered writing to a descriptor.
///
/// What is written stands in the buffer until it is full or `flush()` is called; a verb that ends
/// without `flush()` has lost it. Errors come from whichever call meets them.
package final class OutputStream {
  private let descriptor: Descriptor
  private var buffer: [UInt8] = []

  /// Large enough that a system call costs nothing beside the bytes.
  package static let bufferBytesMax = 64 * 1_024

  /// Creates a stream over a descriptor that stays open.
  package init(_ descriptor: Descriptor) {
    self.descriptor = descriptor
    buffer.reserveCapacity(Self.bufferBytesMax)
  }

  /// Writes bytes.
  package func write(_ bytes: Span<UInt8>) throws(SystemError) {
    if buffer.count + bytes.count > Self.bufferBytesMax { try flush() }
    if bytes.count > Self.bufferBytesMax {
      try descriptor.write(bytes)
    } else {
      buffer.append(copying: bytes)
    }
  }

  /// Writes text.
  package func write(_ text: String) throws(SystemError) {
    try write(text.utf8.span)
  }

  /// Writes text and a line break.
  package func writeLine(_ text: String = "") throws(SystemError) {
    try write(text.utf8.span)
    try write("\n")
  }

  /// Writes what a JSON writer gathered, and empties the writer.
  package func write(taking writer: inout JSONWriter) throws(SystemError) {
    try write(writer.bytes.span)
    writer.bytes.removeAll(keepingCapacity: true)
  }

  /// Hands the buffer to the descriptor.
  package func flush() throws(SystemError) {
    guard !buffer.isEmpty else { return }
    // Emptied first: what a failing write leaves must not be written again by a later flush.
    let bytes = buffer
    buffer.removeAll(keepingCapacity: true)
    try descriptor.write(bytes.span)
  }
}

/// The process's own output: results on `output`, everything about them on `error`.
package struct StandardStreams {
  /// Standard output.
  package let output: OutputStream
  /// Standard error.
  package let error: OutputStream

  /// Creates streams over the two descriptors.
  package init(output: Descriptor = .standardOutput, error: Descriptor = .standardError) {
    self.output = OutputStream(output)
    self.error = OutputStream(error)
  }

  /// Writes one line about the work to standard error, at once and without failing.
  package func note(_ line: String) {
    // Nobody could be told that standard error does not work.
    try? error.writeLine(line.printable)
    try? error.flush()
  }
}
