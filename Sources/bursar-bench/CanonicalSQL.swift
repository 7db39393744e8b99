/// SQL expressions for the bytes that the hash chain is made of: see `CanonicalBytes` in the module Ledger.
enum CanonicalSQL {
    static func text(_ expression: String) -> String {
        "int8send(octet_length(\(expression))::bigint) || convert_to(\(expression), 'UTF8')"
    }

    static func optionalText(_ expression: String) -> String {
        "CASE WHEN \(expression) IS NULL THEN '\\x00'::bytea ELSE '\\x01'::bytea || \(text(expression)) END"
    }

    static func integer(_ expression: String) -> String { "int8send(\(expression))" }

    static func optionalInteger(_ expression: String) -> String {
        "CASE WHEN \(expression) IS NULL THEN '\\x00'::bytea ELSE '\\x01'::bytea || int8send(\(expression)) END"
    }

    static func id(_ expression: String) -> String { "uuid_send(\(expression))" }

    static func hash(domain: String, _ parts: [String]) -> String {
        "sha256(\(([text("'\(domain)'::text")] + parts).joined(separator: "\n        || ")))"
    }

    /// The digest of a journal row `alias`, with its booking time `us` in microseconds since 1970.
    static func transactionDigest(_ alias: String) -> String {
        hash(
            domain: "bursar transaction 1",
            [
                id("\(alias).id"), text("\(alias).reference"), "\(alias).fingerprint", text("\(alias).kind"),
                text("\(alias).narrative"), optionalText("\(alias).reason_code"), "'\\x00'::bytea",
                text("\(alias).actor"), integer("\(alias).us"),
                integer("(\(alias).value_date - DATE '1970-01-01')::bigint"), "'\\x00'::bytea",
            ])
    }

    /// The hash of an entry.
    static func entryHash(
        previous: String, account: String, seq: String, debits: String, credits: String, us: String,
        transaction: String, side: String, amount: String, digest: String
    ) -> String {
        hash(
            domain: "bursar record 1",
            [
                previous, id(account), integer(seq), text("'entry'::text"), integer(debits), integer(credits),
                integer("0::bigint"), integer(us), id(transaction), text(side), integer(amount), digest,
            ])
    }

    /// The hash of an account change without money after it, as far as all kinds have it, and `more`.
    static func changeHash(
        kind: String, previous: String, account: String, seq: String, debits: String, credits: String,
        us: String, reference: String, fingerprint: String, actor: String, reason: String, more: [String]
    ) -> String {
        hash(
            domain: "bursar record 1",
            [
                previous, id(account), integer(seq), text("'\(kind)'::text"), integer(debits),
                integer(credits), integer("0::bigint"), integer(us), text(reference), fingerprint,
                text(actor), text(reason),
            ] + more)
    }

    /// A version 7 id of this millisecond; `serial` makes it one of its own.
    static func identifier(milliseconds: String, serial: String) -> String {
        """
        (lpad(to_hex(\(milliseconds)), 12, '0') || '7' || lpad(to_hex((\(serial)) & 4095), 3, '0')
            || '8' || lpad(to_hex(\(serial)), 15, '0'))::uuid
        """
    }

    static func moment(_ us: String) -> String {
        "(TIMESTAMPTZ 'epoch' + (\(us)) * INTERVAL '1 microsecond')"
    }
}
