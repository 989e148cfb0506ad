@_spi(Fuzzing) internal import AnnalsTesting
internal import Glibc

/// What is fuzzed in this process.
enum Fuzzed {
  /// The target that `FUZZ_TARGET` names.
  static let target: FuzzTarget = {
    let name = variable("FUZZ_TARGET") ?? ""
    guard let target = FuzzTarget(rawValue: name) else {
      let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ")
      preconditionFailure("FUZZ_TARGET is none of \(names)")
    }
    return target
  }()

  /// Puts what to begin with into the directory that `FUZZ_SEEDS` names.
  static func writeSeeds() {
    guard let folder = variable("FUZZ_SEEDS"), !folder.isEmpty else { return }
    for (index, seed) in target.seeds.enumerated() {
      guard let file = unsafe fopen("\(folder)/seed-\(index)", "wb") else { continue }
      unsafe fwrite(seed, 1, seed.count, file)
      unsafe fclose(file)
    }
  }

  private static func variable(_ name: String) -> String? {
    unsafe getenv(name).map { unsafe String(cString: $0) }
  }
}

/// What libFuzzer calls before the first input.
@_cdecl("LLVMFuzzerInitialize")
public func prepare(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutableRawPointer
) -> CInt {
  Fuzzed.writeSeeds()
  return 0
}

/// What libFuzzer calls with each input.
@_cdecl("LLVMFuzzerTestOneInput")
public func feed(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  Fuzzed.target.run(unsafe [UInt8](UnsafeBufferPointer(start: data, count: count)))
  return 0
}

/// libFuzzer's own mutations.
@_silgen_name("LLVMFuzzerMutate")
private func mutate(_ data: UnsafeMutablePointer<UInt8>, _ count: Int, _ countMax: Int) -> Int

/// Mutates, and mends the checksums of seven of eight inputs: what stands behind them is reached.
@_cdecl("LLVMFuzzerCustomMutator")
public func mutateAndMend(
  _ data: UnsafeMutablePointer<UInt8>,
  _ count: Int,
  _ countMax: Int,
  _ seed: CUnsignedInt
) -> Int {
  let changed = unsafe mutate(data, count, countMax)
  guard seed % 8 != 0 else { return changed }
  var bytes = unsafe [UInt8](UnsafeBufferPointer(start: data, count: changed))
  Fuzzed.target.mend(&bytes)
  for index in bytes.indices { unsafe data[index] = bytes[index] }
  return bytes.count
}
