import ArgumentParser
import Glibc

/// Whether the machine's processors may sleep while something is measured.
///
/// An idle processor sleeps, and takes time to wake up: some microseconds, and tens of them where it is a virtual
/// machine's that gives up its turn. Who posts one operation after the other waits for that several times in each.
struct Wakefulness: ParsableArguments {
    @Flag(help: "Keeps the processors from sleeping, for everybody who is measured; takes root.")
    var awake = false

    /// Linux's request of power management (Documentation/power/pm_qos_interface.rst): no processor may take longer to
    /// wake up than what is written to this, as long as it is open.
    private static let request = "/dev/cpu_dma_latency"

    func hold<Result>(during measure: () async throws -> Result) async throws -> Result {
        guard awake else { return try await measure() }
        let descriptor = open(Self.request, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure }
        defer { close(descriptor) }
        var microseconds: Int32 = 0
        guard write(descriptor, &microseconds, MemoryLayout<Int32>.size) == MemoryLayout<Int32>.size else {
            throw Self.failure
        }
        return try await measure()
    }

    private static var failure: Problem {
        Problem(
            "the processors cannot be kept awake (\(request): \(String(cString: strerror(errno)))); "
                + "run it as root, or without --awake")
    }
}
