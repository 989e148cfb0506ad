internal import ArgumentParser

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The way into the command and out of it: every ending has its code and at most one line.
@main
package enum Main {
  /// Runs the command line of the process.
  package static func main() {
    Descriptor.prepareStandard()
    exit(run(Array(CommandLine.arguments.dropFirst()), StandardStreams()).rawValue)
  }

  /// Runs a command line and tells how it ended.
  package static func run(_ arguments: [String], _ streams: StandardStreams) -> ExitCode {
    do {
      var command = try AnnalsCommand.parseAsRoot(arguments)
      if let verb = command as? any Verb { try verb.run(streams) } else { try command.run() }
      try streams.output.flush()
      return .done
    } catch {
      let failure = failure(for: error, streams)
      // What was done before is put out first; that it cannot be is no news after the error.
      try? streams.output.flush()
      return end(with: failure, streams)
    }
  }

  /// Tells an error of the work, or of the command line itself, as a failure.
  private static func failure(for error: any Error, _ streams: StandardStreams) -> CommandFailure {
    let parserCode = AnnalsCommand.exitCode(for: error)
    guard parserCode.isSuccess || parserCode == .validationFailure else {
      return CommandFailure(error, while: .reading)
    }
    // Help and usage have several lines, which are the parser's own.
    do {
      let stream = parserCode.isSuccess ? streams.output : streams.error
      try stream.writeLine(AnnalsCommand.fullMessage(for: error))
      try stream.flush()
      return CommandFailure(parserCode.isSuccess ? .done : .usage, nil)
    } catch {
      return CommandFailure(error, while: .reading)
    }
  }

  private static func end(with failure: CommandFailure, _ streams: StandardStreams) -> ExitCode {
    if let message = failure.message { streams.note("annals: \(message)") }
    return failure.code
  }
}
