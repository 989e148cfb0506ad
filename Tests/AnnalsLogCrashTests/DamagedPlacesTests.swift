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
}
