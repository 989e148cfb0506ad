// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .treatAllWarnings(as: .error),
]

// A package of its own: whoever uses Annals neither builds nor fetches what only measures it.
let package = Package(
  name: "AnnalsBenchmarks",
  dependencies: [
    // The name keeps the identity independent of the directory's.
    .package(name: "Annals", path: "..")
  ],
  targets: [
    .executableTarget(
      name: "Figures",
      dependencies: [
        .product(name: "Annals", package: "Annals"),
        .product(name: "AnnalsLog", package: "Annals"),
      ],
      swiftSettings: settings
    )
  ]
)
