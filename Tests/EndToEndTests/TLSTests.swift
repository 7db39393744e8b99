import Foundation
import TestSupport
import Testing

/// `sslmode=verify-full` against servers that are the right one, and that are not.
@Suite(.serialized) struct TLSTests {
    private func run(_ arguments: String..., connect: String) async throws -> ChildProcess.Result {
        try await Program.run(arguments + ["--connect", connect])
    }

    @Test func worksWithTheServerThatTheCertificateNamesAndWithNoOther() async throws {
        let certificate = try await Certificate()
        var options = PrivateServer.Options()
        options.certificate = certificate
        let server = try await PrivateServer.start(options)
        let port = try #require(server.port)
        let target = "port=\(port) dbname=postgres user=tester sslmode=verify-full"
        let known = "sslrootcert=\(certificate.authority)"

        let right = "host=localhost \(target) \(known)"
        #expect(try await run("init", connect: right).status == 0)
        #expect(try await run("account", "list", connect: right).status == 0)
        let sessions = try await server.connect()
        try await sessions.wait(for: "SELECT current_setting('ssl') = 'on'")
        await sessions.close()

        let wrongHost = try await run(
            "account", "list", connect: "host=elsewhere.example hostaddr=127.0.0.1 \(target) \(known)")
        #expect(wrongHost.status == 69)
        #expect(wrongHost.errors.contains("does not match host name \"elsewhere.example\""))
        #expect(wrongHost.errors.contains("nothing was sent"))

        let stranger = try await Certificate()
        let wrongAuthority = try await run(
            "account", "list", connect: "host=localhost \(target) sslrootcert=\(stranger.authority)")
        #expect(wrongAuthority.status == 69)
        #expect(wrongAuthority.errors.contains("certificate verify failed"))

        let noAuthority = try await run(
            "account", "list", connect: "host=localhost \(target) sslrootcert=/nonexistent/root.crt")
        #expect(noAuthority.status == 69)
        #expect(noAuthority.errors.contains("/nonexistent/root.crt"))

        let unencrypted = try await run(
            "account", "list",
            connect: "host=127.0.0.1 port=\(port) dbname=postgres user=tester sslmode=disable")
        #expect(unencrypted.status == 77, "the server takes nobody without TLS: \(unencrypted.errors)")
        await server.destroy()
    }

    @Test func sendsNothingToAServerWithoutTLS() async throws {
        let certificate = try await Certificate()
        var options = PrivateServer.Options()
        options.usesTCP = true
        let server = try await PrivateServer.start(options)
        let result = try await run(
            "account", "list",
            connect: "host=localhost port=\(server.port ?? 0) dbname=postgres user=tester "
                + "sslmode=verify-full sslrootcert=\(certificate.authority)")
        #expect(result.status == 69)
        #expect(result.errors.contains("server does not support SSL, but SSL was required"))
        await server.destroy()
    }
}
