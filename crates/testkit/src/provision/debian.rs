//! Fetches a major from the packages of a Debian suite, without installing them.
//!
//! apt runs on a package database of its own that says nothing is installed, so it names every
//! package the server needs, down to the C library. Those are unpacked side by side into one tree,
//! and the programs are told to use the tree's loader and libraries. No chroot and no root needed,
//! and a suite newer or older than the host works the same.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::recipe::AddOn;
use super::{host, relocate};
use crate::Major;

/// The environment variable that names a Debian mirror, for hosts whose own package sources are
/// not Debian's.
pub const MIRROR_VARIABLE: &str = "PGDUMPRS_DEBIAN_MIRROR";

/// Debian's signing keys, which releases other than the host's are checked against.
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// Has apt take PostgreSQL out of experimental, which it would otherwise take nothing from unless it is asked to.
const PREFERENCES: &str = "Package: src:postgresql-*\nPin: release n=rc-buggy\nPin-Priority: 990\n";

/// Parts of the packages that no server or tool reads.
const UNUSED: [&str; 6] = [
    "usr/share/doc",
    "usr/share/i18n",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/perl5",
];

/// Unpacks PostgreSQL `major` of some suites, with some extensions, into `tree` and returns the folder of its binaries.
pub(super) fn fetch(
    suites: &[&str],
    major: Major,
    add_ons: &[AddOn],
    tree: &Path,
) -> Result<PathBuf> {
    // Debian's servers are built to read the system's time zones at this very path.
    host::require_file(Path::new("/usr/share/zoneinfo/UTC"), "tzdata")?;
    let mut roots = vec![
        format!("postgresql-{major}"),
        format!("postgresql-client-{major}"),
    ];
    roots.extend(add_ons.iter().flat_map(|add_on| add_on.packages(major)));
    fetch_packages(suites, &roots, tree)?;
    remove_parts(&[&format!("usr/lib/postgresql/{major}/lib/bitcode")], tree)?;
    let extensions = tree.join(format!("usr/share/postgresql/{major}/extension"));
    name_extensions(&extensions)?;
    // pg_config of older suites does not find its own files once it is moved, so they are looked for where they were unpacked.
    for name in add_ons.iter().map(|add_on| add_on.extension()) {
        if !extensions.join(format!("{name}.control")).exists() {
            bail!("its packages hold no extension {name}");
        }
    }

    make_runnable(tree, &format!("usr/lib/postgresql/{major}/bin"))
}

/// The version of PostgreSQL `major` that some suites have, such as `17.12`.
pub(super) fn offered(suites: &[&str], major: Major) -> Result<String> {
    host::require_file(Path::new(KEYRING), "debian-archive-keyring")?;
    let folder = tempfile::tempdir().context("making a folder for apt")?;
    let apt = Apt::prepare(suites, folder.path())?;
    let package = format!("postgresql-{major}");
    let plan = host::run(apt.command().args(["--simulate", "install", &package]))?;
    planned_version(&plan, &package)
        .with_context(|| format!("apt's plan names no version of {package}"))
}

/// Unpacks a package of a suite that holds a program in `/usr/sbin` into `tree` and returns the program's path.
pub(super) fn fetch_daemon(suite: &str, package: &str, tree: &Path) -> Result<PathBuf> {
    fetch_packages(&[suite], &[package.to_owned()], tree)?;
    Ok(make_runnable(tree, "usr/sbin")?.join(package))
}

/// Unpacks packages of a suite that hold programs in `/usr/bin` into `tree` and returns the folder of these.
pub(super) fn fetch_programs(suite: &str, packages: &[&str], tree: &Path) -> Result<PathBuf> {
    let packages: Vec<_> = packages.iter().map(ToString::to_string).collect();
    fetch_packages(&[suite], &packages, tree)?;
    make_runnable(tree, "usr/bin")
}

/// Unpacks packages and the libraries they need, without what nothing here reads.
fn fetch_packages(suites: &[&str], roots: &[String], tree: &Path) -> Result<()> {
    unpack_chosen(suites, tree, |apt| apt.needed_packages(roots))
}

/// Unpacks packages alone, without what nothing here reads.
pub(super) fn unpack_packages(suites: &[&str], packages: &[String], tree: &Path) -> Result<()> {
    unpack_chosen(suites, tree, |_| Ok(packages.to_vec()))
}

fn unpack_chosen(
    suites: &[&str],
    tree: &Path,
    choose: impl FnOnce(&Apt) -> Result<Vec<String>>,
) -> Result<()> {
    host::require_program("patchelf", "patchelf")?;
    host::require_file(Path::new(KEYRING), "debian-archive-keyring")?;
    let downloads = tree.join("apt");
    let apt = Apt::prepare(suites, &downloads)?;
    let packages = choose(&apt)?;
    unpack(&apt.download(&packages)?, tree)?;
    fs::remove_dir_all(&downloads).with_context(|| format!("removing {}", downloads.display()))?;
    remove_parts(&UNUSED, tree)
}

/// Makes the programs of a folder of the tree use the tree's loader and libraries, and returns the folder.
pub(super) fn make_runnable(tree: &Path, folder: &str) -> Result<PathBuf> {
    let bin = tree.join(folder);
    let (loader, libraries) = locate_libraries(tree)?;
    relocate::set_search_path(&bin, Some(&loader), &libraries)?;
    Ok(bin)
}

/// apt with its state, cache and sources in a folder of our own.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn prepare(suites: &[&str], folder: &Path) -> Result<Apt> {
        for part in ["state/lists/partial", "cache/archives/partial", "parts"] {
            let part = folder.join(part);
            fs::create_dir_all(&part).with_context(|| format!("creating {}", part.display()))?;
        }
        fs::write(folder.join("state/status"), "")?;
        let mirror = mirror()?;
        let sources: String = suites
            .iter()
            .map(|suite| {
                // Security updates stand in a repository beside the main one.
                let part = if suite.ends_with("-security") {
                    "-security"
                } else {
                    ""
                };
                format!("deb [signed-by={KEYRING}] {mirror}{part} {suite} main\n")
            })
            .collect();
        fs::write(folder.join("sources.list"), sources)?;
        fs::write(folder.join("preferences"), PREFERENCES)?;
        let apt = Apt {
            folder: folder.to_owned(),
        };
        host::run(apt.command().args(["-q", "update"]))?;
        Ok(apt)
    }

    fn command(&self) -> Command {
        let mut command = Command::new("apt-get");
        command.current_dir(&self.folder);
        let mut set = |name: &str, value: &str| {
            command.arg("-o").arg(format!("{name}={value}"));
        };
        for (name, part) in [
            ("Dir::State", "state"),
            ("Dir::State::status", "state/status"),
            ("Dir::Cache", "cache"),
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::Etc::sourceparts", "parts"),
            ("Dir::Etc::preferences", "preferences"),
            ("Dir::Etc::preferencesparts", "parts"),
        ] {
            set(name, &self.folder.join(part).display().to_string());
        }
        set("APT::Install-Recommends", "false");
        set("APT::Default-Release", "");
        set("Acquire::Languages", "none");
        // A mirror frozen at some day still serves what tests need; signatures are checked as ever.
        set("Acquire::Check-Valid-Until", "false");
        set("Acquire::http::Timeout", "30");
        // apt would otherwise drop to a user who may not enter this folder.
        set("APT::Sandbox::User", "root");
        command
    }

    /// The packages to unpack: those that are wanted and every library they pull in.
    fn needed_packages(&self, roots: &[String]) -> Result<Vec<String>> {
        let plan = host::run(self.command().args(["--simulate", "install"]).args(roots))?;
        let packages: Vec<_> = planned(&plan)
            .filter(|name| roots.iter().any(|root| root == name) || is_library(name))
            .map(str::to_owned)
            .collect();
        if let Some(missing) = roots.iter().find(|root| !packages.contains(root)) {
            bail!("apt's plan holds no {missing}");
        }
        Ok(packages)
    }

    fn download(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        host::run(self.command().args(["-q", "download"]).args(packages))?;
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                files.push(path);
            }
        }
        if files.len() != packages.len() {
            bail!("asked for {} packages, got {}", packages.len(), files.len());
        }
        Ok(files)
    }
}

/// The mirror the host itself uses.
fn mirror() -> Result<String> {
    if let Ok(mirror) = std::env::var(MIRROR_VARIABLE) {
        return Ok(mirror);
    }
    let uris = host::run(Command::new("apt-get").args(["--print-uris", "update"]))?;
    match debian_repository(&uris) {
        Some(mirror) => Ok(mirror.to_owned()),
        None => bail!("the host's package sources name no Debian mirror; set {MIRROR_VARIABLE}"),
    }
}

/// Finds the main Debian repository among the addresses apt would fetch, lines such as
/// `'http://host/debian/dists/trixie/InRelease' file 0`.
fn debian_repository(uris: &str) -> Option<&str> {
    uris.lines()
        .filter_map(|line| line.strip_prefix('\'')?.split_once("/dists/"))
        .map(|(repository, _)| repository)
        .find(|repository| repository.ends_with("/debian"))
}

/// The package names in the output of a simulated installation.
fn planned(plan: &str) -> impl Iterator<Item = &str> {
    plan.lines()
        .filter_map(|line| line.strip_prefix("Inst ")?.split(' ').next())
}

/// The upstream version of a package in such an output, as the server itself calls it: `19rc1` for `19~rc1-1`.
fn planned_version(plan: &str, package: &str) -> Option<String> {
    let start = format!("Inst {package} (");
    let line = plan.lines().find_map(|line| line.strip_prefix(&start))?;
    let (version, _) = line.split_once(' ')?;
    let (upstream, _) = version.rsplit_once('-')?;
    Some(upstream.replace('~', ""))
}

/// Whether a package holds shared libraries that the programs load. LLVM, by far the largest, only
/// serves compilation at run time, which test servers keep off.
fn is_library(package: &str) -> bool {
    let unused = ["libc-bin", "libc-l10n", "libllvm", "libperl", "libz3"];
    package == "zlib1g"
        || (package.starts_with("lib") && !unused.iter().any(|start| package.starts_with(start)))
}

fn unpack(packages: &[PathBuf], tree: &Path) -> Result<()> {
    for package in packages {
        host::run(Command::new("dpkg-deb").arg("-x").arg(package).arg(tree))?;
    }
    Ok(())
}

fn remove_parts(parts: &[&str], tree: &Path) -> Result<()> {
    for part in parts {
        let part = tree.join(part);
        if part.exists() {
            fs::remove_dir_all(&part).with_context(|| format!("removing {}", part.display()))?;
        }
    }
    Ok(())
}

/// Gives `postgis-3.control` the name `postgis.control`, which a script of the package would have done.
fn name_extensions(folder: &Path) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let name = entry?.file_name();
        let Some(link) = name.to_str().and_then(extension_without_version) else {
            continue;
        };
        let link = folder.join(link);
        if !link.exists() {
            symlink(&name, &link).with_context(|| format!("linking {}", link.display()))?;
        }
    }
    Ok(())
}

/// The file's name without the version of one digit that stands before its ending, if there is one.
fn extension_without_version(file: &str) -> Option<String> {
    let (name, version) = file.strip_suffix(".control")?.rsplit_once('-')?;
    let is_version = version.len() == 1 && version.starts_with(|c: char| c.is_ascii_digit());
    is_version.then(|| format!("{name}.control"))
}

/// The tree's dynamic loader and its library folders as a search path.
///
/// Older suites keep libraries in `/lib` as well as in `/usr/lib`, and the loader's usual name may
/// be a link to an absolute path that leads out of the tree, so the real files are looked for.
fn locate_libraries(tree: &Path) -> Result<(PathBuf, String)> {
    let folders: Vec<_> = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"]
        .iter()
        .map(|folder| tree.join(folder))
        .filter(|folder| folder.is_dir())
        .collect();
    for folder in &folders {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("ld-") && entry.file_type()?.is_file() {
                let search_path: Vec<_> = folders
                    .iter()
                    .map(|folder| folder.display().to_string())
                    .collect();
                return Ok((entry.path(), search_path.join(":")));
            }
        }
    }
    bail!("no dynamic loader in {}", tree.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_main_repository_is_told_from_the_security_one() {
        let uris = "'http://mirror.example/debian-security/dists/trixie-security/InRelease' a 0\n\
                    'http://mirror.example/debian/dists/trixie/InRelease' b 0\n";
        assert_eq!(
            debian_repository(uris),
            Some("http://mirror.example/debian")
        );
        assert_eq!(
            debian_repository("'http://mirror.example/ubuntu/dists/x' a 0"),
            None
        );
    }

    #[test]
    fn only_postgresql_and_its_libraries_are_unpacked() {
        let plan = "NOTE: a simulation\nInst libpq5 (13.1 Debian [amd64])\nInst perl (5 x)\n\
                    Inst libllvm11 (1 x)\nInst libc6 (2 x)\nInst libc-bin (2 x)\nInst libc-ares2 (1 x)\nConf libpq5 (x)\n";
        let kept: Vec<_> = planned(plan).filter(|name| is_library(name)).collect();
        assert_eq!(kept, ["libpq5", "libc6", "libc-ares2"]);
    }

    #[test]
    fn a_plan_tells_the_version_of_the_server() {
        let plan = "Inst postgresql-17-pgvector (0.8.0-1 Debian [amd64])\nInst postgresql-17 (17.12-0+deb13u1 Debian-Security [amd64])\n\
                    Inst postgresql-19 (19~rc1-1 Debian:experimental [amd64]) []\n";
        let version = |package| planned_version(plan, package);
        assert_eq!(version("postgresql-17").as_deref(), Some("17.12"));
        assert_eq!(version("postgresql-19").as_deref(), Some("19rc1"));
        assert_eq!(version("postgresql-18"), None);
    }

    #[test]
    fn versions_of_extensions_are_taken_off() {
        let name = |file| extension_without_version(file);
        assert_eq!(
            name("postgis_topology-3.control").as_deref(),
            Some("postgis_topology.control")
        );
        assert_eq!(name("uuid-ossp.control"), None);
        assert_eq!(name("postgis-3--3.5.2.sql"), None);
    }

    #[test]
    fn the_loader_is_found_where_the_suite_keeps_it() {
        let tree = tempfile::tempdir().unwrap();
        let lib = tree.path().join("lib/x86_64-linux-gnu");
        fs::create_dir_all(&lib).unwrap();
        assert!(locate_libraries(tree.path()).is_err());
        fs::write(lib.join("ld-2.31.so"), "").unwrap();
        let (loader, path) = locate_libraries(tree.path()).unwrap();
        assert_eq!(loader, lib.join("ld-2.31.so"));
        assert_eq!(path, lib.display().to_string());
    }
}
