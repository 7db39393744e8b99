// swift-tools-version: 6.1
import PackageDescription

let package = Package(
    name: "bursar",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")
    ],
    targets: [
        .target(name: "Ledger", dependencies: [.product(name: "Crypto", package: "swift-crypto")]),
        .testTarget(name: "LedgerTests", dependencies: ["Ledger"]),
    ],
    swiftLanguageModes: [.v6]
)
