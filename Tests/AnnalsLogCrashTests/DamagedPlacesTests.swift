import AnnalsLog
import AnnalsTesting
import Testing

@Suite struct DamagedPlacesTests {
  @Test func damageBelowTheWatermarkIsCorruptionAndNoTornTail() throws {
    try DamagedPlaces.checkDamageBelowTheWatermark()
  }

  @Test func aFrameInTheWrongPlaceDoesNotVerify() throws {
    try DamagedPlaces.checkAFrameInTheWrongPlace()
  }

  @Test func framesBehindALostBeginningDoNotComeBack() throws {
    try DamagedPlaces.checkALostBeginning()
  }

  @Test func aDamagedFrameHeaderCostsItsFrame() throws {
    try DamagedStructures.checkFrameHeaders()
  }

  @Test func aHostileLengthBehindTheEndIsATornTail() throws {
    try DamagedStructures.checkALengthBehindTheEnd()
  }

  @Test func aStaleFooterIsNotBelieved() throws {
    try DamagedStructures.checkAStaleFooter()
  }

  @Test func aSecondWriterIsRefused() throws {
    try DamagedStructures.checkASecondWriter()
  }

  @Test func noBlockClaimsMoreThanItCanHold() throws {
    try DamagedStructures.checkExpansion()
  }

  @Test func aWriteRefusedForLackOfRoomLeavesNothing() throws {
    try DamagedPlaces.checkARefusedWrite()
  }
}
