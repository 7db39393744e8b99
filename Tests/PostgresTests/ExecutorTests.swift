import Synchronization
import Testing

@testable import Postgres

@Suite struct ExecutorTests {
    /// Otherwise each call would be a job of its own, behind all that wait.
    @Test func aCallThatWaitsForNothingLetsNobodyInBetween() async {
        let steps = Steps()
        await withTaskExecutorPreference(Connection.taskExecutor) {
            let other = Task(executorPreference: Connection.taskExecutor) { steps.note("other") }
            await steps.noteLater("first")
            await steps.noteLater("second")
            await other.value
        }
        #expect(steps.all == ["first", "second", "other"])
    }

    @Test func aTaskThatPrefersItRunsOnTheThreadOfTheConnections() async {
        await withTaskExecutorPreference(Connection.taskExecutor) {
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
            await Task.yield()
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
        }
        #expect(EventLoop.shared.isIsolatingCurrentContext() == false)
    }
}

private final class Steps: Sendable {
    private let steps = Mutex<[String]>([])

    var all: [String] { steps.withLock { $0 } }

    func note(_ step: String) { steps.withLock { $0.append(step) } }

    /// A call that could wait, and does not.
    func noteLater(_ step: String) async { note(step) }
}
