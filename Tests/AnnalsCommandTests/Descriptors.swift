import AnnalsCommand
import AnnalsLog

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Opens a file that is there for writing.
func openForWriting(_ path: String) throws -> CInt {
  let number = unsafe path.withCString { unsafe open($0, O_WRONLY) }
  guard number >= 0 else { throw SystemError(.open, file: path, errno: errno) }
  return number
}

/// Opens a nameless file with content, at its start.
func openFile(holding content: [UInt8]) throws -> Descriptor {
  guard let file = unsafe tmpfile() else {
    throw SystemError(.open, file: "content", errno: errno)
  }
  let number = unsafe dup(fileno(file))
  _ = unsafe fclose(file)
  let descriptor = Descriptor(number, name: "content")
  try descriptor.write(content.span)
  lseek(number, 0, SEEK_SET)
  return descriptor
}

/// Makes a pipe.
func makePipe() throws -> (reading: CInt, writing: CInt) {
  var ends: [CInt] = [0, 0]
  guard unsafe pipe(&ends) == 0 else { throw SystemError(.open, file: "pipe", errno: errno) }
  return (ends[0], ends[1])
}
