import Annals

/// What the snapshot tests fold.
enum LedgerEvent: Event, Equatable {
  case booked(Int)
  case renamed(String)
  case cleared

  static let schema = EventSchema<LedgerEvent>(cases: [
    "booked": "Booked", "renamed": "Renamed", "cleared": "Cleared",
  ])
}

/// A state that depends on the order of its events and on every one of them.
struct Ledger: Aggregate, Codable, Equatable {
  var digest: UInt64 = 1
  var count = 0
  var name: String?
  var last: [Int] = []

  /// Differs in when it is asked, so that snapshots stand at all kinds of places.
  static let snapshots: SnapshotPolicy<Ledger>? =
    .events(4) && .when { $0.digest % 3 != 0 } || .when { $0.digest % 5 == 0 }

  mutating func apply(_ event: LedgerEvent) {
    count += 1
    switch event {
    case .booked(let amount):
      digest = (digest ^ UInt64(bitPattern: Int64(amount))) &* 0x100_0000_01b3 &+ 1
      last.append(amount)
      if last.count > 5 { last.removeFirst() }
    case .renamed(let name):
      for byte in name.utf8 { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
      self.name = name
    case .cleared:
      digest &+= 7
      last = []
    }
  }
}

/// The same events, and another shape of state.
struct OtherLedger: Aggregate, Codable, Equatable {
  var sum = 0

  static let snapshots: SnapshotPolicy<OtherLedger>? = .events(3)

  mutating func apply(_ event: LedgerEvent) {
    if case .booked(let amount) = event { sum &+= amount }
  }
}
