import Glibc
import NIOCore

// Tests start servers and programs, which would inherit the proxy's sockets: swift-nio opens them without
// close-on-exec. As long as a child holds a copy, closing the proxy's own does not reach the other side.
extension Channel {
    /// Keeps the socket from programs that are started from now on. To be called from the channel's
    /// initializer.
    func keepToItself() {
        withSocket { _ = fcntl($0, F_SETFD, FD_CLOEXEC) }
    }

    /// Closes the connection for both sides at once, also when a program that was started in the moment
    /// between the opening of the socket and ``keepToItself()`` holds a copy of it. To be called on the event
    /// loop.
    func hangUp() {
        withSocket { _ = shutdown($0, Int32(SHUT_RDWR)) }
        close(promise: nil)
    }

    private func withSocket(_ body: (CInt) -> Void) {
        // What fails here is a channel that is closed already.
        try? pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self, body)
    }
}
