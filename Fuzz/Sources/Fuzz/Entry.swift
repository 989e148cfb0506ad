internal import Glibc

// SwiftPM gives the `main` of an executable this name, and links libFuzzer's beside it.

/// libFuzzer itself, with its arguments and what it is to feed.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ feed: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// `Fuzz TARGET CORPUS [options of libFuzzer]`
@_cdecl("Fuzz_main")
public func entry(
  _ count: CInt,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  guard count >= 3, let name = unsafe arguments[1], let folder = unsafe arguments[2],
    Fuzzed.choose(unsafe String(cString: name))
  else {
    unsafe fputs("usage: Fuzz \(Fuzzed.names) CORPUS [OPTION…]\n", stderr)
    return 64
  }
  Fuzzed.writeSeeds(into: unsafe String(cString: folder))
  // The target's name is not libFuzzer's business.
  unsafe arguments[1] = arguments[0]
  var rest = count - 1
  var pointer = unsafe arguments + 1
  return unsafe runDriver(&rest, &pointer, feed)
}
