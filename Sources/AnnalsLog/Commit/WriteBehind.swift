/// Has the system begin to write what the log has written, on a thread of its own: handing a piece
/// to the disk takes as long as writing several frames.
///
/// Only advice to the system, which a sync rests on in nothing: pieces that come faster than they
/// are handed on become one.
package final class WriteBehind: @unchecked Sendable {
  // Checked how: all variables are touched only under `lock`.
  private let lock = Lock()
  private let wake: Condition
  private var piece: (file: any LogFile, range: Range<Int>)?
  private var isStopping = false
  private var thread: Thread?

  /// Without a thread, which the first piece starts.
  package init() {
    wake = Condition(lock)
  }

  /// Whether there was a piece.
  package var hasThread: Bool { lock.withLock { thread != nil } }

  /// Has `range` of `file` written soon.
  package func start(_ file: any LogFile, _ range: Range<Int>) {
    let isHandedOn = lock.withLock {
      if isStopping { return true }
      if thread == nil { thread = try? Thread(name: "annals-behind") { [self] in run() } }
      if thread == nil { return false }
      if let piece, piece.file === file {
        self.piece = (file, piece.range.lowerBound..<range.upperBound)
      } else {
        // What is left of a segment before this one its sync has written.
        piece = (file, range)
      }
      return true
    }
    // Where there is no thread to be had.
    if !isHandedOn { file.startWriting(range) }
    wake.signal()
  }

  /// Ends the thread; nothing is begun any more.
  package func stop() {
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
