import Foundation
import Testing

/// Compares a text with the part of a file of the project between `<!-- NAME -->` and `<!-- end of NAME -->`; with
/// `BURSAR_RECORD_SNAPSHOTS=1` in the environment the part is written anew instead.
public func expectPart(
    _ text: String, of path: String, named name: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    let project = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    let path = project.joined(separator: "/") + "/" + path
    guard let file = try? String(contentsOfFile: path, encoding: .utf8),
        let start = file.range(of: "<!-- \(name) -->\n"),
        let end = file.range(of: "\n<!-- end of \(name) -->", range: start.upperBound..<file.endIndex)
    else {
        Issue.record("\(path) has no part “\(name)”", sourceLocation: sourceLocation)
        return
    }
    let part = file[start.upperBound..<end.lowerBound]
    if part == text { return }
    guard ProcessInfo.processInfo.environment["BURSAR_RECORD_SNAPSHOTS"] == nil else {
        let new = file.replacingCharacters(in: start.upperBound..<end.lowerBound, with: text)
        do {
            try new.write(toFile: path, atomically: true, encoding: .utf8)
        } catch {
            Issue.record("\(path) could not be written: \(error)", sourceLocation: sourceLocation)
        }
        return
    }
    Issue.record(
        "\(path) does not say what is; record it with BURSAR_RECORD_SNAPSHOTS=1\nkept:\n\(part)\nnow:\n\(text)",
        sourceLocation: sourceLocation)
}
