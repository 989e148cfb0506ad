/// What the command line asks for: the arguments of the other peers' program, and no others.
struct PeerArguments {
  var peer = "annals"
  var directory = "peers-data"
  var phase = "check"
  var distribution = "uniform"
  var label = ""
  var evict = "none"
  var events = 2_000_000
  var aggregates = 100_000
  var seed: UInt64 = 1
  var batch = 1
  var operations = 100_000
  var tail: UInt64 = 0
  var run = 0
  var payload = 256
  var threads = 1
  var repeats = 3
  /// Callers are tasks, the form that blocks no thread; else threads that block.
  var isTasks = false
  var seconds = 60.0
  /// `key=value` pairs, in the order of their keys.
  var tuning: [String: String] = [:]

  var isCold: Bool { evict != "none" }

  /// The tuning as the reports print it.
  var set: String {
    tuning.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
  }

  init(_ words: [String]) throws {
    var rest = words.dropFirst()
    while let name = rest.popFirst() {
      guard let value = rest.popFirst() else { throw Failure("no value for \(name)") }
      switch name {
      case "--peer": peer = value
      case "--dir": directory = value
      case "--phase": phase = value
      case "--dist": distribution = value
      case "--label": label = value
      case "--evict": evict = value
      case "--events": events = try Self.number(name, value)
      case "--aggregates": aggregates = try Self.number(name, value)
      case "--seed": seed = UInt64(try Self.number(name, value))
      case "--batch": batch = try Self.number(name, value)
      case "--ops": operations = try Self.number(name, value)
      case "--tail": tail = UInt64(try Self.number(name, value))
      case "--run": run = try Self.number(name, value)
      case "--payload": payload = try Self.number(name, value)
      case "--threads": threads = try Self.number(name, value)
      case "--repeat": repeats = try Self.number(name, value)
      case "--tasks": isTasks = value == "1"
      case "--seconds":
        guard let number = Double(value) else { throw Failure("\(name) needs a number") }
        seconds = number
      case "--set":
        let parts = value.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { throw Failure("--set key=value") }
        tuning[String(parts[0])] = String(parts[1])
      default: throw Failure("unknown argument \(name)")
      }
    }
  }

  private static func number(_ name: String, _ value: String) throws -> Int {
    guard let number = Int(value), number >= 0 else { throw Failure("\(name) needs a number") }
    return number
  }
}

/// Why a phase can not go on.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
