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

// The peers' harness measures the store of snapshots, which is not public: it counts as part of the
// package, whose name SwiftPM takes from its directory's.
let annalsName = Context.packageDirectory.split(separator: "/").dropLast().last ?? "annals"
let annalsPackageName = String(
  annalsName.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
)

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
    ),
    .executableTarget(
      name: "AnnalsPeer",
      dependencies: [.product(name: "AnnalsLog", package: "Annals")],
      // Without it SwiftPM would say last that the package is this one.
      packageAccess: false,
      swiftSettings: settings + [.unsafeFlags(["-package-name", annalsPackageName])]
    ),
  ]
)
