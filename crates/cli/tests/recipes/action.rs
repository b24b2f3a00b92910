//! `action.yml`: what it writes, stores, removes and says, and what it never says.

mod runner;
mod stores;

use std::env::consts::ARCH;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use pgdumprs_testkit::{Major, Server};

use self::runner::Outcome;
pub(crate) use self::runner::Runner;
use self::stores::STORES;
use crate::shop::{Shop, names, succeeds};

/// The role's password, and as a URL has it.
const PASSWORD: &str = r"ein / gutes\n%@";
const ENCODED: &str = r"ein%20%2F gutes\n%25%40";

/// Names that are like those of the template `shop-%Y-%m-%d.dump`, and are none.
const FOREIGN: [&str; 5] = [
    "my-shop-2020-01-01.dump",
    "shop-2020-01-01.dump.gpg",
    "shop-2020-1-01.dump",
    "shop-2020-01-01xdump",
    "shop-latest.dump",
];

/// A shop on a server that asks for passwords, and the URL of a role.
fn guarded_shop() -> (Shop, String) {
    static SERVER: LazyLock<Server> = LazyLock::new(|| {
        let builder = Server::builder(Major::V17);
        builder
            .access_rules("host all all 127.0.0.1/32 scram-sha-256")
            .start()
            .unwrap()
    });
    let shop = Shop::open_on(&SERVER);
    let role = SERVER.role(&format!("LOGIN SUPERUSER PASSWORD '{PASSWORD}'"));
    let (port, database) = (SERVER.port(), shop.database.name().to_owned());
    (
        shop,
        format!("postgresql://{role}:{ENCODED}@127.0.0.1:{port}/{database}"),
    )
}

fn old_files(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for day in 1..=5 {
        fs::write(folder.join(format!("shop-2020-01-{day:02}.dump")), "old").unwrap();
    }
    for name in FOREIGN {
        fs::write(folder.join(name), "another's").unwrap();
    }
}

fn assert_fails(outcome: &Outcome, reason: &str) {
    assert!(!outcome.is_success, "{}", outcome.log);
    assert!(
        outcome.log.contains("::error title=Backup::"),
        "{}",
        outcome.log
    );
    for text in [&outcome.log, &outcome.summary] {
        assert!(text.contains(reason), "{reason:?} is not in: {text}");
    }
    assert!(outcome.summary.starts_with("### The backup failed"));
}

#[test]
fn a_file_is_made_and_described() {
    let (shop, url) = guarded_shop();
    let runner = Runner::new(&shop);
    let options = "-Z\nzstd\n\n--exclude-table-data=au*t\n";
    let outcome = runner.run(&[("url", &url), ("options", options)], &[]);
    assert!(outcome.is_success, "{}", outcome.log);
    let output = |name: &str| outcome.outputs[name].as_str();
    let path = Path::new(output("path"));
    assert_eq!(path.file_name().unwrap(), output("name"));
    assert!(output("name").starts_with("backup-20") && output("name").ends_with("Z.dump"));
    assert_eq!(
        output("size"),
        fs::metadata(path).unwrap().len().to_string()
    );
    let sum = succeeds(Command::new("sha256sum").arg(path));
    assert_eq!(sum.split(' ').next(), Some(output("sha256")));
    assert_eq!((output("tables"), output("rows")), ("1", "2000"));
    let report: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(output("report")).unwrap()).unwrap();
    assert_eq!(report["rows"], 2000);
    for said in [
        output("name"),
        output("sha256"),
        "| 1, 2000 |",
        "| pgdumprs 0.",
    ] {
        assert!(
            outcome.summary.contains(said),
            "{said}: {}",
            outcome.summary
        );
    }

    let arguments = fs::read_to_string(runner.store().join("arguments")).unwrap();
    assert!(arguments.contains("--verify"), "{arguments}");
    for secret in [PASSWORD, ENCODED, "gutes"] {
        outcome.assert_hides(secret);
        assert!(
            !arguments.contains(secret),
            "it shows in the list of processes: {arguments}"
        );
    }
    let hidden: Vec<_> = outcome
        .hidden
        .iter()
        .map(|text| text.replace("%25", "%"))
        .collect();
    assert_eq!(hidden, [url.as_str(), ENCODED, PASSWORD]);

    // Without a URL, by the variables that libpq has.
    shop.database.execute_sql("DROP TABLE audit");
    let port = shop.database.server().port().to_string();
    let socket = shop.database.server().socket_dir().display().to_string();
    let variables = [
        ("PGHOST", socket.as_str()),
        ("PGPORT", &port),
        ("PGUSER", "postgres"),
        ("PGDATABASE", shop.database.name()),
    ];
    let outcome = runner.run(&[("verify", "false"), ("file", "shop.dump")], &variables);
    assert!(outcome.is_success, "{}", outcome.log);
    assert_eq!(outcome.outputs["name"], "shop.dump");
    shop.assert_is_archived_in(Path::new(&outcome.outputs["path"]));
    let arguments = fs::read_to_string(runner.store().join("arguments")).unwrap();
    assert!(!arguments.lines().last().unwrap().contains("--verify"));
}

#[test]
fn the_last_ones_are_kept_in_each_store() {
    let (shop, url) = guarded_shop();
    let runner = Runner::new(&shop);
    for (destination, folder) in STORES {
        let folder = runner.store().join(folder);
        old_files(&folder);
        let inputs = [
            ("url", url.as_str()),
            ("file", "shop-%Y-%m-%d.dump"),
            ("destination", destination),
            ("keep", "3"),
        ];
        let outcome = runner.run(&inputs, &[]);
        assert!(outcome.is_success, "{destination}: {}", outcome.log);
        let new = &outcome.outputs["name"];
        let mut expected = vec![
            new.clone(),
            "shop-2020-01-04.dump".into(),
            "shop-2020-01-05.dump".into(),
        ];
        expected.extend(FOREIGN.map(str::to_owned));
        expected.sort();
        assert_eq!(names(&folder), expected, "{destination}");
        assert_eq!(
            fs::read(folder.join(new)).unwrap(),
            fs::read(&outcome.outputs["path"]).unwrap()
        );
        let removed =
            "| removed | shop-2020-01-03.dump shop-2020-01-02.dump shop-2020-01-01.dump |";
        assert!(outcome.summary.contains(removed), "{}", outcome.summary);
        outcome.assert_hides("gutes");
        fs::remove_dir_all(&folder).unwrap();
    }
    let commands = fs::read_to_string(runner.store().join("commands")).unwrap();
    assert!(!commands.contains("gutes"), "{commands}");
}

#[test]
fn what_fails_removes_nothing() {
    let (shop, url) = guarded_shop();
    let runner = Runner::new(&shop);
    let wrong = url.replace("gutes", "falsches");
    for (destination, folder) in STORES {
        let folder = runner.store().join(folder);
        old_files(&folder);
        let before = names(&folder);
        let run = |url: &str, variables: &[(&str, &str)]| {
            let inputs = [
                ("url", url),
                ("file", "shop-%Y-%m-%d.dump"),
                ("destination", destination),
                ("keep", "1"),
            ];
            let outcome = runner.run(&inputs, variables);
            outcome.assert_hides("gutes");
            outcome.assert_hides("falsches");
            outcome
        };
        let outcome = run(&url, &[("FAILS", "1")]);
        assert_fails(&outcome, "the upload was refused");
        assert_eq!(names(&folder), before);
        assert!(
            !outcome.outputs["path"].is_empty(),
            "the file is there to be stored otherwise"
        );

        let outcome = run(&url, &[("CUTS", "1")]);
        assert_fails(&outcome, "nothing was removed");
        assert_eq!(names(&folder).len(), before.len() + 1);
        fs::remove_dir_all(&folder).unwrap();
    }

    let folder = runner.store().join(STORES[0].1);
    old_files(&folder);
    let before = names(&folder);
    let inputs = |url| {
        [
            ("url", url),
            ("file", "shop-%Y-%m-%d.dump"),
            ("destination", STORES[0].0),
            ("keep", "1"),
        ]
    };
    let outcome = runner.run(&inputs(&wrong), &[]);
    assert_fails(&outcome, "password authentication failed");
    outcome.assert_hides("falsches");
    assert!(outcome.outputs.is_empty(), "{:?}", outcome.outputs);
    shop.database
        .execute_sql("UPDATE orders SET note = '\u{20ac}' WHERE id = 1999");
    let outcome = runner.run(&inputs(&url), &[("PGCLIENTENCODING", "LATIN1")]);
    assert_fails(&outcome, "public.orders");
    assert_eq!(names(&folder), before);
}

#[test]
fn nothing_is_stored_where_everybody_reads() {
    let (shop, url) = guarded_shop();
    let runner = Runner::new(&shop);
    let inputs = [("url", url.as_str()), ("destination", "release:nightly")];
    for visibility in ["PUBLIC", "INTERNAL"] {
        let outcome = runner.run(&inputs, &[("VISIBILITY", visibility)]);
        assert_fails(&outcome, "others could read");
    }
    assert!(names(&runner.store().join("releases")).is_empty());
}

#[test]
fn a_program_is_run_when_its_sum_is_right() {
    let (shop, url) = guarded_shop();
    let runner = Runner::new(&shop);
    let version = env!("CARGO_PKG_VERSION");
    let release = runner.release(version);
    fs::create_dir_all(&release).unwrap();
    let name = format!("pgdumprs-{version}-{ARCH}-unknown-linux-musl");
    let script = format!(
        "cd '{}' && mkdir {name} && cp '{}' {name}/pgdumprs && tar -czf {name}.tar.gz {name} && sha256sum *.gz > SHA256SUMS",
        release.display(),
        shop.path("bin/recording-pgdumprs").display(),
    );
    succeeds(&mut shop.shell(&script));
    let fetched = [("url", url.as_str()), ("program", "")];
    let outcome = runner.run(&fetched, &[]);
    assert!(outcome.is_success, "{}", outcome.log);
    let arguments = runner.store().join("arguments");
    assert!(arguments.exists());
    fs::remove_file(&arguments).unwrap();

    let archive = release.join(format!("{name}.tar.gz"));
    let mut bytes = fs::read(&archive).unwrap();
    bytes.push(0);
    fs::write(&archive, bytes).unwrap();
    assert_fails(&runner.run(&fetched, &[]), "it is not run");
    fs::write(release.join("SHA256SUMS"), "").unwrap();
    assert_fails(&runner.run(&fetched, &[]), "does not name");
    let other = [fetched.as_slice(), &[("version", "v9.9.9")]].concat();
    assert_fails(&runner.run(&other, &[]), "fetching");
    assert_fails(
        &runner.run(&fetched, &[("RUNNER_ARCH", "RISCV")]),
        "no pgdumprs for Linux on RISCV",
    );
    assert!(
        !arguments.exists(),
        "a program was run that nobody vouches for"
    );
}

#[test]
fn secrets_of_several_lines_are_hidden() {
    let shop = Shop::open();
    let runner = Runner::new(&shop);
    let url = "postgresql://u:first%0Asecond@127.0.0.1:1/d";
    let outcome = runner.run(&[("url", url)], &[]);
    assert!(!outcome.is_success);
    assert_eq!(outcome.hidden.last().unwrap(), "first%0Asecond");
    for line in ["first", "second"] {
        outcome.assert_hides(line);
    }
}

#[test]
fn wrong_inputs_are_refused_before_anything_is_done() {
    let shop = Shop::open();
    let runner = Runner::new(&shop);
    let cases: [(&[(&str, &str)], &str); 21] = [
        (&[("file", "../shop.dump")], "letters, digits"),
        (&[("file", "shop %Y.dump")], "letters, digits"),
        (&[("file", "shop-%A.dump")], "letters, digits"),
        (
            &[("file", ""), ("keep", "3"), ("destination", "s3://b/f")],
            "so that only this database's are counted",
        ),
        (&[("file", "-shop.dump")], "must begin"),
        (
            &[("keep", "3"), ("file", "shop-%Y-%m-%d.dump")],
            "without a destination",
        ),
        (
            &[("keep", "0"), ("destination", "s3://b/f")],
            "at least one",
        ),
        (
            &[("keep", "three"), ("destination", "s3://b/f")],
            "a number",
        ),
        (
            &[
                ("keep", "99999999999999999999"),
                ("destination", "s3://b/f"),
            ],
            "less than a million",
        ),
        (
            &[
                ("keep", "3"),
                ("destination", "s3://b/f"),
                ("file", "%d-%m-%Y"),
            ],
            "in this order",
        ),
        (
            &[
                ("keep", "3"),
                ("destination", "s3://b/f"),
                ("file", "shop.dump"),
            ],
            "in this order",
        ),
        (&[("destination", "ftp://b/f")], "is expected"),
        (&[("destination", "az://account")], "is expected"),
        (&[("verify", "yes")], "true or false"),
        (&[("program", "/no/such/program")], "cannot be run"),
        (&[("url", "postgresql://u:se@cret@h/d")], "%40"),
        (&[("url", "postgresql://u:se/cret@h/d")], "%2F"),
        (&[("url", "postgresql://u:se%cret@h/d")], "%25"),
        (
            &[("url", "postgresql://h/d?user=u&password=cret")],
            "before the host",
        ),
        (&[("url", "host=h password = cret")], "before the host"),
        (
            &[("url", "postgresql://u@h/d?sslpassword=cret")],
            "before the host",
        ),
    ];
    for (inputs, reason) in cases {
        let outcome = runner.run(inputs, &[]);
        assert_fails(&outcome, reason);
        outcome.assert_hides("cret");
        assert!(outcome.outputs.is_empty(), "{inputs:?}");
    }
    assert!(!runner.store().join("commands").exists());
    let arguments = fs::read_to_string(runner.store().join("arguments")).unwrap_or_default();
    assert!(
        arguments.lines().all(|line| line == "--version"),
        "{arguments}"
    );
}
