//! The report for programs.

use std::time::Duration;

use serde_json::Value;

use crate::shop;
use crate::support::{assert_says, failure, pgdumprs, run};

/// What a line of JSON holds.
fn read(line: &[u8]) -> Value {
    let text = std::str::from_utf8(line).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "one line: {text}");
    serde_json::from_str(text).unwrap()
}

#[test]
fn it_goes_where_the_archive_does_not() {
    let database = shop();
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    let dump = || {
        let mut command = pgdumprs();
        command.args(["-d", &database.url(), "--report", "json"]);
        command
    };

    let output = run(dump().arg("-f").arg(&archive));
    assert!(output.status.success() && output.stderr.is_empty());
    let first = read(&output.stdout);

    let output = run(dump().stdout(std::fs::File::create(&archive).unwrap()));
    assert!(output.status.success());
    let second = read(&output.stderr);

    let file = folder.path().join("report.json");
    let output = run(dump()
        .arg("--report-file")
        .arg(&file)
        .arg("-f")
        .arg(&archive));
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    let third = read(&std::fs::read(&file).unwrap());

    for report in [&first, &second, &third] {
        assert_eq!(report["database"], database.name());
        assert_eq!(report["tables"], 3);
        assert_eq!(report["rows"], 100_001);
        assert_eq!(report["large_objects"], 0);
        assert_eq!(report["warnings"], Value::Array(Vec::new()));
        assert!(
            report["server_version"]
                .as_str()
                .unwrap()
                .starts_with("17.")
        );
        assert!(report["snapshot"]["lsn"].as_str().unwrap().contains('/'));
        assert!(report["snapshot"]["time"].as_str().unwrap().ends_with('Z'));
        assert!(report["seconds"].as_f64().unwrap() < Duration::from_secs(3600).as_secs_f64());
        let tables = report["table_data"].as_array().unwrap();
        let sum = |key: &str| {
            tables
                .iter()
                .map(|table| table[key].as_u64().unwrap())
                .sum::<u64>()
        };
        assert_eq!(sum("rows"), 100_001);
        assert_eq!(report["raw_bytes"], sum("raw_bytes"));
        assert_eq!(report["compressed_bytes"], sum("compressed_bytes"));
        let item = tables
            .iter()
            .find(|table| table["name"] == "public.item")
            .unwrap();
        assert!(item["compressed_bytes"].as_u64() < item["raw_bytes"].as_u64());
    }
    assert_eq!(
        first["archive_bytes"],
        std::fs::metadata(&archive).unwrap().len()
    );
}

#[test]
fn a_report_that_cannot_be_written_is_known_before_the_dump() {
    let arguments = [
        "-d",
        "host=/nowhere",
        "--report=json",
        "--report-file=/no/such/folder/x",
    ];
    assert_says(
        &failure(pgdumprs().args(arguments)),
        &["/no/such/folder/x", "report"],
    );
    assert_says(
        &failure(pgdumprs().args(["--report-file=x", "db"])),
        &["--report"],
    );
    assert_says(&failure(pgdumprs().args(["--report=xml", "db"])), &["xml"]);
}

#[test]
fn a_dump_that_fails_has_no_report() {
    let database = shop();
    let said = failure(pgdumprs().args([
        "-d",
        &database.url(),
        "--report=json",
        "-t",
        "nothing",
        "-f",
        "/dev/null",
    ]));
    assert!(!said.contains('{'), "{said}");
}
