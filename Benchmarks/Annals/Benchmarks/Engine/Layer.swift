import Annals
import AnnalsLog
import Benchmark
import Foundation

/// The layer of meaning: codecs, and projections over everything.
func layer() {
  let event = Deposited(cents: 12_345, source: "salary")
  for (name, codec) in [("JSON", .json), ("CBOR", .cbor)] as [(String, any EventCodec)] {
    var payload: [UInt8] = []
    Benchmark("codec-\(name)-encode") { benchmark in
      try benchmark.counted {
        for _ in benchmark.scaledIterations {
          payload.removeAll(keepingCapacity: true)
          try codec.encode(event, into: &payload)
          blackHole(payload.count)
        }
      }
    }
    var made: [UInt8] = []
    do { try codec.encode(event, into: &made) } catch { fail(error) }
    let bytes = made
    Benchmark("codec-\(name)-decode") { benchmark in
      try benchmark.counted {
        for _ in benchmark.scaledIterations {
          blackHole(try codec.decode(Deposited.self, from: bytes.span).cents)
        }
      }
    }
  }
  projection()
}

private func projection() {
  let count = 100_000
  do {
    let store = try EventStore(at: Place.path("projection"))
    let batch = EventBatch()
    for number in 0..<count {
      try batch.add(NewEvent(type: "Deposited", payload: [1, 2, 3]), to: "purse-\(number % 100)")
      if batch.count == 100 {
        try store.log.append(batch, durability: .written)
        batch.removeAll()
      }
    }
    try store.log.sync()
    let running = try store.start(raw: EventCount())
    try running.reached(store.head, within: .seconds(60))
    Benchmark("projection-rebuild-of-100000-events", configuration: .timed) { benchmark in
      benchmark.startMeasurement()
      _ = try await running.rebuild()
      benchmark.stopMeasurement()
      if running.read({ $0.count }) != count { benchmark.error("a rebuild missed events") }
    }
  } catch { fail(error) }
}

private struct Deposited: Codable {
  var cents: Int
  var source: String
}

private struct EventCount: RawProjection {
  static let name = "event-count"
  var count = 0

  mutating func apply(_ record: borrowing EventView) { count += 1 }
}
