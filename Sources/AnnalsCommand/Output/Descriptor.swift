package import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// An open descriptor of the process: the one place where the command makes system calls.
///
/// Interrupted calls are repeated, and a descriptor that its other end made non-blocking is waited
/// for. Nothing is buffered here.
package struct Descriptor: Sendable {
  /// The number the kernel knows it by.
  package let number: CInt
  /// What to call it in errors: a path, or `standard input`.
  package let name: String

  /// Names a descriptor that is open.
  package init(_ number: CInt, name: String) {
    self.number = number
    self.name = name
  }

  package static let standardInput = Descriptor(0, name: "standard input")
  package static let standardOutput = Descriptor(1, name: "standard output")
  package static let standardError = Descriptor(2, name: "standard error")

  /// Opens a file for reading; a directory, which could be opened but not read, is refused.
  package static func open(reading path: String) throws(SystemError) -> Descriptor {
    while true {
      let number = openFile(path, O_RDONLY | O_CLOEXEC)
      if number >= 0 {
        var facts = stat()
        if unsafe fstat(number, &facts) == 0, facts.st_mode & S_IFMT == S_IFDIR {
          closeFile(number)
          throw SystemError(.open, file: path, errno: EISDIR)
        }
        return Descriptor(number, name: path)
      }
      guard errno == EINTR else { throw SystemError(.open, file: path, errno: errno) }
    }
  }

  /// Closes the descriptor; it was only read from, so that nothing can be lost.
  package func close() {
    closeFile(number)
  }

  /// Reads into `buffer` from `offset` on, as much as is there and fits; 0 at the end.
  package func read(into buffer: inout [UInt8], at offset: Int) throws(SystemError) -> Int {
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { bytes in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[offset...])
        return unsafe readFile(number, rest)
      }
      if count >= 0 { return count }
      try wait(POLLIN, .read)
    }
  }

  /// Writes all of `bytes`.
  package func write(_ bytes: Span<UInt8>) throws(SystemError) {
    var offset = 0
    while offset < bytes.count {
      let rest = bytes.extracting(offset..<bytes.count)
      let count = unsafe rest.withUnsafeBytes { unsafe writeFile(number, $0) }
      if count >= 0 {
        offset += count
      } else {
        try wait(POLLOUT, .write)
      }
    }
  }

  /// After a call that failed: returns when it may be tried again, throws when it may not.
  private func wait(_ event: CInt, _ call: SystemError.SystemCall) throws(SystemError) {
    let failure = errno
    if failure == EINTR { return }
    guard failure == EAGAIN || failure == EWOULDBLOCK else {
      throw SystemError(call, file: name, errno: failure)
    }
    var request = pollfd(fd: number, events: Int16(event), revents: 0)
    _ = unsafe poll(&request, 1, -1)
  }

  /// Whether a person looks at it.
  package var isTerminal: Bool { isatty(number) == 1 }

  /// The width of the terminal in characters; 80 where it is not known.
  package var columnCount: Int {
    var size = winsize()
    guard unsafe ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Prepares the standard descriptors; called once, before anything is opened.
  package static func prepareStandard() {
    // A closed pipe is to be an error of `write`, not the end of the process.
    _ = signal(SIGPIPE, SIG_IGN)
    // A closed standard descriptor would be given to the next file opened, and messages meant for a
    // person would then be written into a store. What stands in refuses the call it stands in for.
    for number: CInt in 0...2 where fcntl(number, F_GETFD) == -1 {
      _ = openFile("/dev/null", number == 0 ? O_WRONLY : O_RDONLY)
    }
    raiseDescriptorCount()
  }

  /// Lets the process open as many files as it may: a check of a store holds all of its segments.
  private static func raiseDescriptorCount() {
    #if canImport(Glibc)
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    #else
    let resource = RLIMIT_NOFILE
    #endif
    var limit = rlimit()
    guard unsafe getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = unsafe setrlimit(resource, &limit)
  }
}

extension SystemError {
  /// Whether nobody reads what is written any more.
  package var isClosedPipe: Bool { errno == EPIPE }

  /// Whether the path leads to nothing of the right kind.
  package var isNoSuchFile: Bool {
    isNotFound || errno == ENOTDIR || errno == EISDIR || errno == ELOOP || errno == ENAMETOOLONG
  }
}

// The calls by names of their own: inside `Descriptor` their own would mean its methods.

private func openFile(_ path: String, _ flags: CInt) -> CInt {
  unsafe path.withCString { unsafe open($0, flags) }
}

private func closeFile(_ number: CInt) {
  _ = close(number)
}

private func readFile(_ number: CInt, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
  unsafe read(number, bytes.baseAddress, bytes.count)
}

private func writeFile(_ number: CInt, _ bytes: UnsafeRawBufferPointer) -> Int {
  unsafe write(number, bytes.baseAddress, bytes.count)
}
