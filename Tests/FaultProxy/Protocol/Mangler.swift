/// Spoils messages. The first one is always spoilt, those after it one in four.
struct Mangler {
    private var generator: SeededGenerator
    private var isFirst = true

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func mangle(_ message: ArraySlice<UInt8>) -> [UInt8] {
        var bytes = Array(message)
        let isSpoilt = isFirst || Int.random(in: 0..<4, using: &generator) == 0
        isFirst = false
        guard isSpoilt, bytes.count >= 5 else { return bytes }
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<7, using: &generator) {
        case 0, 1:
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[index] ^= UInt8.random(in: 1...255, using: &generator)
            }
        case 2:
            bytes.removeSubrange(place...)
        case 3:
            let end = min(bytes.count, place + Int.random(in: 1...8, using: &generator))
            bytes.removeSubrange(place..<end)
        case 4:
            let count = Int.random(in: 1...16, using: &generator)
            bytes.insert(
                contentsOf: (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }, at: place)
        case 5:
            bytes += bytes
        default:
            bytes.replaceSubrange(1..<5, with: wrongLength(bytes.count - 1))
        }
        return bytes
    }

    private mutating func wrongLength(_ right: Int) -> [UInt8] {
        let wrong: Int32 =
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: Int32(truncatingIfNeeded: right) &- Int32.random(in: 1...8, using: &generator)
            case 1: Int32(truncatingIfNeeded: right) &+ Int32.random(in: 1...64, using: &generator)
            case 2: Int32.random(in: -8...8, using: &generator)
            default: Int32.random(in: .min ... .max, using: &generator)
            }
        var bytes: [UInt8] = []
        Message.append(wrong, to: &bytes)
        return bytes
    }
}
