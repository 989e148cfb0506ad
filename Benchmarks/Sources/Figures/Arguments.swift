/// What the command line asks for.
struct Arguments {
  enum Mode {
    case compare
    case growth
    /// A child of `growth`, made to be killed.
    case appender
    /// A child of `growth`: opens the store and measures, in a process that has done nothing else.
    case opener(String)
    case counters
    case codecs
    /// Aggregates and projections beside the bare log.
    case layer
    /// A store of which most is removed.
    case compaction
    /// Subscriptions beside a writer.
    case live
    /// One path in a loop, for a profiler.
    case profile(String)
  }

  var mode = Mode.compare
  var directory: String?
  var payload = 100
  var aggregates = 100_000
  var events = 1_000_000
  var rounds = 7
  var isJSON = false
  private var only: [String] = []

  /// Whether a table begins with its head; a child's goes on with its parent's.
  var hasHead: Bool { if case .opener = mode { false } else { true } }

  /// Whether a group of figures is asked for: all are, unless `--only` names some.
  func isWanted(_ group: String) -> Bool { only.isEmpty || only.contains(group) }

  init(_ words: [String]) throws {
    var rest = words.dropFirst()
    var isFirst = true
    while let word = rest.popFirst() {
      defer { isFirst = false }
      switch word {
      case "growth" where isFirst: mode = .growth
      case "appender" where isFirst: mode = .appender
      case "opener" where isFirst: mode = .opener(try Self.value(word, &rest))
      case "counters" where isFirst: mode = .counters
      case "codecs" where isFirst: mode = .codecs
      case "layer" where isFirst: mode = .layer
      case "compaction" where isFirst: mode = .compaction
      case "live" where isFirst: mode = .live
      case "profile" where isFirst: mode = .profile(try Self.value(word, &rest))
      case "--payload": payload = try Self.number(word, &rest)
      case "--aggregates": aggregates = try Self.number(word, &rest)
      case "--events": events = try Self.number(word, &rest)
      case "--rounds": rounds = try Self.number(word, &rest)
      case "--only": only = try Self.value(word, &rest).split(separator: ",").map(String.init)
      case "--json": isJSON = true
      case _ where !word.hasPrefix("-") && directory == nil: directory = word
      default: throw Failure("unknown argument \(word)")
      }
    }
  }

  private static func value(_ name: String, _ rest: inout ArraySlice<String>) throws -> String {
    guard let value = rest.popFirst() else { throw Failure("\(name) needs a value") }
    return value
  }

  private static func number(_ name: String, _ rest: inout ArraySlice<String>) throws -> Int {
    guard let number = Int(try value(name, &rest)), number > 0 else {
      throw Failure("\(name) needs a number above zero")
    }
    return number
  }
}

/// Why a measurement can not go on.
struct Failure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) {
    self.description = description
  }
}
