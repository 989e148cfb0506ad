package import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// Reads a file or standard input line by line.
///
/// Lines end with a line feed; the last one need not. Memory is the longest line and one read, and
/// a line is lent from the buffer without a copy until the next is asked for.
package struct LineReader: ~Copyable {
  private let descriptor: Descriptor
  private let bytesMax: Int
  private var buffer: [UInt8]
  /// `buffer[..<filled]` was read.
  private var filled = 0
  private var lineStart = 0
  private var lineEnd = 0
  private var nextStart = 0
  private var isAtEnd = false
  /// The number of the current line, counted from 1; 0 before the first.
  package private(set) var lineNumber = 0

  /// A longer line is refused: no event is that large, and memory must have an end.
  package static let lineBytesMax = 128 * 1_024 * 1_024
  /// How much one system call asks for at least.
  package static let readBytesMin = 256 * 1_024

  /// Opens a file, or standard input for `-`.
  package init(path: String) throws(SystemError) {
    self.init(path == "-" ? .standardInput : try Descriptor.open(reading: path))
  }

  /// Reads from a descriptor, which is closed with the reader unless it is standard input.
  package init(
    _ descriptor: Descriptor,
    lineBytesMax: Int = lineBytesMax,
    readBytesMin: Int = readBytesMin
  ) {
    self.descriptor = descriptor
    bytesMax = lineBytesMax
    buffer = [UInt8](repeating: 0, count: readBytesMin)
  }

  deinit {
    if descriptor.number > 2 { descriptor.close() }
  }

  /// The name of the input, for messages.
  package var name: String { descriptor.name }

  /// The current line without its line feed.
  package var line: Span<UInt8> {
    @_lifetime(borrow self)
    get { buffer.span.extracting(lineStart..<lineEnd) }
  }

  /// Moves to the next line; false when there is none.
  package mutating func advance() throws(LineReaderError) -> Bool {
    lineStart = nextStart
    lineEnd = nextStart
    var searchedCount = 0
    while true {
      let newline = newline(from: lineStart + searchedCount)
      let end = newline ?? filled
      guard end - lineStart <= bytesMax else {
        throw .lineTooLong(file: name, line: lineNumber + 1, bytesMax: bytesMax)
      }
      if newline != nil || isAtEnd {
        guard newline != nil || end > lineStart else { return false }
        lineEnd = end
        nextStart = newline == nil ? end : end + 1
        lineNumber += 1
        return true
      }
      searchedCount = end - lineStart
      try fill()
    }
  }

  /// Reads more behind what is there, after making room by moving the line to the front.
  private mutating func fill() throws(LineReaderError) {
    if filled == buffer.count {
      let kept = filled - lineStart
      if lineStart > 0 {
        unsafe buffer.withUnsafeMutableBytes { bytes in
          guard let base = bytes.baseAddress else { return }
          unsafe memmove(base, base + lineStart, kept)
        }
      } else {
        buffer.append(contentsOf: repeatElement(0, count: buffer.count))
      }
      (lineStart, lineEnd, nextStart, filled) = (0, 0, 0, kept)
    }
    do {
      let count = try descriptor.read(into: &buffer, at: filled)
      filled += count
      isAtEnd = count == 0
    } catch {
      throw .system(error)
    }
  }

  /// The offset of the first line feed among what was read from `offset` on.
  private func newline(from offset: Int) -> Int? {
    unsafe buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress, offset < filled,
        let found = unsafe memchr(base + offset, 0x0a, filled - offset)
      else { return nil }
      return unsafe UnsafeRawPointer(found) - base
    }
  }
}

/// Why no further line can be read.
package enum LineReaderError: Error, Hashable, Sendable {
  /// The system refused.
  case system(SystemError)
  /// A line is longer than the reader takes.
  case lineTooLong(file: String, line: Int, bytesMax: Int)
}
