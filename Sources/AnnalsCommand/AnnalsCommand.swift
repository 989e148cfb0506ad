internal import ArgumentParser

/// The root of the command `annals`.
@main
struct AnnalsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "annals")
}
