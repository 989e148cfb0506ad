internal import AnnalsLog

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// This same program, run as another process.
enum Child {
  /// Runs it with `arguments` until it ends, however it does; gives the lines it printed.
  static func run(_ arguments: [String]) throws(SystemError) -> [String] {
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
    var child = pid_t()
    let status = unsafe posix_spawn(&child, "/proc/self/exe", &actions, nil, &pointers, environ)
    close(ends[1])
    defer { close(ends[0]) }
    guard status == 0 else { throw SystemError(.open, file: "/proc/self/exe", errno: status) }
    var text: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe read(ends[0], &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      text += buffer[..<count]
    }
    var ending: CInt = 0
    while unsafe waitpid(child, &ending, 0) < 0, errno == EINTR {}
    return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}
