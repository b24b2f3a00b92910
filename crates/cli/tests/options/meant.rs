//! Patterns that match nothing, and what they seem to mean.

use std::fs;

use pgdumprs_testkit::{Database, Major, Server};

use crate::support::{assert_says, failure, pgdumprs, run};

/// Tables that are easily missed: by their letters, by their schema.
fn sample() -> Database {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql(
        "CREATE TABLE \"Users\" (id int);
         CREATE TABLE \"Order Items\" (id int);
         CREATE TABLE customers (id int);
         CREATE SCHEMA app;
         CREATE TABLE app.orders (id int);
         CREATE TABLE app.\"Lines\" (id int);
         CREATE SCHEMA \"Log\";
         CREATE EXTENSION hstore;
         CREATE FOREIGN DATA WRAPPER w;
         CREATE SERVER \"Far\" FOREIGN DATA WRAPPER w;
         DO $$ BEGIN
             FOR i IN 1..9 LOOP
                 EXECUTE format('CREATE SCHEMA tenant_%s CREATE TABLE bills (id int)', i);
             END LOOP;
         END $$",
    );
    database
}

#[test]
fn an_error_says_what_there_is_and_how_it_is_written() {
    let database = sample();
    const CAPITALS: &str = "outside double quotes, capital letters stand for small ones";
    const SEARCH_PATH: &str = "only in the schemas of the search path";
    for (arguments, parts) in [
        (
            &["-t", "Users"][..],
            &[r#"public."Users" (in a shell: 'public."Users"')"#, CAPITALS][..],
        ),
        (&["-t", "\"users\""], &["but public.\"Users\""]),
        (&["-t", "Order Items"], &["'public.\"Order Items\"'"]),
        (&["-t", "orders"], &["but app.orders:", SEARCH_PATH]),
        (&["-t", "public.orders"], &["but app.orders"]),
        (&["-t", "lines"], &["'app.\"Lines\"'"]),
        (
            &["-t", "bills"],
            &["tenant_1.bills or tenant_2.bills or tenant_3.bills or 6 more"],
        ),
        (
            &["-t", "costumers"],
            &["no table costumers, but public.customers"],
        ),
        (&["-t", "ap.order"], &["no table ap.order, but app.orders"]),
        (
            &["-t", "User*"],
            &["no table matches User*", CAPITALS, SEARCH_PATH],
        ),
        (&["-t", "app"], &["but a schema", "-n app"]),
        (
            &["-t", "zebra"],
            &["no table zebra, nor one that is called alike, in database"],
        ),
        (
            &["-t", "zebra", "-t", "Users"],
            &["no table zebra", "but public.\"Users\""],
        ),
        (&["--table-and-children=Users"], &["'public.\"Users\"'"]),
        (
            &["-n", "log"],
            &["no schema log, but \"Log\" (in a shell: '\"Log\"')"],
        ),
        (&["-n", "ap"], &["no schema ap, but app"]),
        (
            &["-n", "customers"],
            &["but a table", "-t public.customers"],
        ),
        (&["-e", "hstor"], &["no extension hstor, but hstore"]),
        (
            &["--include-foreign-data=Far"],
            &["no foreign server Far, but \"Far\"", CAPITALS],
        ),
        (
            &["--strict-names", "-t", "customers", "-t", "Users"],
            &["'public.\"Users\"'"],
        ),
    ] {
        let said = failure(
            pgdumprs()
                .args(arguments)
                .args(["-d", &database.conninfo()]),
        );
        let hint = said.lines().nth(1).unwrap_or_default();
        assert!(
            hint.starts_with("pgdumprs: hint: "),
            "{arguments:?}: {said}"
        );
        assert_says(hint, parts);
    }
    // What is written so is found.
    for pattern in ["public.\"Users\"", "app.orders", "\"App\".*"] {
        let output =
            run(pgdumprs().args(["-t", pattern, "-t", "customers", "-d", &database.conninfo()]));
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{pattern}"
        );
    }
}

/// Nobody is told of a pattern that matches nothing, and need not, unless its name is there after all: rows that were to be left out are
/// dumped.
#[test]
fn a_pattern_that_need_not_match_is_warned_of_where_its_name_is_there() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    let said = |arguments: &[&str]| {
        let output = run(pgdumprs()
            .args(arguments)
            .args(["-d", &database.conninfo()]));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    for arguments in [
        "-T Users",
        "-T orders",
        "--exclude-table-and-children=Users",
        "--exclude-table-data=Users",
        "--exclude-table-data-and-children=orders",
        "-N log",
        "-t customers -t Users",
        "--filter",
    ] {
        let filter = format!("--filter={}", rules.display());
        fs::write(&rules, "exclude table Users\n").unwrap();
        let arguments = arguments.replace("--filter", &filter);
        let arguments: Vec<_> = arguments.split(' ').collect();
        let warning = said(&arguments);
        assert_eq!(warning.lines().count(), 1, "{warning}");
        assert!(
            warning.starts_with("pgdumprs: warning: the pattern "),
            "{warning}"
        );
        assert_eq!(said(&[&arguments[..], &["-q"]].concat()), "");
    }
    assert_says(
        &said(&["-T", "Users"]),
        &["leaves nothing out", "'public.\"Users\"'"],
    );
    for arguments in [
        "-T costumers",
        "-T zebra -N zebra",
        "-T \"Users\"",
        "-T app.orders",
        "-T Us*",
    ] {
        let arguments: Vec<_> = arguments.split(' ').collect();
        assert_eq!(said(&arguments), "", "{arguments:?}");
    }
}
