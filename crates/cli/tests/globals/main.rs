//! What belongs to no database, beside `pg_dumpall --globals-only` of the newest stock tools.

mod all;
mod differences;
mod dumpall;
mod restore;
#[path = "../support/mod.rs"]
mod support;

use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{Major, Server, checked_output, for_each_major, tool};
use support::{assert_says, failure, pgdumprs};

const OPTIONS: &[&str] = &[
    "",
    "--no-role-passwords",
    "--no-comments",
    "--no-security-labels",
    "--quote-all-identifiers",
    "--no-tablespaces",
    "-x",
    "-E LATIN1",
    "-c",
    "-c --if-exists",
];

fn psql(server: &Server, sql: &str) -> Result<()> {
    psql_in(server, "postgres", sql)
}

fn psql_in(server: &Server, database: &str, sql: &str) -> Result<()> {
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
        .arg(server.conninfo(database))
        .args(["-c", sql]);
    checked_output(&mut psql).map(|_| ())
}

/// Makes globals of every kind, of which a server has one set.
fn fill(server: &Server) -> Result<()> {
    let folder = server.data_dir().with_file_name("tablespaces");
    // The server's user makes them, so that it may write there.
    for name in ["first", "the second"] {
        let path = folder.join(name);
        psql(
            server,
            &format!(
                "COPY (SELECT WHERE false) TO PROGRAM 'mkdir -p \"{}\"'",
                path.display()
            ),
        )?;
    }
    let mut fill = tool(Major::REFERENCE, "psql");
    fill.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d"])
        .arg(server.conninfo("postgres"))
        .arg("-v")
        .arg(format!("folder={}", folder.display()));
    let major = server.release().major().number();
    for (holds, name) in [
        (major >= 15, "since_15"),
        (major >= 16, "since_16"),
        (major < 19, "before_19"),
    ] {
        if holds {
            fill.args(["-v", &format!("{name}=yes")]);
        }
    }
    fill.args([
        "-f",
        concat!(env!("CARGO_MANIFEST_DIR"), "/tests/globals/globals.sql"),
    ]);
    checked_output(&mut fill).map(|_| ())
}

/// What a program prints that dumps the globals as a role.
fn printed(mut program: Command, server: &Server, role: &str, options: &str) -> Result<Vec<u8>> {
    let folder = server.data_dir().parent().context("a folder")?;
    program
        .arg("-h")
        .arg(folder)
        .args([
            "-p",
            &server.port().to_string(),
            "-U",
            role,
            "--restrict-key=k",
        ])
        .args(options.split(' ').filter(|option| !option.is_empty()));
    Ok(checked_output(&mut program)?.stdout)
}

fn stock(server: &Server, role: &str, options: &str) -> Result<Vec<u8>> {
    let mut program = tool(Major::REFERENCE, "pg_dumpall");
    program.arg("--globals-only");
    printed(program, server, role, options)
}

fn ours(server: &Server, role: &str, options: &str) -> Result<Vec<u8>> {
    let mut program = pgdumprs();
    program.args(["dump", "--globals-only"]);
    printed(program, server, role, options)
}

fn assert_same(server: &Server, role: &str, options: &str) -> Result<()> {
    let stock = stock(server, role, options)?;
    let ours = ours(server, role, options)?;
    let (stock, ours) = (
        String::from_utf8_lossy(&stock),
        String::from_utf8_lossy(&ours),
    );
    let mut pairs = stock.lines().zip(ours.lines());
    let first = pairs.find(|(stock, ours)| stock != ours);
    ensure!(
        stock == ours,
        "as {role} with {options:?}, stock's and ours: {first:#?}"
    );
    Ok(())
}

#[test]
fn globals_are_those_of_stock_and_what_stock_loses() {
    for_each_major(|server| {
        assert_same(server, "postgres", "")?;
        assert_same(server, "postgres", "--clean")?;
        fill(server)?;
        for options in OPTIONS {
            assert_same(server, "postgres", options)?;
        }
        assert_same(server, "may_log_in", "--no-role-passwords")?;
        dumpall::assert_same(server)?;
        let folder = server.data_dir().parent().context("a folder")?;
        let mut refused = pgdumprs();
        refused
            .args(["dump", "--globals-only", "-U", "may_log_in", "-h"])
            .arg(folder)
            .args(["-p", &server.port().to_string()]);
        assert_says(
            &failure(&mut refused),
            &[
                "could not read roles with their passwords",
                "hint: ",
                "--no-role-passwords",
            ],
        );

        psql(
            server,
            "ALTER ROLE ALL SET log_min_messages = error; ALTER TABLESPACE pg_global SET (seq_page_cost = 7);
             GRANT CREATE ON TABLESPACE pg_default TO plain; COMMENT ON TABLESPACE pg_default IS 'mine'",
        )?;
        let stock = stock(server, "postgres", "")?;
        let ours = ours(server, "postgres", "")?;
        let (stock, ours) = (
            String::from_utf8_lossy(&stock),
            String::from_utf8_lossy(&ours),
        );
        let mut lines = stock.lines().peekable();
        let more: Vec<_> = ours
            .lines()
            .filter(|line| lines.next_if_eq(line).is_none())
            .collect();
        ensure!(
            lines.next().is_none(),
            "not all that stock has is in:\n{ours}"
        );
        let more: Vec<_> = more
            .into_iter()
            .filter(|line| line.ends_with(';'))
            .collect();
        ensure!(
            more == [
                "ALTER ROLE ALL SET log_min_messages TO 'error';",
                "GRANT ALL ON TABLESPACE pg_default TO plain;",
                "COMMENT ON TABLESPACE pg_default IS 'mine';",
                "ALTER TABLESPACE pg_global SET (seq_page_cost=7);",
            ],
            "{more:?}"
        );
        a_name_in_no_encoding(server)
    });
}

/// Stock can dump such a name only from a database that says nothing of its encoding.
fn a_name_in_no_encoding(server: &Server) -> Result<()> {
    psql(
        server,
        "ALTER ROLE ALL RESET ALL; REVOKE ALL ON TABLESPACE pg_default FROM plain; COMMENT ON TABLESPACE pg_default IS NULL;
         ALTER TABLESPACE pg_global RESET (seq_page_cost)",
    )?;
    psql(
        server,
        "CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII'",
    )?;
    psql_in(
        server,
        "ascii",
        "SET client_encoding = SQL_ASCII; DO $$BEGIN EXECUTE 'CREATE ROLE \"l' || chr(233) || '\"';
             EXECUTE 'COMMENT ON ROLE plain IS ''l' || chr(233) || ''''; EXECUTE 'ALTER ROLE plain SET my.own = ''l' || chr(233) || ''''; END$$",
    )?;
    let mut ours = pgdumprs();
    ours.args(["dump", "--globals-only", "-d", "ascii"]);
    let ours = printed(ours, server, "postgres", "")?;
    let mut stock = tool(Major::REFERENCE, "pg_dumpall");
    stock.args(["--globals-only", "-l", "ascii"]);
    let stock = printed(stock, server, "postgres", "")?;
    ensure!(ours == stock, "{}", String::from_utf8_lossy(&ours));
    let name = b"CREATE ROLE \"l\xe9\";";
    ensure!(
        ours.windows(name.len()).any(|window| window == name),
        "{}",
        String::from_utf8_lossy(&ours)
    );
    let folder = server.data_dir().parent().context("a folder")?;
    let mut by_utf8 = pgdumprs();
    by_utf8
        .args(["dump", "--globals-only", "-U", "postgres", "-h"])
        .arg(folder);
    let output = by_utf8.args(["-p", &server.port().to_string()]).output()?;
    assert_says(
        &String::from_utf8_lossy(&output.stderr),
        &[
            "warning: the name of role",
            "warning: the comment of role \"plain\" is no UTF-8",
            "warning: the setting my.own of role \"plain\" is no UTF-8",
        ],
    );
    Ok(())
}

#[test]
fn what_is_about_one_database_is_refused() {
    for (options, reason) in [
        (
            "-t x",
            "options --globals-only and -t/--table cannot be used together",
        ),
        (
            "-s",
            "options --globals-only and -s/--schema-only cannot be used together",
        ),
        ("-Fc", "option --globals-only writes SQL"),
        (
            "--report=json",
            "options --globals-only and --report cannot be used together",
        ),
        (
            "--if-exists",
            "option --if-exists requires option -c/--clean",
        ),
    ] {
        let mut command = pgdumprs();
        command
            .args(["dump", "--globals-only"])
            .args(options.split(' '));
        assert_says(&failure(&mut command), &[reason]);
    }
    assert_says(
        &failure(pgdumprs().args(["dump", "--no-role-passwords"])),
        &["option --no-role-passwords requires option --all or --globals-only"],
    );
}
