/// When the states of an aggregate type are kept as snapshots, and how they are encoded.
///
/// Policies combine: `.events(100) || .foldingTime(.milliseconds(2))`. One state is kept of each
/// aggregate, the newest; two types that fold the same aggregate take turns.
public struct SnapshotPolicy<State: Aggregate>: Sendable {
  package let isDue: @Sendable (Folding, Loaded<State>) -> Bool
  package let encode: @Sendable (State, any EventCodec) throws -> [UInt8]
  package let decode: @Sendable ([UInt8], any EventCodec) throws -> State
  package let fingerprint: UInt64

  private func when(
    _ isDue: @escaping @Sendable (Folding, Loaded<State>) -> Bool
  ) -> SnapshotPolicy {
    SnapshotPolicy(isDue: isDue, encode: encode, decode: decode, fingerprint: fingerprint)
  }

  private init(
    isDue: @escaping @Sendable (Folding, Loaded<State>) -> Bool,
    encode: @escaping @Sendable (State, any EventCodec) throws -> [UInt8],
    decode: @escaping @Sendable ([UInt8], any EventCodec) throws -> State,
    fingerprint: UInt64
  ) {
    self.isDue = isDue
    self.encode = encode
    self.decode = decode
    self.fingerprint = fingerprint
  }

  /// When either is due.
  public static func || (first: SnapshotPolicy, second: SnapshotPolicy) -> SnapshotPolicy {
    first.when { first.isDue($0, $1) || second.isDue($0, $1) }
  }

  /// When both are due.
  public static func && (first: SnapshotPolicy, second: SnapshotPolicy) -> SnapshotPolicy {
    first.when { first.isDue($0, $1) && second.isDue($0, $1) }
  }
}

extension SnapshotPolicy where State: Codable {
  private init(_ isDue: @escaping @Sendable (Folding, Loaded<State>) -> Bool) {
    self.init(
      isDue: isDue,
      encode: { state, codec in
        var bytes: [UInt8] = []
        try codec.encode(state, into: &bytes)
        return bytes
      },
      decode: { bytes, codec in try codec.decode(State.self, from: bytes.span) },
      fingerprint: StateShape.fingerprint(of: State.self)
    )
  }

  /// When so many events stand behind the last snapshot.
  public static func events(_ count: Int) -> SnapshotPolicy {
    precondition(count > 0, "a snapshot stands on at least one event")
    return SnapshotPolicy { _, loaded in
      loaded.version.rawValue - loaded.snapshotVersion.rawValue >= UInt64(count)
    }
  }

  /// When loading had to fold payloads of so many bytes.
  public static func bytes(_ count: Int) -> SnapshotPolicy {
    SnapshotPolicy { folding, _ in folding.byteCount >= count }
  }

  /// When loading spent so long on folding.
  public static func foldingTime(_ duration: Duration) -> SnapshotPolicy {
    let nanoseconds = duration / .nanoseconds(1)
    return SnapshotPolicy { folding, _ in Double(folding.nanoseconds) >= nanoseconds }
  }

  /// When the state says so: once an order has been paid, for instance.
  ///
  /// Asked after every load that folded something and every execution.
  public static func when(_ predicate: @escaping @Sendable (State) -> Bool) -> SnapshotPolicy {
    SnapshotPolicy { _, loaded in predicate(loaded.state) }
  }
}
