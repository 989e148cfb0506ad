import AnnalsTesting

/// How much the crash suites do, and where their random numbers come from.
enum CrashBudget {
  /// The states of each story; `ANNALS_CRASH_STATES` raises it.
  static let states = Proof.share(of: Proof.number("ANNALS_CRASH_STATES") ?? 120)
  /// The seed of all explorations; `ANNALS_SEED` changes it.
  static let seed = Proof.seed

  /// Options that visit about `states` states.
  static func options(states: Int = states) -> CrashOptions {
    CrashOptions(about: states, seed: seed)
  }

  /// Prints one line of a suite's summary.
  static func report(_ suite: String, _ facts: String) {
    print("crash states: \(suite): \(facts), seed \(seed)")
  }
}
