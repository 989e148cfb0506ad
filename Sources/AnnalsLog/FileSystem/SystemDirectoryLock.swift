internal import CAnnals

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#endif

/// The writer's lock, or the moment in which a reader saw that nobody has it.
///
/// 1. `flock` excludes other processes; the kernel frees it when its holder dies, so no lock is
///    ever stale, and what the file contains means nothing.
/// 2. The registry excludes a second holder in this process. Where the file system imitates `flock`
///    by record locks (NFS), a second open of the file would otherwise succeed, and closing it
///    would even free the first: so the registry is asked before anything is opened.
/// 3. A forked child inherits the descriptor and with it the kernel's lock. The process generation
///    makes `isHeld` false there. Until the child has ended or has started another program, its
///    copy keeps the lock from others when the parent dies without releasing it.
package final class SystemDirectoryLock: DirectoryLock {
  private let directory: SystemDirectory
  private let name: String
  private let held: Held?

  /// What an exclusive holder has.
  private struct Held {
    let descriptor: CInt
    let identity: FileIdentity
    let generation: UInt32
  }

  /// How often a writer tries again that runs into a reader's look, 2 s at most in all.
  ///
  /// Readers probe with a shared lock that they give back at once, unless they are suspended in
  /// that moment. Another writer is told apart from readers: what it has refuses at once.
  private static let attemptsMax = 2000
  private static let pauseMicroseconds: UInt32 = 1000

  private init(_ directory: SystemDirectory, _ name: String, _ held: Held?) {
    self.directory = directory
    self.name = name
    self.held = held
  }

  deinit {
    guard let held else { return }
    // In a forked child the lock is the parent's, and `LOCK_UN` would free it there too.
    guard annals_process_generation() == held.generation else {
      _ = close(held.descriptor)
      return
    }
    LockRegistry.shared.release(held.identity) {
      // Not only closed: a forked child may share it.
      _ = flock(held.descriptor, LOCK_UN)
      _ = close(held.descriptor)
    }
  }

  package var isHeldByProcess: Bool {
    guard let held else { return false }
    return annals_process_generation() == held.generation
  }

  package func isHeld() -> Bool {
    guard let held, annals_process_generation() == held.generation else { return false }
    // A name that cannot be looked up protects nothing.
    return (try? directory.identity(of: name)) == held.identity
  }

  /// Takes the lock for a writer; nil if another one has it.
  static func acquire(
    _ name: String,
    in directory: SystemDirectory
  ) throws(LogError) -> SystemDirectoryLock? {
    try LockRegistry.shared.whileExcluded { (registry) throws(LogError) -> SystemDirectoryLock? in
      if let identity = try directory.identity(of: name), registry.contains(identity) { return nil }
      let opened = try directory.openRegular(name, O_RDWR | O_CREAT)
      guard try lockExclusively(opened, name: directory.checked(name, .lock)) else { return nil }
      let identity = FileIdentity(try opened.status(label: name))
      // Somebody replaced the file between open and lock; whoever locked the new one is the writer.
      guard try directory.identity(of: name) == identity else { return nil }
      registry.insert(identity)
      let held = Held(
        descriptor: opened.surrender(),
        identity: identity,
        generation: annals_process_generation()
      )
      return SystemDirectoryLock(directory, name, held)
    }
  }

  /// Looks whether a writer has the lock: nil if so.
  ///
  /// What it returns holds nothing.
  static func probe(
    _ name: String,
    in directory: SystemDirectory
  ) throws(LogError) -> SystemDirectoryLock? {
    try LockRegistry.shared.whileExcluded { (registry) throws(LogError) -> SystemDirectoryLock? in
      // Where there is no file there is no writer; a reader may lack the right to make one.
      guard let identity = try directory.identity(of: name) else {
        return SystemDirectoryLock(directory, name, nil)
      }
      if registry.contains(identity) { return nil }
      let opened = try directory.openRegular(name, O_RDONLY)
      guard try lock(opened, LOCK_SH, name: directory.checked(name, .lock)) else { return nil }
      return SystemDirectoryLock(directory, name, nil)
    }
  }

  private static func lockExclusively(
    _ descriptor: borrowing FileDescriptor,
    name: String
  ) throws(LogError) -> Bool {
    for _ in 0..<attemptsMax {
      if try lock(descriptor, LOCK_EX, name: name) { return true }
      // A shared lock goes with readers' only: who refuses it is a writer.
      guard try lock(descriptor, LOCK_SH, name: name) else { return false }
      _ = flock(descriptor.rawValue, LOCK_UN)
      _ = usleep(pauseMicroseconds)
    }
    return try lock(descriptor, LOCK_EX, name: name)
  }

  /// False if another open file has a lock that this one does not go with.
  private static func lock(
    _ descriptor: borrowing FileDescriptor,
    _ kind: CInt,
    name: String
  ) throws(LogError) -> Bool {
    let rawValue = descriptor.rawValue
    do throws(LogError) {
      _ = try retryingInterrupts(.lock, name) { flock(rawValue, kind | LOCK_NB) }
      return true
    } catch {
      guard case .system(let reason) = error, reason.errno == EWOULDBLOCK else { throw error }
      return false
    }
  }
}
