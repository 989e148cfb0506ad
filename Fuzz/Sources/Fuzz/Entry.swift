// SwiftPM gives the `main` of an executable this name. Which `main` is linked, this one or
// libFuzzer's own, depends on the linker: both do the same.

/// libFuzzer itself, with its arguments and what it is to feed.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ argumentCount: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ feed: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

/// Runs libFuzzer over what `FUZZ_TARGET` names.
@_cdecl("Fuzz_main")
public func entry(
  _ count: CInt,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
) -> CInt {
  var count = count
  var arguments = unsafe arguments
  return unsafe runDriver(&count, &arguments, feed)
}
