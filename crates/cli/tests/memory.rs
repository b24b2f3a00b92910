//! Peak memory of the command: a dump's and a restore's within their budgets, whatever the size of the data and the number of connections,
//! and that of what reads archives without regard to their size.

#[expect(dead_code, reason = "every test takes what it needs of it")]
mod support;

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use pgdumprs_testkit::{Database, Major, Server};
use support::{pgdumprs, run};

/// KiB that the program takes without any data: code, catalogs, threads, what the allocator keeps.
const PROGRAM: u64 = 60 * 1024;

/// KiB that an archive kept beside a clone may have waiting before it goes into a temporary file, and what its connections have to compress.
const WAITING: u64 = (32 + 8 * 4) * 1024;

/// A database of `rows` rows of 100 kB of text that compresses to a tenth, and the same of the kind that stays in the table.
fn database(server: &Server, rows: usize) -> Database {
    let database = server.database();
    database.execute_sql(format!(
        "CREATE TABLE wide (a text);
         ALTER TABLE wide ALTER a SET STORAGE EXTERNAL;
         INSERT INTO wide SELECT repeat(md5(n::text) || md5(n::text), 1600) FROM generate_series(1, {rows}) n;
         CREATE TABLE narrow AS SELECT n, md5(n::text) AS a FROM generate_series(1, {rows} * 2000) n;"
    ));
    database
}

/// Dumps over eight connections, and gives the peak of resident memory in KiB.
fn peak_of_dump(database: &Database, arguments: &[&str]) -> u64 {
    peak(
        pgdumprs()
            .args(["-d", &database.conninfo(), "-j8"])
            .args(arguments),
    )
}

/// How long a command's peak must stay what it is before nothing more is taken to be under way, and how often that is looked for.
const QUIET: u32 = 4;
const LOOK: Duration = Duration::from_millis(250);
const LOOKS: usize = 120;

/// Runs a command into a pipe that nobody reads until all that may wait does. Gives the peak of resident memory in KiB.
fn peak(command: &mut Command) -> u64 {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .expect("the command was built with this test");
    let mut output = child.stdout.take().expect("it is a pipe");
    let status = format!("/proc/{}/status", child.id());
    let look = |peak| {
        let status = std::fs::read_to_string(&status).ok();
        status.as_deref().and_then(high_water).unwrap_or(peak)
    };
    let (mut buffer, mut peak, mut quiet) = (vec![0; 1 << 20], 0, 0);
    for _ in 0..LOOKS {
        std::thread::sleep(LOOK);
        let last = peak;
        peak = look(last);
        quiet = if peak == last { quiet + 1 } else { 0 };
        if quiet == QUIET {
            break;
        }
    }
    loop {
        peak = look(peak);
        if output.read(&mut buffer).expect("a pipe can be read") == 0 {
            break;
        }
    }
    assert!(child.wait().expect("it ends").success());
    peak
}

/// Runs a command to its end, and gives the peak of resident memory in KiB.
fn peak_to_the_end(command: &mut Command) -> u64 {
    let mut child = command
        .spawn()
        .expect("the command was built with this test");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(&status).ok();
        peak = status.as_deref().and_then(high_water).unwrap_or(peak);
        if let Some(end) = child.try_wait().expect("it can be waited for") {
            assert!(end.success(), "{command:?}");
            return peak;
        }
        std::thread::sleep(LOOK / 10);
    }
}

/// The peak of resident memory from a process's status file.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn memory_stays_within_its_budget_whatever_the_size_of_the_data() {
    let server = Server::builder(Major::V17).start().expect("a server");
    let (small, large) = (database(&server, 400), database(&server, 1200));
    for compression in ["none", "gzip", "zstd:3"] {
        let budget = 32;
        let memory = format!("--memory={budget}");
        let arguments = ["-Z", compression, &memory];
        let (small, large) = (
            peak_of_dump(&small, &arguments),
            peak_of_dump(&large, &arguments),
        );
        println!("{compression}: {small} and {large} KiB");
        for peak in [small, large] {
            assert!(peak <= budget * 1024 + PROGRAM, "{compression}: {peak} KiB");
        }
        assert!(
            large <= small + 24 * 1024,
            "{compression}: {small} KiB grow to {large} KiB"
        );
    }
}

/// A hundred megabytes go through the hands of what reads archives, and do not stay there.
#[test]
fn archives_are_read_as_they_come() {
    let server = Server::builder(Major::V17).start().expect("a server");
    let database = database(&server, 1200);
    let folder = tempfile::tempdir().expect("a folder");
    for compression in ["none", "gzip"] {
        let archive = folder.path().join(compression);
        let mut dump = pgdumprs();
        dump.args(["-Z", compression, "-d", &database.conninfo(), "-f"]);
        assert!(run(dump.arg(&archive)).status.success());
        let (mut verify, mut cat) = (pgdumprs(), pgdumprs());
        verify.arg("verify").arg(&archive);
        cat.arg("cat").arg(&archive).arg("public.wide");
        for mut command in [verify, cat] {
            let peak = peak(&mut command);
            assert!(peak <= PROGRAM, "{command:?}: {peak} KiB");
        }
    }
}

/// Rows of a few bytes, of a hundred kilobytes and of some megabytes, over several connections for each table, from a file and from a pipe.
#[test]
fn a_restore_stays_within_its_budget() {
    let server = Server::builder(Major::V17).start().expect("a server");
    let source = database(&server, 600);
    source.execute_sql(
        "CREATE TABLE long AS SELECT repeat(md5(n::text), 100000) AS a FROM generate_series(1, 30) n",
    );
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("archive.dump");
    let mut dump = pgdumprs();
    dump.args(["-Znone", "-d", &source.conninfo(), "-f"]);
    assert!(run(dump.arg(&archive)).status.success());
    let budget = 16;
    for piped in [false, true] {
        let target = source.empty_sibling().expect("a database");
        let mut restore = pgdumprs();
        restore
            .args(["restore", "-j4", "-d", &target.conninfo()])
            .arg(format!("--memory={budget}"));
        if piped {
            restore.stdin(std::fs::File::open(&archive).expect("it is there"));
        } else {
            restore.arg(&archive);
        }
        let peak = peak_to_the_end(&mut restore);
        println!("piped {piped}: {peak} KiB");
        assert!(peak <= budget * 1024 + PROGRAM, "piped {piped}: {peak} KiB");
        assert_eq!(
            target.psql("SELECT sum(length(a)) FROM long"),
            (30 * 3_200_000).to_string()
        );
    }
}

/// What takes more memory than there is is done over fewer connections, and that is told.
#[test]
fn compression_that_takes_much_memory_is_told_of() {
    let server = Server::builder(Major::V17).start().expect("a server");
    let database = database(&server, 400);
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = pgdumprs();
    command.args(["-j8", "-Z", "zstd:level=1,long", "-d", &database.conninfo()]);
    let output = run(command.arg("-f").arg(folder.path().join("a.dump")));
    let said = String::from_utf8(output.stderr).expect("messages are UTF-8");
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("256 MiB of memory are enough for 1 of"),
        "{said}"
    );
}

/// Rows of a few bytes, of a hundred kilobytes and of some megabytes, over eight pairs of connections, and a target that takes a while for each row.
#[test]
fn a_clone_keeps_what_is_under_way_small() {
    let server = Server::builder(Major::V17).start().expect("a server");
    let source = database(&server, 300);
    source.execute_sql(
        "CREATE TABLE long AS SELECT repeat(md5(n::text), 100000) AS a FROM generate_series(1, 30) n",
    );
    let target = server.database();
    target.execute_sql(
        "CREATE TABLE wide (a text); CREATE TABLE narrow (n int, a text); CREATE TABLE long (a text);
         CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.05); RETURN new; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON long FOR EACH ROW EXECUTE FUNCTION slow();",
    );
    let (copy, another) = (server.database(), server.database());
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("a.dump").display().to_string();
    let kept = &["--archive", &archive, "-Znone"];
    for (target, more, bound) in [
        (&copy, &[][..], PROGRAM),
        (&target, &["-a"], PROGRAM),
        (&another, kept, PROGRAM + WAITING),
    ] {
        let mut command = pgdumprs();
        command.args(["clone", &source.conninfo(), &target.conninfo(), "-j8"]);
        let peak = peak_to_the_end(command.args(more));
        println!("{more:?}: {peak} KiB");
        assert!(peak <= bound, "{more:?}: {peak} KiB");
        assert_eq!(target.psql("SELECT count(*) FROM wide"), "300");
    }
}
