//! `pgdumprs list` beside `pg_restore -l`.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use pgdumprs_testkit::{
    DatabaseOptions, Major, Server, checked_output, fixture_files, reference_pg_restore, tool,
};
use serde_json::Value;

use crate::samples::{Samples, TABLES};
use crate::support::{pgdumprs, run};

/// Fixtures of kinds of objects whose entries are listed in ways of their own.
const KINDS: [&str; 8] = [
    "comment.sql",
    "default_privilege.sql",
    "function.sql",
    "large_object.sql",
    "names.sql",
    "partition.sql",
    "publication.sql",
    "security_label.sql",
];

/// What a command prints, in a time zone that is not the machine's.
fn printed(command: &mut Command) -> String {
    let output = run(command.env("TZ", "America/New_York"));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn list(options: &[&str], archive: &Path) -> String {
    printed(pgdumprs().arg("list").args(options).arg(archive))
}

fn json(options: &[&str], archive: &Path) -> Value {
    let text = list(&[options, &["--json"]].concat(), archive);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The list is what `pg_restore` prints, and its JSON says the same.
pub(crate) fn check(samples: &Samples) {
    for archive in samples.all() {
        for options in [&[][..], &["-v"]] {
            let theirs = printed(reference_pg_restore().arg("-l").args(options).arg(archive));
            assert_eq!(list(options, archive), theirs, "{}", archive.display());
            if archive.is_dir() {
                continue;
            }
            // From a pipe, too.
            let file = File::open(archive).unwrap();
            let own = printed(pgdumprs().arg("list").args(options).arg("-").stdin(file));
            assert_eq!(own, theirs, "{} on standard input", archive.display());
        }
    }
    check_use(samples);
    check_json(samples);
}

#[test]
fn kinds_of_entries_are_listed_as_by_pg_restore() {
    let server = Server::get(Major::REFERENCE);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let files = fixture_files("kinds", Major::REFERENCE).unwrap();
    let named = |name: &str| files.iter().find(|file| file.ends_with(name)).unwrap();
    server.database().load_file(named("00_roles.sql")).unwrap();
    for name in KINDS {
        let database = server.database();
        database.load_file(named(name)).unwrap();
        let mut dump = tool(Major::REFERENCE, "pg_dump");
        dump.args(["-Fc", "-C", "--statistics", "-d", &database.url(), "-f"]);
        printed(dump.arg(&archive));
        for options in [&[][..], &["-v"]] {
            let theirs = printed(reference_pg_restore().arg("-l").args(options).arg(&archive));
            assert_eq!(list(options, &archive), theirs, "{name}");
        }
    }
}

/// `pg_restore -L` takes the list, whole and with lines taken out.
fn check_use(samples: &Samples) {
    let archive = samples.named("stock-default");
    let path = samples.folder().join("list");
    let script = |options: &[&str]| {
        let mut restore = reference_pg_restore();
        let script = printed(restore.args(["-f", "-"]).args(options).arg(&archive));
        let lines = script
            .lines()
            .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let by_list = ["-L", path.to_str().unwrap()];
    let whole = list(&[], &archive);
    fs::write(&path, &whole).unwrap();
    assert_eq!(script(&by_list), script(&[]));
    let some: Vec<&str> = whole
        .lines()
        .filter(|line| !line.contains(" VIEW "))
        .collect();
    fs::write(&path, some.join("\n")).unwrap();
    assert!(script(&[]).contains("CREATE VIEW public.cheap"));
    assert!(!script(&by_list).contains("CREATE VIEW"));
}

fn check_json(samples: &Samples) {
    for archive in samples.all() {
        let found = json(&[], archive);
        assert!(found["totals"].is_null());
        assert_eq!(found["database"], samples.database.name());
        assert_eq!(found["encoding"], "UTF8");
        let format = match archive.file_stem().unwrap().to_string_lossy() {
            name if name.starts_with("stock-folder") => "directory",
            name if name == "stock-tar" => "tar",
            _ => "custom",
        };
        assert_eq!(found["format"], format);
        let entries = found["entries"].as_array().unwrap();
        let listed = entries.iter().filter(|entry| entry["listed"] == true);
        for entry in entries.iter().filter(|entry| entry["has_data"] == true) {
            assert_eq!(entry["data_file"].is_string(), format != "custom");
        }
        let lines: Vec<String> = listed
            .map(|entry| {
                let schema = entry["schema"].as_str().unwrap_or("-");
                let line = format!(
                    "{}; {} {} {} {} {} {}",
                    entry["dump_id"],
                    entry["catalog_oid"],
                    entry["oid"],
                    entry["descriptor"].as_str().unwrap(),
                    schema,
                    entry["tag"].as_str().unwrap_or(""),
                    entry["owner"].as_str().unwrap_or("")
                );
                line.replace('\n', " ")
            })
            .collect();
        let text = list(&[], archive);
        let expected: Vec<&str> = text.lines().filter(|line| !line.starts_with(';')).collect();
        assert_eq!(lines, expected);
    }
    check_sizes(samples);
}

fn check_sizes(samples: &Samples) {
    let archive = samples.named("own-none");
    let found = json(&["--sizes"], &archive);
    let entries = found["entries"].as_array().unwrap();
    let mut rows = 0;
    for (table, columns) in TABLES {
        let copied = copy(samples, table, columns);
        let entry = entries.iter().find(|entry| {
            let name = format!(
                "{}.{}",
                entry["schema"].as_str().unwrap_or(""),
                entry["tag"].as_str().unwrap_or("")
            );
            entry["descriptor"] == "TABLE DATA" && name == table.replace('"', "")
        });
        let entry = entry.unwrap_or_else(|| panic!("{table} is missing"));
        let lines = copied.iter().filter(|&&byte| byte == b'\n').count();
        assert_eq!(entry["rows"], lines, "{table}");
        assert_eq!(entry["raw_bytes"], copied.len(), "{table}");
        // With the line that ends the rows.
        assert_eq!(entry["stored_bytes"], copied.len() + 5, "{table}");
        assert!(entry["data_offset"].as_u64().unwrap() > 0);
        rows += lines;
    }
    let totals = &found["totals"];
    assert_eq!(totals["tables"], TABLES.len());
    assert_eq!(totals["rows"], rows);
    assert_eq!(totals["large_objects"], 3);
    assert_eq!(
        totals["archive_bytes"],
        fs::metadata(&archive).unwrap().len()
    );
    let table = list(&["--sizes"], &archive);
    let first = table.lines().nth(1).unwrap();
    assert!(
        first.starts_with("TABLE DATA public item  ") && first.contains("5,000"),
        "{table}"
    );
    assert!(
        table.lines().last().unwrap().starts_with("total "),
        "{table}"
    );
    assert_eq!(
        json(&["--sizes"], &samples.schema_only)["totals"]["raw_bytes"],
        0
    );
}

/// What `COPY … TO` gives of a table.
pub(crate) fn copy(samples: &Samples, table: &str, columns: &str) -> Vec<u8> {
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-X", "-d", &samples.database.url(), "-c"]);
    let output = checked_output(psql.arg(format!("COPY {table} {columns} TO STDOUT")));
    output.unwrap().stdout
}

#[test]
fn names_that_are_not_utf_8_are_given_twice_in_json() {
    let server = Server::get(Major::REFERENCE);
    let database = server.database_with(&DatabaseOptions {
        encoding: "LATIN1".into(),
        ..DatabaseOptions::default()
    });
    database.execute_sql("SET client_encoding = 'UTF8'; CREATE TABLE \"Gr\u{fc}\u{df}e\" (a int);");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    printed(pgdumprs().args(["-d", &database.url(), "-f"]).arg(&archive));
    let found = json(&[], &archive);
    assert_eq!(found["encoding"], "LATIN1");
    let entries = found["entries"].as_array().unwrap();
    let table = entries
        .iter()
        .find(|entry| entry["descriptor"] == "TABLE")
        .unwrap();
    assert_eq!(table["tag"], "Gr\u{fffd}\u{fffd}e");
    assert_eq!(table["tag_hex"], "4772fcdf65");
    assert!(table.get("schema_hex").is_none());
    let stock = checked_output(reference_pg_restore().arg("-l").arg(&archive)).unwrap();
    let own = run(pgdumprs().arg("list").arg(&archive));
    assert_eq!(own.stdout, stock.stdout);
}
