@_spi(Fuzzing) internal import AnnalsTesting
internal import Glibc

/// What is fuzzed in this process.
enum Fuzzed {
  // One thread runs all of it: chosen once, before libFuzzer begins.
  nonisolated(unsafe) static var target = FuzzTarget.frame

  static var names: String { FuzzTarget.allCases.map(\.rawValue).joined(separator: "|") }

  /// Chooses the target; false if there is none of that name.
  static func choose(_ name: String) -> Bool {
    guard let found = FuzzTarget(rawValue: name) else { return false }
    unsafe target = found
    return true
  }

  /// Puts what to begin with into a corpus.
  static func writeSeeds(into folder: String) {
    for (index, seed) in unsafe target.seeds.enumerated() {
      guard let file = unsafe fopen("\(folder)/seed-\(index)", "wbx") else { continue }
      unsafe fwrite(seed, 1, seed.count, file)
      unsafe fclose(file)
    }
  }
}

@_cdecl("LLVMFuzzerTestOneInput")
public func feed(_ data: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  unsafe Fuzzed.target.run([UInt8](UnsafeBufferPointer(start: data, count: count)))
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
  unsafe Fuzzed.target.mend(&bytes)
  for index in bytes.indices { unsafe data[index] = bytes[index] }
  return bytes.count
}
