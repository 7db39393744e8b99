import Foundation
import NIOCore
import NIOPosix
import Synchronization

/// Stands between PostgreSQL clients and a server, and does to their connections what a script says.
///
/// ```swift
/// let proxy = try await FaultProxy.start(upstream: .unixSocket(directory: "/tmp/pg"))
/// await proxy.setScript(FaultScript(seed: 7, rules: [
///     FaultRule(
///         when: .statement(.nth(3), containing: "INSERT INTO journal"),
///         fault: .cutAfterServer(awaitingAnswer: true))
/// ]))
/// // … clients connect with proxy.connectionString …
/// print(await proxy.journal.summary)
/// await proxy.stop()
/// ```
///
/// It acts on whole messages: see ``Fault``. Nothing is encrypted: a client that asks for it is told that the
/// server cannot. Messages have 64 MiB at the most, and 4,096 connections can be open; a connection that goes
/// beyond is closed, and counted in the journal. Sides that do not read are not written to without end. COPY
/// passes through; after one by the extended protocol, which has two Syncs for one answer, faults may hit
/// beside their mark on that connection.
public final class FaultProxy: Sendable {
    /// The directory of the socket, for `host=`.
    public let directory: String
    /// The port on 127.0.0.1, if it listens there.
    public let tcpPort: Int?

    private struct State {
        var isStopped = false
        /// What is told after the stop.
        var lastJournal = FaultJournal()
    }

    private let group: MultiThreadedEventLoopGroup
    private let loop: any EventLoop
    private let engine: NIOLoopBound<Engine>
    private let listeners: [any Channel]
    private let state = Mutex(State())

    private init(
        directory: String, group: MultiThreadedEventLoopGroup, engine: NIOLoopBound<Engine>,
        listeners: [any Channel]
    ) {
        self.directory = directory
        self.group = group
        self.engine = engine
        self.listeners = listeners
        loop = group.next()
        tcpPort = listeners.compactMap { $0.localAddress?.port }.first
    }

    /// Starts a proxy on a socket in a new directory under /tmp, and, if wanted, on a port of 127.0.0.1 that
    /// the system chooses. The server need not be there: clients then see closed connections.
    ///
    /// It has one thread, which ends with ``stop()``.
    public static func start(
        upstream: ServerAddress, listensOnTCP: Bool = false
    ) async throws(FaultProxyError) -> FaultProxy {
        var template = Array("/tmp/fp.XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw FaultProxyError(description: "no directory in /tmp: \(errno)")
        }
        let directory = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        do {
            let engine = try await loop.submit {
                NIOLoopBound(Engine(upstream: upstream, loop: loop), eventLoop: loop)
            }.get()
            let bootstrap = bootstrap(engine, group)
            let path = ServerAddress.socketPath(directory, port: 5432)
            var listeners = [try await bootstrap.bind(unixDomainSocketPath: path).get()]
            if listensOnTCP { listeners.append(try await bootstrap.bind(host: "127.0.0.1", port: 0).get()) }
            return FaultProxy(directory: directory, group: group, engine: engine, listeners: listeners)
        } catch {
            try? await group.shutdownGracefully()
            try? FileManager.default.removeItem(atPath: directory)
            throw FaultProxyError(description: "the proxy cannot listen: \(error)")
        }
    }

    /// Keyword/value pairs that lead libpq to the proxy.
    public var connectionString: String { "host=\(directory) port=5432" }

    /// The same by way of TCP; nil if the proxy does not listen there.
    public var tcpConnectionString: String? { tcpPort.map { "host=127.0.0.1 port=\($0)" } }

    /// Replaces the script. Counts and numbers begin anew, the journal goes on; faults under way take their
    /// course.
    public func setScript(_ script: FaultScript) async {
        await onLoop { $0.set(script) }
    }

    /// Where connections go from now on; those that stand stay where they are.
    public func setUpstream(_ upstream: ServerAddress) async {
        await onLoop { $0.upstream = upstream }
    }

    /// Does something to all connections now.
    public func apply(_ fault: ImmediateFault) async {
        await onLoop { engine in
            if let kind = fault.kind { engine.rules.journal.note(kind) }
            engine.take(fault)
        }
    }

    /// What was done up to now.
    public var journal: FaultJournal {
        get async {
            let journal = await onLoop { $0.rules.journal }
            return journal ?? state.withLock { $0.lastJournal }
        }
    }

    /// Connections that are open now, on either side.
    public var openConnections: Int {
        get async { await onLoop { $0.openConnections } ?? 0 }
    }

    /// Closes all connections, ends the thread and deletes the directory. The journal can be read on.
    public func stop() async {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        guard isFirst else { return }
        for listener in listeners { try? await listener.close() }
        let engine = engine
        let journal = try? await loop.submit {
            engine.value.stop()
            return engine.value.rules.journal
        }.get()
        if let journal { state.withLock { $0.lastJournal = journal } }
        try? await group.shutdownGracefully()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Nil when the proxy was stopped.
    @discardableResult
    private func onLoop<Value: Sendable>(_ body: @escaping @Sendable (Engine) -> Value) async -> Value? {
        if state.withLock({ $0.isStopped }) { return nil }
        let engine = engine
        return try? await loop.submit { body(engine.value) }.get()
    }

    private static func bootstrap(
        _ engine: NIOLoopBound<Engine>, _ group: MultiThreadedEventLoopGroup
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .childChannelOption(.autoRead, value: false)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { channel.keepToItself() }
            }
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    channel.keepToItself()
                    guard let link = engine.value.accept(channel) else { return channel.hangUp() }
                    try channel.pipeline.syncOperations.addHandler(LinkHandler(.client, link))
                }
            }
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
    }
}
