/// The hosts of a connection string that are still worth trying.
///
/// libpq moves on to the next host when one refuses, but when one never answers, `PQconnectPoll` waits for it
/// for ever: `connect_timeout` works in libpq's blocking functions only. So a host that has used up its share
/// of the time is taken out, and libpq starts over with the rest.
struct HostList {
    private struct Entry {
        let host: String?
        let address: String?
        let port: String?
    }

    private var entries: [Entry] = []
    /// `connect_timeout`, which is for each host; libpq takes 1 for 2 and zero or less for no limit.
    private let limit: Duration?

    init(_ settings: ConnectionSettings) {
        let seconds = settings["connect_timeout"].flatMap { Int($0.filter { !$0.isWhitespace }) } ?? 0
        limit = seconds > 0 ? .seconds(max(2, seconds)) : nil
        let hosts = Self.list(settings["host"])
        let addresses = Self.list(settings["hostaddr"])
        let ports = Self.list(settings["port"])
        let count = max(hosts.count, addresses.count)
        // Lists of different lengths are an error, which libpq explains best: it gets them as they are.
        let isConsistent =
            (hosts.isEmpty || addresses.isEmpty || hosts.count == addresses.count)
            && (ports.count <= 1 || ports.count == count)
        guard count > 1, isConsistent else { return }
        entries = (0..<count).map { index in
            Entry(
                host: hosts.isEmpty ? nil : hosts[index],
                address: addresses.isEmpty ? nil : addresses[index],
                port: ports.count > 1 ? ports[index] : ports.first)
        }
    }

    /// When the host that libpq has just turned to must have answered.
    func deadline(overall: Deadline) -> Deadline {
        let own = Deadline.after(limit)
        guard entries.count > 1, overall != .never else { return min(own, overall) }
        if limit != nil { return min(own, overall) }
        let now = Deadline.now
        guard overall > now else { return overall }
        let share = (overall.nanoseconds - now.nanoseconds) / UInt64(entries.count)
        return Deadline(nanoseconds: now.nanoseconds + share)
    }

    /// Takes out a host that did not answer; false when there is no other.
    mutating func remove(host: String, port: String) -> Bool {
        let index = entries.firstIndex { entry in
            // Where nothing is named, libpq names the directory of its default socket.
            let isUnnamed = (entry.host ?? "").isEmpty && (entry.address ?? "").isEmpty
            let isSame = entry.host == host || entry.address == host || isUnnamed && host.hasPrefix("/")
            return isSame && (entry.port ?? "5432") == port
        }
        guard entries.count > 1, let index else { return false }
        entries.remove(at: index)
        return true
    }

    /// The settings with the hosts that are left.
    func apply(to values: [String: String]) -> [String: String] {
        guard !entries.isEmpty else { return values }
        var values = values
        if entries.contains(where: { $0.host != nil }) {
            values["host"] = entries.map { $0.host ?? "" }.joined(separator: ",")
        }
        if entries.contains(where: { $0.address != nil }) {
            values["hostaddr"] = entries.map { $0.address ?? "" }.joined(separator: ",")
        }
        if entries.contains(where: { $0.port != nil }) {
            values["port"] = entries.map { $0.port ?? "" }.joined(separator: ",")
        }
        return values
    }

    private static func list(_ value: String?) -> [String] {
        guard let value, !value.isEmpty else { return [] }
        return value.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
}
