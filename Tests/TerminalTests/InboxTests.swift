import Testing

@testable import Terminal

@Suite("Inbox")
struct InboxTests {
    @Test func handsOutMessagesInTheOrderInWhichTheyCame() throws {
        let inbox = try Inbox<Int>()
        for number in 0..<5 { inbox.send(number) }
        #expect(inbox.take() == [0, 1, 2, 3, 4])
        #expect(inbox.take().isEmpty)
    }

    @Test func refusesOffersWhileTooManyWait() throws {
        let inbox = try Inbox<Int>(bound: 2)
        #expect(inbox.offer(1))
        #expect(inbox.offer(2))
        #expect(!inbox.offer(3))
        inbox.send(4)
        #expect(inbox.take() == [1, 2, 4])
        #expect(inbox.offer(5))
    }
}
