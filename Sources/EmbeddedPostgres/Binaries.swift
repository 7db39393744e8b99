import Glibc

/// PostgreSQL's own programs, in one directory.
struct Binaries: Sendable, Equatable {
    let directory: String
    let major: Int

    var initdb: String { directory + "/initdb" }
    var postgres: String { directory + "/postgres" }

    /// Where programs are looked for: the given directory and no other; else PATH, then the places where
    /// distributions put them, newest version first.
    ///
    /// With `data` of a major version the first programs of that version are taken: several may be installed.
    static func find(
        in given: String?, data: Int?, path: String?, _ patience: Patience
    ) throws(EmbeddedServerError) -> Binaries {
        let places: [String]
        if let given {
            places = [try Files.absolute(given)]
        } else {
            places =
                (path ?? "").split(separator: ":").map(String.init).filter { $0.hasPrefix("/") }
                + usualPlaces()
        }
        var others: [Int] = []
        for place in places
        where access(place + "/initdb", X_OK) == 0 && access(place + "/postgres", X_OK) == 0 {
            guard let major = try version(of: place + "/postgres", patience) else { continue }
            if data == nil || data == major { return Binaries(directory: place, major: major) }
            others.append(major)
        }
        if let data, !others.isEmpty { throw otherVersion(data: data, installed: others) }
        if let given {
            throw EmbeddedServerError(
                .binariesMissing, "PostgreSQL's programs initdb and postgres are not in \(given)",
                advice: "give the directory that holds both, or none to have it searched for")
        }
        throw EmbeddedServerError(
            .binariesMissing,
            "PostgreSQL's programs initdb and postgres are not installed, as far as can be seen",
            advice: data.map { "run: sudo apt-get install postgresql-\($0)" }
                ?? "run: sudo apt-get install postgresql")
    }

    private static func otherVersion(data: Int, installed: [Int]) -> EmbeddedServerError {
        let found = Set(installed).sorted().map(String.init).joined(separator: " and ")
        return EmbeddedServerError(
            .otherVersion,
            "the ledger's data were made by PostgreSQL \(data), and this machine has PostgreSQL \(found); "
                + "nothing was changed",
            advice:
                "install PostgreSQL \(data) beside it (sudo apt-get install postgresql-\(data)), or convert "
                + "the data with pg_upgrade")
    }

    private static func usualPlaces() -> [String] {
        var places: [String] = []
        for (above, below) in [("/usr/lib/postgresql", "/bin"), ("/usr", "/bin"), ("/usr/local", "/bin")] {
            let names = (try? Files.names(in: above)) ?? []
            let versions = names.compactMap { name -> (Int, String)? in
                guard let number = Int(name.hasPrefix("pgsql-") ? String(name.dropFirst(6)) : name) else {
                    return nil
                }
                return (number, name)
            }
            places += versions.sorted { $0.0 > $1.0 }.map { "\(above)/\($0.1)\(below)" }
        }
        return places + [
            "/usr/local/pgsql/bin", "/usr/libexec/postgresql", "/usr/bin", "/usr/local/bin",
            "/opt/homebrew/bin",
        ]
    }

    /// The major version that `postgres --version` tells; nil when it does not run.
    private static func version(of program: String, _ patience: Patience) throws(EmbeddedServerError) -> Int?
    {
        let result = try Command(executable: program, arguments: ["--version"]).run(patience)
        guard result.status == 0 else { return nil }
        // "postgres (PostgreSQL) 15.18 (Debian …)", "… 18beta1"
        guard let word = result.output.split(separator: " ").dropFirst(2).first else { return nil }
        return Int(word.prefix { $0.isNumber })
    }
}
