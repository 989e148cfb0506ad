import Foundation
import Testing

/// A run of the built command, as a shell would see it.
struct Run {
  let code: Int32
  let output: String
  let error: String

  /// The lines of standard output.
  var lines: [Substring] { output.split(separator: "\n") }

  /// Standard output as one JSON object.
  func object() throws -> [String: Any] {
    let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
    return try #require(value as? [String: Any])
  }

  /// Checks that the run failed with a code and one line that says why, and printed nothing else.
  func expectFailure(
    _ code: Int32,
    saying words: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(self.code == code, "\(error)", sourceLocation: sourceLocation)
    #expect(error.contains(words), "\(error)", sourceLocation: sourceLocation)
    #expect(error.hasPrefix("annals: "), "\(error)", sourceLocation: sourceLocation)
    let lineCount = error.split(separator: "\n").count
    #expect(lineCount == 1, "\(error)", sourceLocation: sourceLocation)
  }
}

/// A directory with stores and inputs, and the command to run on them.
final class Workshop {
  let directory: URL

  init(in parent: URL = FileManager.default.temporaryDirectory) throws {
    directory = parent.appending(path: "annals-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: directory) }

  /// The path of a name in the directory.
  func path(_ name: String) -> String { directory.appending(path: name).path }

  /// Writes a file into the directory.
  func write(_ text: String, to name: String) throws {
    try Data(text.utf8).write(to: directory.appending(path: name))
  }

  /// The bytes of a file in the directory.
  func bytes(_ name: String) throws -> Data {
    try Data(contentsOf: directory.appending(path: name))
  }

  /// Makes a directory in the directory.
  func makeDirectory(_ name: String) throws {
    try FileManager.default.createDirectory(
      at: directory.appending(path: name),
      withIntermediateDirectories: false
    )
  }

  /// Runs the command to its end; names of `arguments` are relative to the directory.
  func annals(_ arguments: String..., input: String = "") throws -> Run {
    try run(Self.executable, arguments, input: input)
  }

  /// Runs a line of shell to its end, with the command as `$ANNALS`.
  func shell(_ line: String) throws -> Run {
    try run(URL(filePath: "/bin/bash"), ["-c", line], input: "")
  }

  /// Starts the command and does not wait for it.
  func start(_ arguments: String..., input: FileHandle, output name: String) throws -> Process {
    let process = try prepare(Self.executable, arguments)
    process.standardInput = input
    process.standardOutput = try create(name)
    process.standardError = FileHandle.nullDevice
    try process.run()
    return process
  }

  private func run(_ executable: URL, _ arguments: [String], input: String) throws -> Run {
    let process = try prepare(executable, arguments)
    // Files, not pipes: nobody has to read while the other side writes.
    let name = UUID().uuidString
    try write(input, to: name + ".in")
    process.standardInput = try FileHandle(forReadingFrom: directory.appending(path: name + ".in"))
    process.standardOutput = try create(name + ".out")
    process.standardError = try create(name + ".err")
    try process.run()
    process.waitUntilExit()
    return Run(
      code: process.terminationStatus,
      output: String(decoding: try bytes(name + ".out"), as: UTF8.self),
      error: String(decoding: try bytes(name + ".err"), as: UTF8.self)
    )
  }

  private func prepare(_ executable: URL, _ arguments: [String]) throws -> Process {
    let process = Process()
    process.executableURL = executable
    process.arguments = arguments
    process.currentDirectoryURL = directory
    process.environment = ["ANNALS": Self.executable.path, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
    // Where coverage is measured, that of the command counts too, beside that of the tests.
    if let profile = ProcessInfo.processInfo.environment["LLVM_PROFILE_FILE"] {
      let folder = URL(filePath: profile).deletingLastPathComponent()
      process.environment?["LLVM_PROFILE_FILE"] = folder.appending(path: "annals-%4m.profraw").path
    }
    return process
  }

  private func create(_ name: String) throws -> FileHandle {
    try write("", to: name)
    return try FileHandle(forWritingTo: directory.appending(path: name))
  }

  /// The command stands beside the bundle of tests that runs.
  static let executable: URL = {
    let bundle = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
    return bundle.deletingLastPathComponent().appending(path: "annals")
  }()
}

/// A line of an event, whose data is its number.
func line(_ number: Int, of aggregate: String = "counter-1") -> String {
  #"{"aggregate":"\#(aggregate)","type":"Counted","time":"2026-01-01T00:00:00Z","data":\#(number)}"#
    + "\n"
}

/// Lines of events with these numbers.
func lines(_ numbers: ClosedRange<Int>) -> String {
  numbers.map { line($0) }.joined()
}
