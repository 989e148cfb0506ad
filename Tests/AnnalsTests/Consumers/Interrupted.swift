import Annals
import AnnalsExamples
import Synchronization

/// A projection that has something happen while its kept state is taken up, or an event folded.
struct Interrupted: Projection {
  static let name = "interrupted"
  // What happens, by the number of the projection; once.
  static let atDecoding = Mutex<[Int: @Sendable () -> Void]>([:])
  static let atFolding = Mutex<[Int: @Sendable () -> Void]>([:])
  var number: Int
  var owners: [String] = []

  init(number: Int) {
    self.number = number
  }

  private enum CodingKeys: CodingKey { case number, owners }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let number = try container.decode(Int.self, forKey: .number)
    self.number = number
    owners = try container.decode([String].self, forKey: .owners)
    Self.atDecoding.withLock { $0.removeValue(forKey: number) }?()
  }

  mutating func apply(_ event: AccountEvent, _ record: borrowing EventView) {
    Self.atFolding.withLock { $0.removeValue(forKey: number) }?()
    if case .opened(let owner, _) = event { owners.append(owner) }
  }
}
