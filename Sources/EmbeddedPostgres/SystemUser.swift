import Glibc

/// A user of the operating system.
struct SystemUser: Sendable, Equatable {
    let name: String
    let uid: uid_t
    let gid: gid_t

    /// The user that this program runs as.
    static func current() -> SystemUser {
        let uid = geteuid()
        return find { getpwuid_r(uid, $0, $1, $2, $3) }
            ?? SystemUser(name: String(uid), uid: uid, gid: getegid())
    }

    static func named(_ name: String) -> SystemUser? {
        find { getpwnam_r(name, $0, $1, $2, $3) }
    }

    static func numbered(_ uid: uid_t) -> SystemUser? {
        find { getpwuid_r(uid, $0, $1, $2, $3) }
    }

    private static func find(
        _ look: (
            UnsafeMutablePointer<passwd>, UnsafeMutablePointer<CChar>, Int,
            UnsafeMutablePointer<UnsafeMutablePointer<passwd>?>
        ) -> Int32
    ) -> SystemUser? {
        var entry = passwd()
        var buffer = [CChar](repeating: 0, count: 16_384)
        var found: UnsafeMutablePointer<passwd>?
        guard look(&entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return nil
        }
        return SystemUser(name: String(cString: name), uid: entry.pw_uid, gid: entry.pw_gid)
    }
}
