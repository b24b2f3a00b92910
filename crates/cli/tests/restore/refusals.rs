//! Command lines that are wrong, or look so: what stock takes is taken, what it refuses is refused.

use std::fs;
use std::process::Command;

use pgdumprs_testkit::reference_pg_restore;

use crate::line_end::{self, End};
use crate::support::{assert_says, pgdumprs};

/// Where a command line ends. What is understood fails since standard input is no archive, or the file that it names is not there.
fn end(command: Command, line: &str) -> End {
    const OPENS: [&str; 5] = [
        "input file is too short",
        "could not read from input file: end of file",
        "could not open input file \"nosuch\"",
        "standard input: ",
        "could not open \"nosuch\"",
    ];
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("rules"), "include table a\n").unwrap();
    fs::write(folder.path().join("bad_rules"), "exclude table a\n").unwrap();
    let opens = |reason: &str| OPENS.iter().any(|begin| reason.starts_with(begin));
    match line_end::end(command, line, folder.path(), opens) {
        End::Refused(reason) => End::Refused(in_order(&reason)),
        end => end,
    }
}

/// A reason with the options that a short name may stand for in one order.
fn in_order(reason: &str) -> String {
    match reason.split_once("; possibilities: ") {
        Some((before, possible)) => {
            let mut possible: Vec<_> = possible.split(' ').collect();
            possible.sort_unstable();
            format!("{before}; possibilities: {}", possible.join(" "))
        }
        None => reason.to_owned(),
    }
}

/// How stock and ours end with one line.
fn ends(line: &str) -> (End, End) {
    let mut ours = pgdumprs();
    ours.arg("restore");
    (end(reference_pg_restore(), line), end(ours, line))
}

#[test]
fn what_stock_takes_is_taken() {
    for line in [
        "-l",
        "-l -f x",
        "-l -d x",
        "-f - nosuch",
        "-f x nosuch",
        "-f - -- nosuch",
        "-f - -j 2 -C",
        "-f - -x -O -c --if-exists",
        "-f - --exi",
        "-f - --cr",
        "-f - --no-acl --no-reconnect -R -e",
        "-f - --exclude-s=x --use-l=rules",
        "-f - -F custom",
        "-f - -F CUSTOM",
        "-f - -F ''",
        "-f - --statistics-only --statistics",
        "-f - -s --no-data",
        "-f - -a --no-schema",
        "-f - --statistics-only --no-data --no-schema",
        "-f - --no-data --no-schema --no-statistics",
        "-f - -t x -t y -I z -P f(int) -T trg -n s -N s2",
        "-f - -t -x -n=x",
        "-f - --section=pre-data --section=data",
        "-f - -w -W -h x -p x -U x --role=x",
        "-f - -S '' -n '' -t '' -U '' -h '' -p ''",
        "-f - --strict-names --use-set-session-authorization --disable-triggers",
        "-f - --enable-row-security --no-data-for-failed-tables --no-comments",
        "-f - --no-policies --no-publications --no-security-labels --no-subscriptions",
        "-f - --no-table-access-method --no-tablespaces --transaction-size=5",
        "-f - -1ae",
        "-f - --restrict-key=aZ09",
        "-f - --filter=rules",
    ] {
        assert_eq!(ends(line), (End::Understood, End::Understood), "{line}");
    }
}

/// In the same words, where ours have no reason to say more.
#[test]
fn what_stock_refuses_is_refused_in_its_words() {
    for line in [
        "",
        "-a -s",
        "nosuch",
        "-y",
        "-f - -u",
        "-f",
        "--data-only=x -f -",
        "-f - -j x",
        "-f - --transaction-size=x",
        "-f - --transaction-size=0",
        "-f - -j 0",
        "-f x -d y",
        "-d y --restrict-key=a",
        "-f - --restrict-key=a-b",
        "-f - --restrict-key=",
        "-f - -a -s",
        "-f - -s --statistics-only",
        "-f - -a --statistics-only",
        "-f - -a --no-data",
        "-f - -s --no-schema",
        "-f - --statistics-only --no-statistics",
        "-f - --statistics --no-statistics",
        "-f - -a --statistics",
        "-f - -s --statistics",
        "-f - -a -c",
        "-f - -1 --transaction-size=4",
        "-f - -1 -C",
        "-f - -1 -j 2",
        "-f - -1 -C -j 2",
        "-f - --if-exists",
        "-f - -C -1 -a -c",
        "-f - -1 -C --if-exists",
        "-f - -F x --if-exists",
        "-f - -F x",
        "-f - -F pl",
        "-f - --filter=bad_rules",
        "-l -a -s",
        "-f - --no-s",
        "-f - --s",
        "-f - --sc",
        "-f - --st",
        "-f - --ex",
        "-f - --role",
    ] {
        let (stock, ours) = ends(line);
        assert!(matches!(stock, End::Refused(_)), "{line}: {stock:?}");
        assert_eq!(stock, ours, "{line}");
    }
}

#[test]
fn what_stock_refuses_is_refused_in_other_words() {
    for (line, part) in [
        ("-f - --no-such", "unrecognized option '--no-such'"),
        (
            "-f - --globals-only",
            "unrecognized option '--globals-only'",
        ),
        ("-f - -F p", "psql"),
        ("-f - -F plain", "psql"),
        (
            "-f - --section=x",
            "\"x\" for option --section: it can be pre-data",
        ),
        ("-f - a b", "too many command-line arguments"),
        ("a b", "too many command-line arguments"),
        (
            "-f - --filter=nosuch",
            "filter file \"nosuch\": No such file or directory",
        ),
        ("-f - --filter=/", "filter file \"/\": Is a directory"),
        ("-f - /", "\"/\""),
        (
            "-f - --analyze",
            "option --analyze requires option -d/--dbname",
        ),
        ("-f - --adapt", "option --adapt requires option -d/--dbname"),
        (
            "-f - --missing-roles=skip",
            "option --missing-roles requires option -d/--dbname",
        ),
        ("-d x --adapt=all", "\"all\" for option --adapt"),
        ("-d x --map-role=a", "option --map-role takes NAME=NEW"),
        (
            "-d x --map-role=a=public",
            "option --map-role takes no name like \"public\"",
        ),
        (
            "-d x --map-role=a=b --map-role a=c",
            "option --map-role has two new names for \"a\"",
        ),
        (
            "-f - --map-extension-schema=pg_catalog=a",
            "takes no name like \"pg_catalog\"",
        ),
    ] {
        let (stock, ours) = ends(line);
        assert!(matches!(stock, End::Refused(_)), "{line}: {stock:?}");
        match ours {
            End::Refused(said) => assert_says(&said, &[part]),
            ours => panic!("{line}: {ours:?}"),
        }
    }
}

/// Stock knows these as the first argument alone.
#[test]
fn help_is_understood_anywhere() {
    for line in ["-a --help", "-x -V", "-v -?"] {
        let (stock, ours) = ends(line);
        assert!(
            matches!(stock, End::Refused(_)) && ours == End::Shows,
            "{line}"
        );
    }
}
