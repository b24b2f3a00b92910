//! `.ci/publish`, with stand-ins for the clients of registries: everything is published once, and again goes on where it ended.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Each notes what is published, and knows it from then on. What `$REFUSED` names cannot be published.
const CARGO: &str = r#"#!/bin/bash
case "$1" in
    info) grep -qxF "${@: -1}" "$KNOWN" ;;
    publish)
        shift 4
        while [ $# -gt 0 ]; do
            [ "$2" != "${REFUSED:-}" ] || exit 101
            echo "$2@$VERSION" >> "$KNOWN"; shift 2
        done ;;
esac
"#;
const NPM: &str = r#"#!/bin/bash
case "$1" in
    view) grep -qxF "$2" "$KNOWN" && echo "$VERSION" ;;
    publish)
        case "${@: -1}" in /*) ;; *) echo "a repository, as npm sees it" >&2; exit 1 ;; esac
        name=$(tar -xzOf "${@: -1}" package/package.json | sed -n 's/.*: "\(.*\)".*/\1/p')
        [ "$name" != "${REFUSED:-}" ] || exit 1
        echo "$name@$VERSION" >> "$KNOWN" ;;
esac
"#;
const DOCKER: &str = r#"#!/bin/bash
case "$1 $2" in
    "buildx imagetools")
        [ -z "${REFUSED:-}" ] || { echo "ERROR: $REFUSED" >&2; exit 1; }
        grep -qxF "$4" "$KNOWN" || { echo "ERROR: $4: not found" >&2; exit 1; } ;;
    "buildx build") echo "$9" >> "$KNOWN"; [ -f "${13}" ] ;;
esac
"#;

/// The registries, and a folder of packages.
struct Registries {
    folder: TempDir,
}

impl Registries {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in [("cargo", CARGO), ("npm", NPM), ("docker", DOCKER)] {
            let path = folder.path().join(name);
            fs::write(&path, script).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::write(folder.path().join("known"), "").unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Packs what npm would take for a package.
    fn package(&self, name: &str, file: &str) {
        let package = self.path("package");
        fs::create_dir_all(&package).unwrap();
        let text = format!("{{\n  \"name\": \"{name}\"\n}}\n");
        fs::write(package.join("package.json"), text).unwrap();
        let mut tar = Command::new("tar");
        tar.arg("-czf")
            .arg(self.path(file))
            .arg("package")
            .current_dir(self.folder.path());
        assert!(tar.status().unwrap().success());
    }

    fn publish(&self, arguments: &[&str], refused: &str) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.ci/publish");
        let mut path = vec![self.folder.path().to_owned()];
        path.extend(env::split_paths(&env::var_os("PATH").unwrap()));
        let mut command = Command::new(script);
        command
            .args(arguments)
            .env("PATH", env::join_paths(path).unwrap())
            .env("KNOWN", self.path("known"))
            .env("VERSION", VERSION)
            .env("REFUSED", refused)
            .current_dir(self.folder.path());
        command.output().unwrap()
    }

    fn known(&self) -> Vec<String> {
        let known = fs::read_to_string(self.path("known")).unwrap();
        known.lines().map(str::to_owned).collect()
    }

    /// Publishes, and again: the second time everything is there.
    fn publish_all(&self, arguments: &[&str]) -> Vec<String> {
        for said in ["", "is there."] {
            let output = self.publish(arguments, "");
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(String::from_utf8_lossy(&output.stdout).contains(said));
        }
        self.known()
    }
}

#[test]
fn crates_are_published_once() {
    let registries = Registries::new();
    assert!(
        !registries
            .publish(&["crates"], "pgdumprs-cli")
            .status
            .success()
    );
    let half = registries.known().len();
    let mut known = registries.publish_all(&["crates"]);
    assert!(half > 0 && half < known.len());
    known.sort();
    let all = known.clone();
    known.dedup();
    assert_eq!(known, all, "nothing twice");
    for name in [
        "pgdumprs",
        "pgdumprs-archive",
        "pgdumprs-cli",
        "pgdumprs-sql",
    ] {
        assert!(known.contains(&format!("{name}@{VERSION}")), "{known:?}");
    }
    assert!(
        !known
            .iter()
            .any(|name| name.contains("testkit") || name.contains("xtask"))
    );
}

#[test]
fn the_launcher_comes_last() {
    let registries = Registries::new();
    for system in ["darwin-arm64", "linux-x64", "win32-x64"] {
        registries.package(
            &format!("@pgdumprs/{system}"),
            &format!("pgdumprs-{system}-{VERSION}.tgz"),
        );
    }
    registries.package("pgdumprs", &format!("pgdumprs-{VERSION}.tgz"));
    assert!(
        !registries
            .publish(&["npm", "."], "@pgdumprs/linux-x64")
            .status
            .success()
    );
    assert_eq!(
        registries.known(),
        [format!("@pgdumprs/darwin-arm64@{VERSION}")]
    );
    let names = [
        "@pgdumprs/darwin-arm64",
        "@pgdumprs/linux-x64",
        "@pgdumprs/win32-x64",
        "pgdumprs",
    ];
    assert_eq!(
        registries.publish_all(&["npm", "."]),
        names.map(|name| format!("{name}@{VERSION}"))
    );
}

#[test]
fn an_image_is_pushed_once() {
    let registries = Registries::new();
    let folder = registries.path(&format!("pgdumprs-{VERSION}-container"));
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("Containerfile"), "FROM scratch\n").unwrap();
    let image = "registry.example/owner/pgdumprs";
    let output = registries.publish(&["image", ".", image], "503 Service Unavailable");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("503 Service Unavailable"));
    assert!(
        registries.known().is_empty(),
        "what may be there is not pushed over"
    );
    let known = registries.publish_all(&["image", ".", image]);
    assert_eq!(known, [format!("{image}:{VERSION}")]);
}
