import Glibc
import Testing

@testable import bursar_bench

@Suite struct WakefulnessTests {
    private static let request = "/dev/cpu_dma_latency"

    /// Whether this program has the system's request for power management open.
    private static func isHeld() throws -> Bool {
        try Files.list("/proc/self/fd").contains { path in
            var target = [CChar](repeating: 0, count: Int(PATH_MAX))
            let length = readlink(path, &target, target.count)
            return length > 0
                && target[..<length].elementsEqual(Self.request.utf8.lazy.map(CChar.init(bitPattern:)))
        }
    }

    @Test func processorsAreKeptAwakeAsLongAsSomethingIsMeasured() async throws {
        let isHeld = { () async throws -> Bool in try Self.isHeld() }
        #expect(try await !Wakefulness.parse([]).hold(during: isHeld))
        let awake = try Wakefulness.parse(["--awake"])
        if access(Self.request, W_OK) == 0 {
            #expect(try await awake.hold(during: isHeld))
        } else {
            await #expect(throws: Problem.self) { try await awake.hold(during: isHeld) }
        }
        #expect(try !Self.isHeld())
    }
}
