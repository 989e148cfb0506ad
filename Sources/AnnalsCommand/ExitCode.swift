internal import Annals
package import AnnalsLog

/// How the command ends, as the shell sees it.
package enum ExitCode: Int32, Sendable {
  /// Done; also when the reader of a pipe has enough.
  case done = 0
  /// A check found problems, a reading verb met corruption, or retention or a conflict refused.
  case problems = 1
  /// The command line makes no sense.
  case usage = 64
  /// The input is not what it should be, or a newer version wrote the store.
  case badData = 65
  /// There is no such store or file.
  case notFound = 66
  /// Another process writes to the store.
  case locked = 69
  /// Something stands where a store should be created.
  case cannotCreate = 73
  /// Reading or writing failed; the disk is full.
  case inputOutput = 74
  /// The right to do it is missing.
  case noPermission = 77
}

/// What a verb was about when it failed; the same fact can mean different things.
package enum Purpose: Sendable {
  /// To use a store or file that is there.
  case reading
  /// To make a store where none is.
  case creating
}

/// Why the command ends before its work is done: the code, and one line for a person.
package struct CommandFailure: Error, Hashable, Sendable {
  /// The code to end with.
  package let code: ExitCode
  /// What is said on standard error; nil to end without a word.
  package let message: String?

  /// Creates a failure from its parts.
  package init(_ code: ExitCode, _ message: String?) {
    self.code = code
    self.message = message
  }

  /// Says what the log refused.
  package init(_ error: LogError, while purpose: Purpose) {
    self.init(error.exitCode(while: purpose), error.sentence)
  }

  /// Says what the system refused; a closed pipe is nobody's failure.
  package init(_ error: SystemError, while purpose: Purpose) {
    guard !error.isClosedPipe else { self = CommandFailure(.done, nil); return }
    self.init(error.exitCode(while: purpose), "\(error)")
  }

  /// Says which line was not an event.
  package init(_ error: EventLineError, file: String, line: Int) {
    self.init(.badData, "\(file), line \(line.grouped): \(error)")
  }

  /// Says why the input could not be read.
  package init(_ error: LineReaderError) {
    switch error {
    case .system(let error): self.init(error, while: .reading)
    case .lineTooLong(let file, let line, let bytesMax):
      let limit = ByteCount(bytesMax)
      self.init(.badData, "\(file), line \(line.grouped): the line is longer than \(limit)")
    }
  }

  /// Says what any error says, by the most exact of the ways above.
  package init(_ error: any Error, while purpose: Purpose) {
    switch error {
    case let failure as CommandFailure: self = failure
    case let error as LogError: self.init(error, while: purpose)
    case StoreError.log(let error): self.init(error, while: purpose)
    case let error as SystemError: self.init(error, while: purpose)
    case let error as LineReaderError: self.init(error)
    default: self.init(.inputOutput, "\(error)")
    }
  }
}

extension SystemError {
  /// The code for a failed call.
  package func exitCode(while purpose: Purpose) -> ExitCode {
    if isPermission { return .noPermission }
    if isDiskFull { return .inputOutput }
    switch purpose {
    case .reading: return isNoSuchFile ? .notFound : .inputOutput
    case .creating: return isNoSuchFile || isAlreadyThere ? .cannotCreate : .inputOutput
    }
  }
}

extension LogError {
  /// The code for what the log refused.
  package func exitCode(while purpose: Purpose) -> ExitCode {
    switch self {
    case .system(let error): error.exitCode(while: purpose)
    case .diskFull, .spaceNeeded, .outcomeUnknown, .writerPoisoned, .closed: .inputOutput
    case .corrupt, .truncatedFile, .missingFile: .problems
    case .versionConflict, .conditionFailed, .keyReused, .refusedByRetention, .writtenEventsLost:
      .problems
    case .unsupportedVersion, .limitExceeded, .invalidName, .positionBeyondHead: .badData
    case .locked: .locked
    case .backupMismatch: .cannotCreate
    case .removedSince: .problems
    case .notAStore, .occupied: purpose == .creating ? .cannotCreate : .notFound
    case .readOnly: .noPermission
    }
  }
}
