/// Who wrote something to the ledger and from where: as the database itself saw the session, and as the program says.
///
/// The person behind it is the `actor` of the transaction or change; what stands here is what the database vouches for.
public final class Origin: Hashable, Sendable {
    /// The most characters that the name of a program keeps.
    public static let programLimit = 200

    /// The database user that the session logged in as, whichever role it has taken since. Written by the database.
    public let databaseUser: String
    /// The client's address as the server saw it, `local` for a socket of the server's own machine. Written by the
    /// database.
    public let address: String
    /// The program and the machine that it runs on, such as `bursar on till-3`, as it says itself; empty when it
    /// says nothing. Nil for an entry: its transaction has it.
    public let program: String?

    public init(databaseUser: String, address: String, program: String?) {
        self.databaseUser = databaseUser
        self.address = address
        self.program = program.map { printable($0, limit: Self.programLimit) }
    }

    /// Read back from the ledger as it stands there.
    public init(storedUser databaseUser: String, address: String, program: String?) {
        self.databaseUser = databaseUser
        self.address = address
        self.program = program
    }

    public static func == (left: Origin, right: Origin) -> Bool {
        left === right
            || (left.databaseUser, left.address, left.program)
                == (right.databaseUser, right.address, right.program)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(databaseUser)
        hasher.combine(address)
        hasher.combine(program)
    }

    /// The same for an entry, which leaves the program to its transaction.
    var ofEntry: Origin { Origin(storedUser: databaseUser, address: address, program: nil) }

    /// For people: `alice from 10.0.0.5, bursar on till-3`.
    public var sentence: String {
        let place = address == "local" ? "on the server's own machine" : "from \(address)"
        return "\(databaseUser) \(place)" + (program.map { $0.isEmpty ? "" : ", \($0)" } ?? "")
    }

    func append(to bytes: inout CanonicalBytes) {
        bytes.append(databaseUser)
        bytes.append(address)
        bytes.append(program)
    }
}
