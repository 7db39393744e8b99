import Ledger

@testable import Interchange

/// Random numbers that come again with the same seed (SplitMix64), so that a failure can be repeated.
struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// Bytes in memory, given out in pieces of the sizes that `nextSize` says.
final class MemoryBytes: ByteSource {
    let totalBytes: Int?
    private var rest: ArraySlice<UInt8>
    private var nextSize: () -> Int

    init(_ bytes: [UInt8], nextSize: @escaping () -> Int = { .max }) {
        rest = bytes[...]
        totalBytes = bytes.count
        self.nextSize = nextSize
    }

    convenience init(_ text: String) { self.init(Array(text.utf8)) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImportError) -> Int {
        let piece = rest.prefix(max(1, min(nextSize(), buffer.count)))
        buffer.copyBytes(from: piece)
        rest = rest.dropFirst(piece.count)
        return piece.count
    }
}

/// A row as a test compares it.
struct Row: Hashable {
    var line: Int
    var fields: [String]
    var defect: CSVRow.Defect?
}

/// What reading the whole of a source gives.
struct Reading: Hashable {
    var rows: [Row] = []
    var error: ImportError?

    init(
        _ source: any ByteSource, bounds: CSVRowBuilder.Bounds = .init(), chunkSize: Int = 65_536
    ) {
        do throws(ImportError) {
            var reader = try CSVReader(source, bounds: bounds, chunkSize: chunkSize)
            while try reader.next() {
                let row = reader.row
                rows.append(
                    Row(line: row.start.line, fields: row.fields.indices.map(row.text), defect: row.defect))
            }
        } catch {
            self.error = error
        }
    }

    init(_ text: String) { self.init(MemoryBytes(text)) }

    init(_ bytes: [UInt8]) { self.init(MemoryBytes(bytes)) }

    var fields: [[String]] { rows.map(\.fields) }
}

/// The items of a file, and the error that ended it.
struct ImportReading {
    var items: [ImportFile.Item] = []
    var error: ImportError?
    var ignoredColumns: [String] = []

    init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    init(bytes: [UInt8]) {
        do throws(ImportError) {
            var file = try ImportFile(MemoryBytes(bytes))
            ignoredColumns = file.ignoredColumns
            while let item = try file.next() { items.append(item) }
        } catch {
            self.error = error
        }
    }

    var rows: [ImportRow] {
        items.compactMap { if case .row(let row) = $0 { row } else { nil } }
    }

    var problems: [ImportProblem] {
        items.compactMap { if case .problem(let problem) = $0 { problem } else { nil } }
    }
}
