import Glibc

extension Keeper {
    /// Creates the server's data in a directory beside their place, and moves them there when they are
    /// complete: a program that is killed on the way leaves nothing that could be mistaken for a server.
    ///
    /// The programs that do it hold the lock as well: when this one is killed, the next waits until they have
    /// ended.
    func create(_ start: FileLock, _ patience: Patience) throws(EmbeddedServerError) {
        let binaries = try findBinaries(for: nil, patience)
        try Files.remove(layout.draft)
        try Files.makeDirectory(layout.draft, owner: owner)
        do throws(EmbeddedServerError) {
            try fill(with: binaries, start, patience)
            guard rename(layout.draft, layout.data) == 0 else {
                throw EmbeddedServerError(system: errno, doing: "put the server's data in their place")
            }
            try Files.synchronize(directory: layout.directory)
        } catch {
            // Deleted now rather than at the next start: on a full disk every bit counts.
            try? Files.remove(layout.draft)
            throw error
        }
    }

    private func fill(
        with binaries: Binaries, _ start: FileLock, _ patience: Patience
    ) throws(EmbeddedServerError) {
        let initdb = Command(
            executable: binaries.initdb,
            arguments: [
                "--pgdata=\(layout.draft)", "--username=\(Layout.role)", "--encoding=UTF8", "--locale=C",
                "--lc-ctype=C.UTF-8",
                "--data-checksums", "--auth-local=peer", "--auth-host=reject",
            ], user: owner, inherits: start)
        try succeed(try initdb.run(patience))

        let settings = layout.draft + "/postgresql.conf"
        guard let sample = Files.read(settings) else {
            throw EmbeddedServerError(
                .startFailed, "PostgreSQL's initdb made no \(settings)",
                advice: "check the installation of PostgreSQL")
        }
        try Files.replace(settings, with: sample + "\ninclude_if_exists 'bursar.conf'\n", owner: owner)

        // In single-user mode nobody can connect to a server that is not finished.
        let single = Command(
            executable: binaries.postgres, arguments: ["--single", "-D", layout.draft, "postgres"],
            user: owner, inherits: start)
        try succeed(try single.run(input: "CREATE DATABASE \(Layout.database);\n", patience), quiet: "ERROR:")
        try Files.synchronize(directory: layout.draft)
    }

    /// Throws when a program has failed, or has written `quiet`, which it does without failing.
    private func succeed(_ result: Command.Result, quiet: String? = nil) throws(EmbeddedServerError) {
        if result.status == 0, quiet.map({ !result.output.contains($0) }) ?? true { return }
        throw failure(result.output, "PostgreSQL could not create the private server in \(layout.directory)")
    }

    func findBinaries(for data: Int?, _ patience: Patience) throws(EmbeddedServerError) -> Binaries {
        try Binaries.find(
            in: configuration.binaries, data: data, path: getenv("PATH").map { String(cString: $0) }, patience
        )
    }

    /// What a failed program of PostgreSQL has said (in English, because it is run with LC_ALL=C), as an
    /// error that says what to do.
    func failure(_ output: String, _ what: String) -> EmbeddedServerError {
        func says(_ words: String...) -> Bool { words.contains { output.contains($0) } }
        let quoted = lastLines(of: output)
        let message = quoted.isEmpty ? what : "\(what): \(quoted)"
        // A server that cannot write its log does not say why it ends. The next bit of the write-ahead log
        // that it needs has 16 MiB.
        let isFull = (Files.bytesFree(at: layout.directory) ?? .max) < 16 << 20
        if says("No space left on device", "Disk quota exceeded") || (isFull && !says("FATAL")) {
            return EmbeddedServerError(
                .diskFull, "\(what): the disk that holds it is full",
                advice: "make room on that file system and start again; nothing that was posted is lost")
        }
        if says(
            "unrecognized configuration parameter", "invalid value for parameter", "outside the valid range")
        {
            return EmbeddedServerError(
                .badSetting, message, advice: "correct the server's settings in the settings of bursar")
        }
        if says("database files are incompatible") {
            return EmbeddedServerError(
                .otherVersion, message,
                advice: "install the version of PostgreSQL that the data were made with")
        }
        if says("Read-only file system") {
            return EmbeddedServerError(
                system: EROFS, doing: "start the private server in \(layout.directory)")
        }
        if says("Permission denied", "Operation not permitted") {
            return EmbeddedServerError(
                .notPermitted, message, advice: "check to whom \(layout.directory) and what is in it belong")
        }
        if says("Cannot allocate memory", "could not map anonymous shared memory") {
            return EmbeddedServerError(
                .startFailed, message,
                advice: "make memory free, or set a smaller shared_buffers for the server")
        }
        return EmbeddedServerError(
            .startFailed, message,
            advice: "the server's log, \(layout.log), may tell more; `bursar doctor` too")
    }
}

/// The last lines of a log, in one line that is fit for a screen.
func lastLines(of log: String, _ count: Int = 6) -> String {
    let lines = log.split { $0.isNewline }.suffix(count)
    return lines.map { printable($0.prefix(200)) }.joined(separator: " / ")
}
