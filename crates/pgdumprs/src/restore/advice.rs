//! What can be done about what a server refused.

use bstr::ByteSlice;
use pgdumprs_archive::Entry;
use pgdumprs_restore::Failure;

/// What helps against a failure, told by its SQLSTATE and by what failed; `entry` is what it is of.
pub(super) fn advice(failure: &Failure, entry: Option<&Entry>) -> Option<&'static str> {
    let kind = entry.map_or(&b""[..], |entry| &entry.descriptor);
    let says = |words: &str| failure.statement.contains_str(words);
    Some(match failure.error.code.as_slice() {
        // A database, a relation, an object, a routine, a schema of that name.
        b"42P04" | b"42P07" | b"42710" | b"42723" | b"42P06" => {
            "it is there already: --clean --if-exists drops what is there first, or begin with an empty database"
        }
        // Undefined object, insufficient privilege.
        b"42704" | b"42501" if says(" OWNER TO ") => {
            "--no-owner leaves it to the role that makes it; or create the owner, and make it as a role that may act for it"
        }
        b"42704" if matches!(kind, b"ACL" | b"DEFAULT ACL") => {
            "--no-privileges leaves privileges out; or create the role first"
        }
        b"42704" if kind == b"POLICY" => {
            "create the role first, or leave policies out by --no-policies"
        }
        b"42501" if matches!(kind, b"ACL" | b"DEFAULT ACL") => {
            "--no-privileges leaves privileges out; or be a role that may give them"
        }
        b"42501" if kind == b"COMMENT" => {
            "--no-comments leaves comments out; or be the owner of what is commented on"
        }
        b"42501" => {
            "be the owner of what is there, or a superuser, or leave it out (by --use-list, or of what is dumped)"
        }
        b"0A000" | b"58P01" if kind == b"EXTENSION" => {
            "have the extension installed on the server's machine, or leave it out (by --use-list, or of what is dumped)"
        }
        b"58P01" => {
            "have what the file belongs to installed on the server's machine, or leave it out (by --use-list, or of what is dumped)"
        }
        b"42601" => {
            "the server is perhaps older than the one that was dumped, and does not know the clause"
        }
        b"23505" => {
            "the table had rows before, or an index is more exact here: begin with an empty database, or with --clean --if-exists"
        }
        b"23503" => {
            "rows that are referred to are not there: they were left out, or were not loaded"
        }
        b"22021" | b"22P05" => {
            "make the database with the encoding of the one that was dumped (--create does)"
        }
        b"25006" => {
            "the server takes no changes: it is a standby, or transactions are read-only by default"
        }
        b"40P01" => "try again over one connection (-j 1)",
        b"53100" => "make room on the server's disk, and try again",
        b"53200" => {
            "raise max_locks_per_transaction on the server, or do without -1 or with a smaller --transaction-size"
        }
        b"57014" => "somebody has cancelled the statement, or it was a timeout of the server's",
        _ => return None,
    })
}
