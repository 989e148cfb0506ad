// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .treatAllWarnings(as: .error),
]

// A package of its own: it is built with `--sanitize=fuzzer`, which brings a `main` of libFuzzer's
// and counts every branch of the engine.
let package = Package(
  name: "AnnalsFuzz",
  dependencies: [
    // The name keeps the identity independent of the directory's.
    .package(name: "Annals", path: "..")
  ],
  targets: [
    .executableTarget(
      name: "Fuzz",
      dependencies: [.product(name: "AnnalsTesting", package: "Annals")],
      swiftSettings: settings
    )
  ]
)
