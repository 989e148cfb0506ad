internal import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// This same program, run as another process.
struct Child: ~Copyable {
  private let process: pid_t
  private let output: Descriptor
  private var isOver = false

  /// Starts it with `arguments`; what it prints is read by `end`.
  init(_ arguments: [String]) throws(SystemError) {
    let words = ["annals"] + arguments
    var ends: [CInt] = [0, 0]
    guard unsafe pipe(&ends) == 0 else { throw SystemError(.open, file: "pipe", errno: errno) }
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    unsafe posix_spawn_file_actions_addclose(&actions, ends[0])
    unsafe posix_spawn_file_actions_addclose(&actions, ends[1])
    var pointers = unsafe words.map { unsafe strdup($0) } + [nil]
    defer { for index in 0...words.count { unsafe free(pointers[index]) } }
    var process = pid_t()
    let status = unsafe posix_spawn(&process, "/proc/self/exe", &actions, nil, &pointers, environ)
    close(ends[1])
    guard status == 0 else {
      close(ends[0])
      throw SystemError(.open, file: "/proc/self/exe", errno: status)
    }
    self.process = process
    output = Descriptor(ends[0], name: "another process")
  }

  deinit {
    if !isOver {
      kill(process, SIGKILL)
      Self.await(process)
    }
    output.close()
  }

  /// Ends it as nothing can prevent.
  func killNow() {
    kill(process, SIGKILL)
  }

  /// Waits for its end, however that comes, and gives the lines it printed.
  consuming func end() throws(SystemError) -> [String] {
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = try output.read(into: &buffer, at: 0)
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    Self.await(process)
    isOver = true
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  private static func await(_ process: pid_t) {
    var ending: CInt = 0
    while unsafe waitpid(process, &ending, 0) < 0, errno == EINTR {}
  }

  /// Runs it with `arguments` until it ends; gives the lines it printed.
  static func run(_ arguments: [String]) throws(SystemError) -> [String] {
    try Child(arguments).end()
  }
}
