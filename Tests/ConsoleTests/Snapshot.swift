import Glibc
import Testing

/// Compares a screen with the one that was kept for the test, `Snapshots/<name>.txt`. With
/// `BURSAR_RECORD_SNAPSHOTS=1` in the environment it is kept anew instead.
func expectSnapshot(
    _ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    expectFile(text + "\n", snapshotFolder + "/\(name).txt", sourceLocation: sourceLocation)
}

/// Compares a text with a file of the project; with `BURSAR_RECORD_SNAPSHOTS=1` the file is written instead.
func expectFile(_ text: String, _ path: String, sourceLocation: SourceLocation = #_sourceLocation) {
    if getenv("BURSAR_RECORD_SNAPSHOTS") != nil {
        write(text, to: path, sourceLocation)
        return
    }
    guard let kept = read(path) else {
        Issue.record(
            "there is no snapshot \(path); record it with BURSAR_RECORD_SNAPSHOTS=1",
            sourceLocation: sourceLocation)
        return
    }
    guard kept != text else { return }
    let old = kept.split(separator: "\n", omittingEmptySubsequences: false)
    let new = text.split(separator: "\n", omittingEmptySubsequences: false)
    let differences = (0..<max(old.count - 1, new.count)).compactMap { row -> String? in
        let before = row < old.count ? old[row] : ""
        let after = row < new.count ? new[row] : ""
        return before == after ? nil : "row \(row)\n  kept \(before)\n  now  \(after)"
    }
    Issue.record(
        "the screen is not as in \(path):\n\(differences.joined(separator: "\n"))",
        sourceLocation: sourceLocation)
}

private let snapshotFolder = projectFolder + "/Tests/ConsoleTests/Snapshots"

let projectFolder = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

private func read(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return String(decoding: bytes, as: UTF8.self) }
        bytes += buffer.prefix(count)
    }
}

private func write(_ text: String, to path: String, _ sourceLocation: SourceLocation) {
    guard let file = fopen(path, "w") else {
        Issue.record("\(path) could not be written", sourceLocation: sourceLocation)
        return
    }
    defer { fclose(file) }
    let bytes = Array(text.utf8)
    fwrite(bytes, 1, bytes.count, file)
}
