import Testing

@testable import FaultProxy

@Suite struct FramerTests {
    /// The messages that come out when the bytes come in pieces of the sizes that `size` says.
    private func split(
        _ bytes: [UInt8], isTyped: Bool = true, size: () -> Int
    ) throws(Framer.Defect) -> [[UInt8]] {
        var framer = Framer(isTyped: isTyped)
        var messages: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            framer.append(Array(rest.prefix(size())))
            rest = rest.dropFirst(size())
            while let frame = try framer.next() { messages.append(Array(framer.storage[frame.range])) }
        }
        return messages
    }

    @Test(arguments: UInt64(1)...50)
    func findsTheSameMessagesHoweverTheBytesAreSplit(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let messages = (0..<Int.random(in: 1...40, using: &generator)).map { _ in
            let count = Int.random(in: 0...300, using: &generator)
            let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            return Message.make("D", body)
        }
        let bytes = messages.flatMap { $0 }
        for _ in 0..<5 {
            var framer = Framer(isTyped: true)
            var found: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...(Bool.random(using: &generator) ? 7 : 500), using: &generator)
                framer.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
                while let frame = try framer.next() {
                    #expect(frame.type == UInt8(ascii: "D"))
                    found.append(Array(framer.storage[frame.range]))
                }
            }
            #expect(found == messages)
            #expect(framer.pending == 0)
        }
    }

    @Test func waitsForTheLastByte() throws {
        let message = Message.query("SELECT 1")
        var framer = Framer(isTyped: true)
        framer.append(Array(message.dropLast()))
        #expect(try framer.next() == nil)
        framer.append([0])
        let frame = try #require(try framer.next())
        #expect(Array(framer.storage[frame.range]) == message)
        #expect(try framer.next() == nil)
    }

    @Test func handsAMessageOutAgainThatWasPutBack() throws {
        var framer = Framer(isTyped: true)
        framer.append(Message.query("SELECT 1") + Message.query("SELECT 2"))
        let first = try #require(try framer.next())
        framer.putBack(first)
        #expect(try framer.next() == first)
        #expect(try framer.next() != nil)
    }

    @Test(arguments: [0, 3, -1, Int32.min, Int32.max, Int32(64 << 20) + 1])
    func refusesALengthThatCannotBe(length: Int32) {
        var bytes: [UInt8] = [UInt8(ascii: "Q")]
        Message.append(length, to: &bytes)
        #expect(throws: Framer.Defect.length(Int(length))) { try split(bytes) { 1 } }
    }

    @Test func refusesAStartupPacketAboveTheServersOwnLimit() {
        var bytes: [UInt8] = []
        Message.append(Int32(10_001), to: &bytes)
        #expect(throws: Framer.Defect.length(10_001)) { try split(bytes, isTyped: false) { 4 } }
    }

    @Test(arguments: UInt64(1)...200)
    func neverTrapsOnRandomBytes(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        let bytes = (0..<400).map { _ in UInt8.random(in: 0...(seed % 2 == 0 ? 255 : 8), using: &generator) }
        for isTyped in [true, false] {
            _ = try? split(bytes, isTyped: isTyped) { 13 }
        }
        _ = OpeningPacket(bytes[...])
        _ = Message.dataRow(bytes[...], rewriting: [ColumnRewrite(column: 0, text: "x")])
        _ = Message.parameterStatus(bytes[...], values: ["a": "b"])
        var book = StatementBook()
        book.parsed(bytes[...])
        book.bound(bytes[...])
        book.closed(bytes[...])
        _ = book.executed(bytes[...])
        var queue = AnswerQueue()
        for byte in bytes { _ = queue.receive(byte) }
        #expect(queue.count == 0)
    }
}
