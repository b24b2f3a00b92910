//! The recipes in `docs/recipes`, block by block, with a stand-in for the store of objects.

#[path = "support/shell.rs"]
mod shell;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgdumprs_testkit::compare::{Restore, compare_restored};
use pgdumprs_testkit::{Database, Major, Server};
use shell::shell;
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

/// The blocks of a recipe, in their order: language and text.
fn blocks(recipe: &str, languages: &[&str]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/recipes")
        .join(recipe);
    let page = fs::read_to_string(path).unwrap();
    let mut found = Vec::new();
    let mut texts = Vec::new();
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        found.push(language.to_owned());
        texts.push(format!("{text}\n"));
    }
    assert_eq!(
        found, languages,
        "{recipe} has other blocks than this test runs"
    );
    texts
}

/// A shop's database, and a folder to work in.
struct Shop {
    database: Database,
    folder: TempDir,
}

impl Shop {
    fn open() -> Self {
        let database = Server::get(Major::V17).database();
        database.execute_sql(
            "CREATE TABLE audit (id int, what text);
             CREATE TABLE orders (id int PRIMARY KEY, placed_at timestamptz NOT NULL DEFAULT now(), note text);
             INSERT INTO audit SELECT n, md5(n::text) FROM generate_series(1, 50000) n;
             INSERT INTO orders SELECT n, now() - n * interval '1 minute', 'order ' || n FROM generate_series(1, 2000) n;",
        );
        Self {
            database,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A script that connects to the shop by `PG*` variables.
    fn shell(&self, script: &str) -> Command {
        let server = self.database.server();
        let bin = self.path("bin");
        let mut command = shell(self.folder.path(), &[&bin], script);
        command
            .env("PGHOST", server.socket_dir())
            .env("PGPORT", server.port().to_string())
            .env("PGUSER", "postgres")
            .env("PGDATABASE", self.database.name());
        command
    }

    /// Puts a program on the search path.
    fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path("bin").join(name);
        fs::create_dir_all(self.path("bin")).unwrap();
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    fn assert_is_archived_in(&self, archive: &Path) {
        compare_restored(&self.database, archive, &[Restore::Serial])
            .unwrap()
            .assert_same();
    }

    /// Makes dumps fail when some rows have been written: a letter that the archive's encoding has not.
    fn fail_midway(&self, command: &mut Command) {
        self.database
            .execute_sql("UPDATE orders SET note = '\u{20ac}' WHERE id = 1999");
        command.env("PGCLIENTENCODING", "LATIN1");
    }
}

fn run(command: &mut Command) -> Output {
    command
        .output()
        .expect("bash is a part of every system that runs these tests")
}

fn succeeds(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that must fail with status 1.
fn fails(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    said
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

fn yaml(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap()
}

/// `aws s3 cp` and `mv`, with a folder for a store: what comes in is stored, whole or not.
const AWS: &str = r#"#!/bin/bash
set -e
[ "$1" = s3 ] || exit 2
path() { echo "$STORE/${1#s3://}"; }
case "$2 $3 $4" in
    "cp - s3://"*)
        [ -z "$AWS_FAILS" ] || { echo "upload failed" >&2; exit 1; }
        mkdir -p "$(dirname "$(path "$4")")"; cat > "$(path "$4")" ;;
    "cp s3://"*" -") cat "$(path "$3")" ;;
    "mv s3://"*" s3://"*) mkdir -p "$(dirname "$(path "$4")")"; mv "$(path "$3")" "$(path "$4")" ;;
    *) echo "unknown: $*" >&2; exit 2 ;;
esac
"#;

/// Runs a script with the store, in each of the ways in which it can end.
fn into_the_store(shop: &Shop, bash: &str, script: &str) {
    let store = shop.path("store");
    let (incoming, nightly) = (
        store.join("shop-backups/incoming"),
        store.join("shop-backups/nightly"),
    );
    shop.program("aws", AWS);
    let with_store = || {
        let mut command = shop.shell(&format!("{bash} \"$SCRIPT\""));
        let file = shop.path("script");
        fs::write(&file, script).unwrap();
        command
            .env("SCRIPT", file)
            .env("STORE", &store)
            .env("BUCKET", "shop-backups");
        command
    };
    let said = succeeds(&mut with_store());
    assert!(said.contains("is sound"), "{said}");
    assert!(names(&incoming).is_empty());
    let [stored] = &names(&nightly)[..] else {
        panic!("one archive is expected in {nightly:?}");
    };
    shop.assert_is_archived_in(&nightly.join(stored));
    fs::remove_dir_all(&store).unwrap();

    // Before the first byte: an empty object, under the name that nobody restores from.
    fails(with_store().env("PGDATABASE", "no_such_database"));
    assert_eq!(names(&incoming).len(), 1);
    assert!(names(&nightly).is_empty());
    fs::remove_dir_all(&store).unwrap();

    // Midway: a truncated one, which reading back would have found as well.
    let mut midway = with_store();
    shop.fail_midway(&mut midway);
    let said = fails(&mut midway);
    assert!(said.contains("public.orders"), "{said}");
    let [truncated] = &names(&incoming)[..] else {
        panic!("one object is expected in {incoming:?}");
    };
    assert!(names(&nightly).is_empty());
    let truncated = incoming.join(truncated);
    assert!(fs::metadata(&truncated).unwrap().len() > 10_000);
    let verify = format!("pgdumprs verify - < '{}'", truncated.display());
    fails(&mut shop.shell(&verify));
    let restore = format!("pg_restore -f /dev/null '{}'", truncated.display());
    fails(&mut shop.shell(&restore));
    fs::remove_dir_all(&store).unwrap();

    // The upload.
    let said = fails(with_store().env("AWS_FAILS", "1"));
    assert!(said.contains("upload failed"), "{said}");
    assert!(names(&incoming).is_empty() && names(&nightly).is_empty());
}

/// Those that the man page ends with, too.
#[test]
fn examples_of_the_manual() {
    let shop = Shop::open();
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cli.md");
    let page = fs::read_to_string(page).unwrap();
    let section = page.split("\n## Examples\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let examples: Vec<_> = section
        .lines()
        .filter_map(|line| Some(line.strip_suffix('`')?.rsplit_once('`')?.1))
        .collect();
    assert_eq!(examples.len(), section.trim().lines().count(), "{section}");
    shop.database
        .execute_sql("CREATE SCHEMA app; CREATE TABLE app.log_1 (); CREATE TABLE app.kept ();");
    let target = shop.database.empty_sibling().unwrap();
    for folder in [
        ".local/share/man/man1",
        ".local/share/bash-completion/completions",
    ] {
        fs::create_dir_all(shop.path(folder)).unwrap();
    }
    for example in examples {
        let own = example.replace(" shop ", &format!(" {} ", shop.database.name()));
        let mut command = shop.shell(&own);
        command
            .env("DATABASE_URL", shop.database.url())
            .env("TARGET_URL", target.url());
        succeeds(&mut command);
    }
    assert_eq!(target.psql("SELECT count(*) FROM orders").trim(), "2000");
    let listed = succeeds(&mut shop.shell("pgdumprs list app.dump"));
    assert!(
        listed.contains("app kept") && !listed.contains("log_1"),
        "{listed}"
    );
}

#[test]
fn object_storage() {
    let texts = blocks("object-storage.md", &["sh", "yaml"]);
    into_the_store(&Shop::open(), "bash", &texts[0]);

    let workflow = yaml(&texts[1]);
    let job = &workflow[0]["jobs"]["backup"];
    let step = &job["steps"][0];
    assert_eq!(step["shell"].as_str(), Some("bash"));
    // How such a step is run.
    into_the_store(
        &Shop::open(),
        "bash --noprofile --norc -eo pipefail",
        step["run"].as_str().unwrap(),
    );
    // Variables that nobody knows would change nothing.
    for (name, _) in job["env"].as_hash().unwrap() {
        let name = name.as_str().unwrap();
        let known = [
            "BUCKET",
            "PGDATABASE",
            "PGHOST",
            "PGPASSWORD",
            "PGSSLMODE",
            "PGSSLROOTCERT",
            "PGUSER",
        ];
        assert!(known.contains(&name), "{name}");
    }
}

#[test]
fn cron() {
    let shop = Shop::open();
    let texts = blocks("cron.md", &["sh", "cron", "text"]);
    let server = shop.database.server();
    let role = server.role("LOGIN PASSWORD 'the password' IN ROLE pg_read_all_data");
    let socket = server.socket_dir().display().to_string();
    // What a reader would write for himself.
    let own = |text: &str| {
        text.replace(
            "/var/backups/shop",
            &shop.path("backups").display().to_string(),
        )
        .replace(
            "/etc/pgdumprs/pgpass",
            &shop.path("pgpass").display().to_string(),
        )
        .replace(
            "/usr/local/bin/nightly-backup",
            &shop.path("bin/nightly-backup").display().to_string(),
        )
        .replace("-U backup", &format!("-U {role}"))
        .replace("-d shop", &format!("-d {}", shop.database.name()))
        .replace(
            "db.example.com:5432:shop:backup",
            &format!("{socket}:*:*:{role}"),
        )
        .replace("db.example.com", &socket)
    };
    shop.program("nightly-backup", &own(&texts[0]));
    let pgpass = shop.path("pgpass");
    fs::write(&pgpass, own(&texts[2])).unwrap();
    fs::set_permissions(&pgpass, fs::Permissions::from_mode(0o600)).unwrap();
    // Minute, hour, day, month, weekday, user; cron gives the rest to sh.
    let fields: Vec<_> = texts[1].trim().splitn(7, ' ').collect();
    assert_eq!(fields[5], "backup");
    assert!(!fields[6].contains('%'), "cron would cut it there");
    let line = own(fields[6]);

    let folder = shop.path("backups");
    fs::create_dir(&folder).unwrap();
    for day in 1..=20 {
        fs::write(folder.join(format!("shop-2020-01-{day:02}.dump")), "old").unwrap();
    }
    let night = |line: &str| {
        let mut command = shop.shell(&format!("exec sh -c '{line}'"));
        command
            .env("PGPORT", server.port().to_string())
            .env_remove("PGUSER");
        command
    };
    let before = names(&folder);
    fails(night(&line).env("PGPORT", "1"));
    assert_eq!(names(&folder), [vec![".lock".to_owned()], before].concat());

    let output = run(&mut night(&line));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    assert!(said.is_empty(), "a mail for every good night: {said}");
    let kept = names(&folder);
    // The lock, thirteen of the old ones, today's.
    assert_eq!(kept.len(), 15);
    assert_eq!(kept[1], "shop-2020-01-08.dump");
    let today = folder.join(&kept[14]);
    shop.assert_is_archived_in(&today);
    assert_eq!(
        fs::metadata(&today).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let lock = folder.join(".lock");
    let said = fails(&mut shop.shell(&format!(
        "exec 8> '{}'; flock 8; sh -c '{line}'",
        lock.display()
    )));
    assert!(said.contains("still running"), "{said}");
}

#[test]
fn kubernetes() {
    let shop = Shop::open();
    let texts = blocks("kubernetes.md", &["yaml"]);
    let documents = yaml(&texts[0]);
    let [secret, job] = &documents[..] else {
        panic!("a secret and a job");
    };
    assert_eq!(job["kind"].as_str(), Some("CronJob"));
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    let container = &pod["containers"][0];
    let name = |yaml: &Yaml| yaml["name"].as_str().unwrap().to_owned();
    assert_eq!(
        name(&container["envFrom"][0]["secretRef"]),
        name(&secret["metadata"])
    );
    assert_eq!(
        name(&container["volumeMounts"][0]),
        name(&pod["volumes"][0])
    );
    let mount = container["volumeMounts"][0]["mountPath"].as_str().unwrap();

    let server = shop.database.server();
    let words = |yaml: &Yaml| -> Vec<String> {
        let words = yaml.as_vec().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    let folder = shop.path("backups");
    fs::create_dir(&folder).unwrap();
    // As a pod runs it: no shell in between, and no environment but its own.
    let program = words(&container["command"]);
    assert_eq!(program, ["pgdumprs"]);
    let arguments = words(&container["args"]);
    let pod = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdumprs"));
        command.env_clear();
        for argument in &arguments {
            command.arg(argument.replace(mount, &folder.display().to_string()));
        }
        for (variable, value) in secret["stringData"].as_hash().unwrap() {
            let value = match variable.as_str().unwrap() {
                "PGHOST" => server.socket_dir().display().to_string(),
                "PGUSER" => "postgres".to_owned(),
                "PGDATABASE" => shop.database.name().to_owned(),
                _ => value.as_str().unwrap().to_owned(),
            };
            command.env(variable.as_str().unwrap(), value);
        }
        command.env("PGPORT", server.port().to_string());
        command
    };
    succeeds(&mut pod());
    let archive = folder.join("shop.dump");
    shop.assert_is_archived_in(&archive);
    let good = fs::read(&archive).unwrap();
    let mut midway = pod();
    shop.fail_midway(&mut midway);
    fails(&mut midway);
    assert!(
        fs::read(&archive).unwrap() == good,
        "the last good night's is still there"
    );
    assert_eq!(names(&folder), ["shop.dump"]);
}

#[test]
fn restore_drill() {
    let shop = Shop::open();
    let texts = blocks("restore-drill.md", &["sh", "sh", "sh"]);
    succeeds(&mut shop.shell("pgdumprs -f shop.dump"));
    // Tests share a server: each name is one of its own.
    let drill = format!("drill_{}", shop.database.name());
    let own = |text: &str| text.replace("drill", &drill);
    let said = succeeds(&mut shop.shell(&own(&texts[0])));
    assert!(said.contains("is sound"), "{said}");

    succeeds(&mut shop.shell(&texts[1]));
    assert_eq!(
        shop.database
            .psql("SELECT count(*) FROM (TABLE orders EXCEPT TABLE orders_of_yesterday) missing")
            .trim(),
        "0"
    );
    assert_eq!(
        shop.database
            .psql("SELECT count(*) FROM orders_of_yesterday")
            .trim(),
        "2000"
    );

    let part = shop.database.empty_sibling().unwrap();
    succeeds(&mut shop.shell(&texts[2].replace("-d part", &format!("-d {}", part.name()))));
    assert_eq!(part.psql("SELECT count(*) FROM audit").trim(), "0");
    assert_eq!(part.psql("SELECT count(*) FROM orders").trim(), "2000");

    // An old backup, a damaged one, a truncated one.
    shop.database
        .execute_sql("UPDATE orders SET placed_at = placed_at - interval '3 days'");
    succeeds(&mut shop.shell("pgdumprs -f shop.dump"));
    fails(&mut shop.shell(&own(&texts[0])));
    let archive = shop.path("shop.dump");
    let sound = fs::read(&archive).unwrap();
    fs::write(&archive, &sound[..sound.len() - 100]).unwrap();
    fails(&mut shop.shell(&own(&texts[0])));
    let mut damaged = sound;
    let middle = damaged.len() - 5000;
    damaged[middle] ^= 0xff;
    fs::write(&archive, damaged).unwrap();
    let said = fails(&mut shop.shell(&own(&texts[0])));
    assert!(said.contains("is damaged"), "{said}");
    succeeds(&mut shop.shell(&own("dropdb --if-exists drill")));
}
