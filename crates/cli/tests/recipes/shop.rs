//! A shop that is backed up by recipes, and what running them takes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pgdumprs_testkit::compare::{Restore, compare_restored};
use pgdumprs_testkit::{Database, Major, Server};
use tempfile::TempDir;
use yaml_rust2::{Yaml, YamlLoader};

use crate::shell::shell;

/// A page of this project.
pub(crate) fn page(name: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    fs::read_to_string(root.join(name)).unwrap()
}

/// The blocks of a page, in their order, which must be in these languages.
pub(crate) fn blocks(name: &str, languages: &[&str]) -> Vec<String> {
    let page = page(name);
    let mut found = Vec::new();
    let mut texts = Vec::new();
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap();
        found.push(language.to_owned());
        texts.push(format!("{text}\n"));
    }
    assert_eq!(
        found, languages,
        "{name} has other blocks than this test runs"
    );
    texts
}

/// The commands in a block, each behind a prompt.
pub(crate) fn commands(block: &str) -> Vec<&str> {
    let commands = block.lines().map(|line| line.strip_prefix("$ ").unwrap());
    commands.collect()
}

/// A shop's database, and a folder to work in.
pub(crate) struct Shop {
    pub(crate) database: Database,
    folder: TempDir,
}

impl Shop {
    pub(crate) fn open() -> Self {
        Self::open_on(&Server::get(Major::V17))
    }

    pub(crate) fn open_on(server: &Server) -> Self {
        let database = server.database();
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

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A script that connects to the shop by `PG*` variables.
    pub(crate) fn shell(&self, script: &str) -> Command {
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
    pub(crate) fn program(&self, name: &str, script: &str) -> PathBuf {
        let path = self.path("bin").join(name);
        fs::create_dir_all(self.path("bin")).unwrap();
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    pub(crate) fn assert_is_archived_in(&self, archive: &Path) {
        compare_restored(&self.database, archive, &[Restore::Serial])
            .unwrap()
            .assert_same();
    }

    /// Makes dumps fail when some rows have been written: a letter that the archive's encoding has not.
    pub(crate) fn fail_midway(&self, command: &mut Command) {
        self.database
            .execute_sql("UPDATE orders SET note = '\u{20ac}' WHERE id = 1999");
        command.env("PGCLIENTENCODING", "LATIN1");
    }
}

pub(crate) fn run(command: &mut Command) -> Output {
    command
        .output()
        .expect("bash is a part of every system that runs these tests")
}

pub(crate) fn succeeds(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command says that must fail with status 1.
pub(crate) fn fails(command: &mut Command) -> String {
    let output = run(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    said
}

/// The names in a folder, in order.
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}

pub(crate) fn yaml(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap()
}
