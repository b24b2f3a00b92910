//! Command lines that are wrong, or look so: what stock takes is taken, what it refuses is refused.

use std::fs;
use std::process::Command;

use pgdumprs_testkit::{Major, Server, reference_pg_dump};

use crate::line_end::{self, End};
use crate::support::{assert_says, failure, pgdumprs};

/// Where a command line ends. What is understood fails where every connection to `/nowhere` does.
fn end(command: Command, line: &str) -> End {
    // Stock makes the file of -f before it connects.
    let folder = tempfile::tempdir().unwrap();
    line_end::end(command, line, folder.path(), |reason| {
        reason.starts_with("connection to server") || reason.starts_with("could not reach")
    })
}

/// How stock and ours end with one line.
fn ends(line: &str) -> (End, End) {
    (
        end(reference_pg_dump(), &format!("-Fc {line}")),
        end(pgdumprs(), line),
    )
}

#[test]
fn what_stock_takes_is_taken() {
    for line in [
        "--cr",
        "--q",
        "--a",
        "--verb",
        "--no-acl --blobs --no-blobs",
        "-F CUSTOM",
        "-R -s -s",
        "-f -x",
        "-f ''",
        "-n -x -t ''",
        "-n=x -S -x",
        "-n a.b.c",
        "--role=",
        "-E nonsense",
        "-E SJIS",
        "--lock-wait-timeout=x --snapshot=x",
        "--extra-float-digits -3",
        "--sync-method=syncfs",
        "--no-data --no-schema --no-statistics",
        "-Z none:0",
        "-Z -1",
        "-Z ''",
        "-Z zstd:-1",
        "-Z zstd:0",
        "-Z zstd:long,workers=4",
        "-Z lz4:0",
        "-Z gzip:level=3,level=4",
        "-U '' --attribute-inserts",
        "-- a",
        "-- -a",
        "-Fp",
        "-F PLAIN --restrict-key=aZ9 -c --if-exists",
        "-Fp -Z zstd -f -",
        "-Fd -f x",
        "-F DIRECTORY --file=x -j 4 -Z lz4",
        "-Fd -f x -Z 0 --sync-method=fsync",
        "-Ft",
        "-F tar -Z none",
        "-Ft -Z 0 -f x",
        "-vax",
        "--use-set-session-authorization --disable-triggers --no-table-access-method",
    ] {
        assert_eq!(ends(line), (End::Understood, End::Understood), "{line}");
    }
}

/// In the same words, where ours have no reason to say more.
#[test]
fn what_stock_refuses_is_refused_in_its_words() {
    for line in [
        "-y",
        "--data-only=x",
        "--file",
        "-v -f",
        "--extra-float-digits=4",
        "--extra-float-digits=x",
        "--rows-per-insert=0",
        "--rows-per-insert=99999999999",
        "--rows-per-insert=-1",
        "-j x",
        "-j -d",
        "-a -s",
        "-a -s --if-exists",
        "--if-exists",
        "-a -c --if-exists",
        "-s --include-foreign-data=x",
        "--statistics-only --no-statistics -s",
        "--on-conflict-do-nothing --restrict-key=x",
        "--restrict-key=x",
        "-Fp --restrict-key=x-",
    ] {
        let (stock, ours) = ends(line);
        assert!(matches!(stock, End::Refused(_)), "{line}: {stock:?}");
        assert_eq!(stock, ours, "{line}");
    }
}

#[test]
fn what_stock_refuses_is_refused_in_other_words() {
    for (line, part) in [
        ("--no-such", "unrecognized option '--no-such'"),
        (
            "--no-s",
            "option '--no-s' is ambiguous; possibilities: '--no-schema'",
        ),
        ("-a -s -j 0", "-j/--jobs must be in range 1.."),
        ("-F plai", "\"plai\" for option -F/--format"),
        ("-F ''", "\"\" for option -F/--format"),
        (
            "--section=foo",
            "\"foo\" for option --section: it can be pre-data",
        ),
        ("--section=", "\"\" for option --section"),
        ("--sync-method=foo", "\"foo\" for option --sync-method"),
        ("-Z brotli", "\"brotli\""),
        ("-Z=zstd", "\"=zstd\""),
        ("-Z 10", "1 to 9"),
        ("-Z gzip:0", "1 to 9"),
        ("-Z gzip:x", "\"x\""),
        ("-Z gzip:", "gzip:"),
        ("-Z gzip:long", "long-distance"),
        ("-Z gzip:workers=2", "workers"),
        ("-Z none:1", "no level"),
        ("-Z zstd:99", "22"),
        ("-Z zstd:level", "requires a value"),
        ("-Z zstd:long=maybe", "\"maybe\""),
        ("-Z lz4:13", "12"),
        ("-d a b", "too many command-line arguments"),
        ("a b", "too many command-line arguments"),
        ("a b c", "too many command-line arguments"),
        ("-- -a b", "too many command-line arguments"),
        ("-f /nowhere/x", "\"/nowhere\": No such file or directory"),
        ("-f /", "\"/\": is a directory"),
        ("--filter=/", "filter file \"/\": Is a directory"),
        ("-p x", "port"),
        ("-p 99999999", "99999999"),
        ("-Fd", "requires option -f/--file"),
        ("-Fd -f ''", "requires option -f/--file"),
        ("-Fd -f ./no/x", "could not make the folder"),
        ("-Fd -f /dev/null", "not a directory"),
        ("-Fd -f /", "not empty"),
        ("-Ft -Z 1", "tar format has no compression"),
        ("-Ft -Z gzip", "tar format has no compression"),
        ("-Ft -Z zstd:3", "tar format has no compression"),
    ] {
        let (stock, ours) = ends(line);
        assert!(matches!(stock, End::Refused(_)), "{line}: {stock:?}");
        match ours {
            End::Refused(said) => assert!(said.contains(part), "{line}: {said}"),
            ours => panic!("{line}: {ours:?}"),
        }
    }
}

/// Words that somebody tries as commands, and options that are nearly right.
#[test]
fn what_seems_to_be_meant_is_said() {
    for (line, parts) in [
        (
            "-v restore db.dump",
            &["command \"restore\"", "first argument"][..],
        ),
        (
            "import db.dump",
            &["no command \"import\"", "pgdumprs restore"],
        ),
        ("backup -d shop", &["pgdumprs -d DBNAME -f FILE"]),
        ("backup shop -f x", &["pgdumprs -d DBNAME -f FILE"]),
        (
            "copy a b",
            &["pgdumprs clone --source DBNAME --target DBNAME"],
        ),
        ("clone --source a", &["no target is named"]),
        ("clone a b c", &["c"]),
        ("clone a b --target c", &["named twice"]),
        ("ls db.dump", &["pgdumprs list FILE"]),
        ("check db.dump", &["pgdumprs verify FILE"]),
        ("verfy db.dump", &["did you mean the command \"verify\"?"]),
        ("shop db.dump", &["a dump takes one, its database"]),
        ("list", &["missing on the command line: FILE"]),
        ("--tabel=x", &["'--tabel'; did you mean '--table'?"]),
        ("list --jsn", &["'--jsn'; did you mean '--json'?"]),
    ] {
        match end(pgdumprs(), line) {
            End::Refused(said) => assert_says(&said, parts),
            end => panic!("{line}: {end:?}"),
        }
    }
    // Nothing is like these, and what may be a connection string is not repeated.
    for line in ["--single-transaction", "--nosuch", "secret other"] {
        let End::Refused(said) = end(pgdumprs(), line) else {
            panic!("{line}");
        };
        assert!(
            !said.contains("did you mean") && !said.contains("secret"),
            "{said}"
        );
    }
}

/// A word alone is a database's name, and a hint says what else may be meant where that fails.
#[test]
fn a_word_that_is_no_database_gets_a_hint() {
    let server = Server::get(Major::V17);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.dump"), "").unwrap();
    let hint = |arguments: &[&str]| {
        let mut command = pgdumprs();
        command
            .args(["-h", server.socket_dir().to_str().unwrap()])
            .args(["-p", &server.port().to_string(), "-U", "postgres"])
            .args(arguments)
            .current_dir(folder.path());
        let said = failure(&mut command);
        said.lines().nth(1).unwrap_or_default().to_owned()
    };
    assert_says(&hint(&["import"]), &["pgdumprs restore"]);
    assert_says(&hint(&["help"]), &["pgdumprs --help"]);
    assert_says(&hint(&["a.dump"]), &["name of a file", "pg_restore"]);
    assert_eq!(hint(&["nosuch"]), "");
    let role = server.role("LOGIN");
    assert_says(
        &hint(&["-U", &role]),
        &["no database was named", "PGDATABASE"],
    );
}

/// Where ours part with stock, which `docs/cli.md` says too.
#[test]
fn differences_are_those_that_are_meant() {
    let refused = |part: &str| (End::Understood, part.to_owned());
    for (line, (stock, part)) in [
        ("--binary-upgrade", refused("pg_upgrade")),
        // It is the name of a folder for stock.
        ("-Fd -f -", refused("names the folder")),
    ] {
        let (theirs, ours) = ends(line);
        assert_eq!(theirs, stock, "{line}");
        assert!(
            matches!(&ours, End::Refused(said) if said.contains(&part)),
            "{line}: {ours:?}"
        );
    }
    // One file from many connections is what stock cannot do.
    for line in [
        "-j 4",
        "-Ft -j 4",
        "-Fp -j 4",
        "-j 4 --include-foreign-data=x",
    ] {
        let (stock, ours) = ends(line);
        assert!(
            matches!(stock, End::Refused(_)) && ours == End::Understood,
            "{line}"
        );
    }
    // Stock knows these as the first argument alone.
    for line in ["-a --help", "-x -V", "-v -?"] {
        let (stock, ours) = ends(line);
        assert!(
            matches!(stock, End::Refused(_)) && ours == End::Shows,
            "{line}"
        );
    }
}
