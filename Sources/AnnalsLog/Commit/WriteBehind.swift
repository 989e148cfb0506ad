/// Has the system begin to write what the log has written, on a thread of its own: handing a piece
/// to the disk takes as long as writing several frames.
///
/// Only advice to the system, which a sync rests on in nothing: pieces that come faster than they
/// are handed on become one.
final class WriteBehind: @unchecked Sendable {
  // Checked how: all variables are touched only under `lock`.
  private let lock = Lock()
  private let wake: Condition
  private var piece: (file: any LogFile, range: Range<Int>)?
  private var isStopping = false
  private var thread: Thread?

  init() {
    wake = Condition(lock)
  }

  /// Has `range` of `file` written soon.
  func start(_ file: any LogFile, _ range: Range<Int>) {
    lock.withLock {
      if isStopping { return }
      if let piece, piece.file === file {
        self.piece = (file, piece.range.lowerBound..<range.upperBound)
      } else {
        // What is left of a segment before this one its sync has written.
        piece = (file, range)
      }
      if thread == nil { thread = try? Thread(name: "annals-behind") { [self] in run() } }
    }
    wake.signal()
  }

  /// Ends the thread.
  func stop() {
    let thread = lock.withLock {
      isStopping = true
      return self.thread
    }
    wake.signal()
    thread?.join()
  }

  private func run() {
    lock.lock()
    defer { lock.unlock() }
    while !isStopping {
      guard let next = piece else {
        wake.wait()
        continue
      }
      piece = nil
      lock.unlock()
      next.file.startWriting(next.range)
      lock.lock()
    }
  }
}
