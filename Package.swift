// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "bursar",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .systemLibrary(name: "CLibPQ", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .target(name: "Ledger", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .target(name: "Postgres", dependencies: ["CLibPQ"]),
        .target(name: "LedgerStore", dependencies: ["Ledger", "Postgres"]),
        .target(
            name: "LedgerService",
            dependencies: ["Ledger", "LedgerStore", .product(name: "Logging", package: "swift-log")]),
        .target(
            name: "TestSupport",
            dependencies: [
                "Ledger", "Postgres", "LedgerStore", "LedgerService",
                .product(name: "Logging", package: "swift-log"),
            ],
            path: "Tests/TestSupport"),
        .testTarget(name: "LedgerStoreTests", dependencies: ["LedgerStore", "LedgerService", "TestSupport"]),
        .testTarget(
            name: "LedgerServiceTests",
            dependencies: ["LedgerService", "TestSupport", .product(name: "Logging", package: "swift-log")]),
    ],
    swiftLanguageModes: [.v6]
)
