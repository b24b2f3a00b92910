//! Filter files.

use pgdumprs_testkit::compare::{compare_archives, stock_archive};
use pgdumprs_testkit::{Database, Major, Server};

use crate::against::{refusals, same};
use crate::support::{pgdumprs, run};

fn sample() -> Database {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql(include_str!("names.sql"));
    database
}

#[test]
fn rules_choose_what_is_dumped() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let filters = [
        "# comment\n\ninclude table parent # behind\n  include\ttable_and_children app.measured\r\n\
         exclude table_data  log.*\nexclude table app . parent_id_seq\nINCLUDE Schema app",
        "exclude schema log\nexclude table_and_children app.measured\n\
         exclude table_data_and_children app.parent\n",
        // Unlike -e, this leaves everything else in the dump.
        "include extension hstore\n",
        "exclude extension h*\ninclude schema \"App.2\"\n",
        "include table \"App.2\".\"Order\"\ninclude table \"it's\"#comment\n",
        "",
        "include table_and_children app.parent\nexclude table log.child\nexclude schema nothing\n",
        "include table \"app\" . \"dot.ted\"   # comment\n\t include table app.\"star*\"\n#\n   # include schema log\ninclude table app.[mp]*$\r\n",
        "include schema app\nexclude table_data \"Order\"#comment\nexclude extension hstore\nexclude table_data_and_children app.measured",
    ];
    let mut files = Vec::new();
    for (number, rules) in filters.iter().enumerate() {
        let file = folder.path().join(number.to_string());
        std::fs::write(&file, rules).unwrap();
        let argument = format!("--filter={}", file.display());
        same(&database, &[&argument]);
        files.push(argument);
    }
    same(&database, &[&files[0], &files[1], "-t", "kept", "-s"]);
}

#[test]
fn rules_come_from_standard_input_too() {
    let database = sample();
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    std::fs::write(&rules, "include table parent\n").unwrap();
    let (stock, ours) = (
        folder.path().join("stock.dump"),
        folder.path().join("ours.dump"),
    );
    stock_archive(&database, &stock, &["-t", "parent"]).unwrap();
    let output = run(pgdumprs()
        .args([
            "--filter=-",
            "--archive-version=1.16",
            "-d",
            &database.conninfo(),
            "-f",
        ])
        .arg(&ours)
        .stdin(std::fs::File::open(&rules).unwrap()));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    compare_archives(&stock, &ours).unwrap().assert_same();
}

#[test]
fn bad_rules_are_refused_as_by_stock() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules");
    let argument = format!("--filter={}", file.display());
    for rules in [
        "include",
        "include table",
        "\n\nfetch table x",
        "include tables x",
        "include function f()",
        "include table_data x",
        "include table_data_and_children x",
        "exclude foreign_data x",
        "exclude database x",
        "include index x",
        "exclude trigger x",
        "include table \"x\ny",
        "include table \"x",
        "  include  ",
        "exclude table#x",
        "include#x",
        "includ table x",
        "-- include table x",
        "include large_objects x",
        "include table x\n\n# fine\nexclude statistics x",
    ] {
        std::fs::write(&file, rules).unwrap();
        let (stock, ours) = refusals("host=/nowhere", &[&argument]);
        assert_eq!(stock, ours, "{rules}");
    }
    let (stock, ours) = refusals("host=/nowhere", &["--filter=/nowhere/rules"]);
    assert!(ours.starts_with(&stock), "{ours}");
}
