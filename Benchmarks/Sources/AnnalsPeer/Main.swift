import Foundation

/// The command `AnnalsPeer`: runs one phase of the event-store workload on Annals and prints a JSON
/// line, with the arguments and the keys of `peers/main.cpp`, which does so for the other peers.
@main
enum Main {
  static func main() {
    do {
      let arguments = try PeerArguments(CommandLine.arguments)
      let bench = Bench(arguments)
      switch arguments.phase {
      case "digest": bench.digest()
      case "check": try bench.check()
      case "append": try bench.append()
      case "durable": try bench.durable()
      case "open": try bench.openAgain()
      case "kill9": try bench.kill9()
      case "appender": try bench.appendUntilKilled()
      case "load": try bench.load()
      case "replay": try bench.replay()
      case "snapshot": try bench.snapshots()
      case "concurrent": try bench.concurrent()
      default: throw Failure("unknown phase \(arguments.phase)")
      }
    } catch {
      FileHandle.standardError.write(Data("AnnalsPeer: \(error)\n".utf8))
      exit(1)
    }
  }
}
