package import AnnalsLog

extension LogError {
  /// The error as one line for a person.
  package var sentence: String {
    switch self {
    case .system(let error): "\(error)"
    case .diskFull(let error):
      "no room: \(error); nothing was added, and appends work again once there is space"
    case .spaceNeeded(let bytes, let available):
      "no room: \(ByteCount(bytes)) are needed for a while and \(ByteCount(available)) are free"
    case .corrupt(let corruption): corruption.sentence
    case .truncatedFile(let file, let expected, let actual):
      "corruption in \(file): it has \(ByteCount(actual)) where \(ByteCount(expected)) were"
        + " acknowledged (\(actual) of \(expected) bytes)"
    case .missingFile(let file, let positions):
      "corruption: \(file) is missing\(positions.asLoss)"
    case .unsupportedVersion(let file, let found):
      "\(file) was written by a newer version of Annals"
        + " (format \(found.major), features 0x\(String(found.features, radix: 16)))"
    case .locked(let path): "\(path) is locked: another process writes to it"
    case .notAStore(let path): "there is no store at \(path)"
    case .occupied(let path):
      "\(path) is taken: a store is made where nothing is, or in an empty directory,"
        + " and not inside another store"
    case .readOnly: "the store was opened for reading only"
    case .closed: "the store was closed"
    case .versionConflict(let conflict): conflict.sentence
    case .conditionFailed(let conflict):
      "conflict: a matching event stands at position \(conflict.found),"
        + " after position \(conflict.after)"
    case .keyReused(let first):
      "the key was used before, for other events (from position \(first) on)"
    case .refusedByRetention(let refusal): "\(refusal)"
    case .limitExceeded(let excess):
      "\(excess.limit.words): \(excess.value.grouped) is more than \(excess.maximum.grouped)"
    case .invalidName(let name): "the \(name.subject.rawValue) \(name.reason.words)"
    case .outcomeUnknown(let error):
      "\(error); whether the events are in the store shows when it is opened again"
    case .writerPoisoned(let error):
      "nothing more is written since an earlier failure: \(error)"
    case .backupMismatch(let path, let reason): "\(path) \(reason.words); nothing was changed"
    case .removedSince(let position, let end):
      "a copy cannot end at position \(end): the event at position \(position) was removed by a"
        + " rule that came later; an older backup may have it"
    case .writtenEventsLost(let position):
      "events after position \(position) were never durable and are lost; others may have their"
        + " positions now"
    case .positionBeyondHead(let requested, let head):
      "position \(requested) is beyond the last one, \(head)"
    }
  }
}

extension Corruption {
  fileprivate var sentence: String {
    "corruption in \(file) at byte \(offset): \(kind.words)\(positions.asLoss)"
  }
}

extension Corruption.Kind {
  fileprivate var words: String {
    switch self {
    case .checksum(let stored, let computed):
      "the checksum is \(String(stored, radix: 16)),"
        + " the content's is \(String(computed, radix: 16))"
    case .malformed(let structure): "the \(structure.rawValue) is malformed"
    case .magic: "the file does not begin as its kind of file does"
    case .discontinuity(let expected, let found): "\(found) stands where \(expected) follows"
    case .identity: "the file belongs to another store, or has another's name"
    case .erased: "zeros stand where events were"
    }
  }
}

extension Optional<PositionRange> {
  /// What cannot be read, to be put behind a sentence; nothing where that is not known.
  fileprivate var asLoss: String {
    guard let range = self else { return "" }
    guard range.first != range.last else { return "; position \(range.first) cannot be read" }
    return "; positions \(range.first) to \(range.last) cannot be read"
  }
}

extension VersionConflict {
  fileprivate var sentence: String {
    let demand =
      switch expected {
      case .any: "at any version"
      case .absent: "absent"
      case .exists: "there"
      case .exactly(let version): "at version \(version)"
      }
    return "conflict: \(aggregate) was expected to be \(demand) and is at version \(actual)"
  }
}

extension LimitExceeded.Limit {
  fileprivate var words: String {
    switch self {
    case .payloadBytes: "bytes of an event's data"
    case .appendBytes: "bytes of one append"
    case .appendEvents: "events of one append"
    case .aggregateIDBytes: "bytes of an aggregate's id"
    case .typeBytes: "bytes of a type's name"
    case .tagBytes: "bytes of a tag"
    case .tagCount: "tags of an event"
    case .metadataBytes: "bytes of an event's metadata"
    case .keyBytes: "bytes of a key"
    case .types: "types of event"
    case .positions: "positions of a store"
    case .consumerNameBytes: "bytes of a consumer's name"
    case .consumerStateBytes: "bytes of a consumer's state"
    case .snapshotBytes: "bytes of a snapshot's state"
    case .reasonBytes: "bytes of a reason"
    }
  }
}

extension BackupMismatch {
  fileprivate var words: String {
    switch self {
    case .notABackup: "holds a store that no backup made"
    case .changed: "was opened for writing since the last backup"
    case .anotherStore: "holds a backup of another store"
    case .anotherHistory:
      "holds a backup of another history: one of the two was restored or forked since"
    case .ahead: "holds more than the store does"
    }
  }
}

extension InvalidName.Reason {
  fileprivate var words: String {
    switch self {
    case .empty: "has an empty name"
    case .containsNUL: "has a name with a NUL in it"
    case .notUTF8: "has a name that is not UTF-8"
    }
  }
}
