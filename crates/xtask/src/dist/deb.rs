//! The package for Debian and what is made from it.

mod texts;

use std::fs::{self, File, FileTimes, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use pgdumprs_testkit::checked_output;

use super::licences;
use super::stage::Staged;
use crate::build::workspace;

/// The program that packs, of Debian's package dpkg.
const PACKER: &str = "dpkg-deb";

/// Where Debian has what is staged, and whether it is compressed there.
const PLACES: [(&str, &str, Form); 6] = [
    ("pgdumprs", "usr/bin/pgdumprs", Form::AsItIs),
    (
        "man/pgdumprs.1",
        "usr/share/man/man1/pgdumprs.1.gz",
        Form::Gzip,
    ),
    (
        "completions/pgdumprs.bash",
        "usr/share/bash-completion/completions/pgdumprs",
        Form::AsItIs,
    ),
    (
        "completions/_pgdumprs",
        "usr/share/zsh/vendor-completions/_pgdumprs",
        Form::AsItIs,
    ),
    (
        "completions/pgdumprs.fish",
        "usr/share/fish/vendor_completions.d/pgdumprs.fish",
        Form::AsItIs,
    ),
    (
        licences::NAME,
        "usr/share/doc/pgdumprs/third-party-licenses.gz",
        Form::Gzip,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    AsItIs,
    Gzip,
}

/// Packs for Debian, if the target is one of its processors, and returns the package's path.
///
/// # Errors
///
/// When something cannot be written, or there is no dpkg-deb.
pub(crate) fn pack(staged: &Staged, out: &Path) -> Result<Option<PathBuf>> {
    let Some(path) = path(staged, out) else {
        return Ok(None);
    };
    let tree = out.join("stage").join(format!("{}-deb", staged.name()));
    if tree.exists() {
        fs::remove_dir_all(&tree).context("removing what an earlier run laid out")?;
    }
    lay_out(staged, &tree)?;
    build(PACKER, staged, &tree, &path)?;
    Ok(Some(path))
}

/// Where [`pack`] puts the package.
pub(crate) fn path(staged: &Staged, out: &Path) -> Option<PathBuf> {
    let architecture = staged.target.debian?;
    let version = texts::version(&staged.release);
    Some(out.join(format!("pgdumprs_{version}_{architecture}.deb")))
}

/// Makes a folder what the package is to be.
fn lay_out(staged: &Staged, tree: &Path) -> Result<()> {
    let write = |name: &str, bytes: &[u8]| -> Result<()> {
        let path = tree.join(name);
        fs::create_dir_all(path.parent().unwrap_or(tree))?;
        fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))
    };
    for (staged_name, place, form) in PLACES {
        let bytes = fs::read(staged.folder.join(staged_name))
            .with_context(|| format!("{staged_name} is not staged"))?;
        match form {
            Form::AsItIs => write(place, &bytes)?,
            Form::Gzip => write(place, &gzip(&bytes)?)?,
        }
    }
    let changes = fs::read(workspace().join("CHANGELOG.md")).context("CHANGELOG.md")?;
    let documents = "usr/share/doc/pgdumprs";
    write(&format!("{documents}/changelog.gz"), &gzip(&changes)?)?;
    write(
        &format!("{documents}/changelog.Debian.gz"),
        &gzip(texts::changelog(&staged.release)?.as_bytes())?,
    )?;
    write(
        &format!("{documents}/copyright"),
        texts::copyright()?.as_bytes(),
    )?;
    write(
        "usr/share/lintian/overrides/pgdumprs",
        texts::LINTIAN_OVERRIDES.as_bytes(),
    )?;
    let size = size(tree)?;
    let architecture = staged.target.debian.unwrap_or_default();
    write(
        "DEBIAN/control",
        texts::control(&staged.release, architecture, size).as_bytes(),
    )?;
    settle(tree, staged)
}

/// gzip as Debian wants it, without name and time.
fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new()
        .mtime(0)
        .write(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

/// How much room the files take, in KiB, each rounded up as dpkg does.
fn size(folder: &Path) -> Result<u64> {
    let mut size = 1;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        size += match entry.file_type()?.is_dir() {
            true => self::size(&entry.path())?,
            false => entry.metadata()?.len().div_ceil(1024),
        };
    }
    Ok(size)
}

/// Gives everything the permissions and the time that it has in the package, whatever this machine's ways are.
fn settle(folder: &Path, staged: &Staged) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            settle(&path, staged)?;
        } else {
            let mode = if path.ends_with("usr/bin/pgdumprs") {
                0o755
            } else {
                0o644
            };
            set(&path, mode, staged.release.time)?;
        }
    }
    set(folder, 0o755, staged.release.time)
}

fn set(path: &Path, mode: u32, time: u64) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))?;
    let time = UNIX_EPOCH + Duration::from_secs(time);
    let times = FileTimes::new().set_modified(time);
    let file = File::open(path)?;
    file.set_times(times)
        .with_context(|| format!("setting the time of {}", path.display()))
}

/// Packs a folder by dpkg-deb.
fn build(packer: &str, staged: &Staged, tree: &Path, path: &Path) -> Result<()> {
    let mut command = Command::new(packer);
    command
        .args(["--root-owner-group", "-Zxz", "--build"])
        .args([tree, path])
        .env("SOURCE_DATE_EPOCH", staged.release.time.to_string())
        // More would cut what is compressed in pieces, as many as there are processors.
        .env("DPKG_DEB_THREADS_MAX", "1");
    checked_output(&mut command).with_context(|| {
        format!("{packer}, which comes with the package dpkg, packs for Debian")
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::stage::tests::{staged, touch};

    #[test]
    fn a_package_holds_each_file_in_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let staged = staged("aarch64-unknown-linux-musl", folder.path());
        let package = pack(&staged, folder.path()).unwrap().unwrap();
        assert!(package.ends_with(format!("pgdumprs_{}-1_arm64.deb", staged.release.version)));
        let mut list = Command::new(PACKER);
        let list = checked_output(list.arg("--contents").arg(&package)).unwrap();
        let list = String::from_utf8(list.stdout).unwrap();
        let line = |name: &str| {
            let name = format!(" ./{name}");
            let mut lines = list.lines().filter(|line| line.ends_with(&name));
            lines
                .next()
                .unwrap_or_else(|| panic!("no {name} in {list}"))
        };
        for (_, place, _) in PLACES {
            let mode = match place {
                "usr/bin/pgdumprs" => "-rwxr-xr-x",
                _ => "-rw-r--r--",
            };
            assert!(
                line(place).starts_with(&format!("{mode} root/root")),
                "{list}"
            );
        }
        for name in ["copyright", "changelog.gz", "changelog.Debian.gz"] {
            line(&format!("usr/share/doc/pgdumprs/{name}"));
        }
        let mut field = Command::new(PACKER);
        let field = field.arg("--field").arg(&package).arg("Architecture");
        assert_eq!(checked_output(field).unwrap().stdout, b"arm64\n");
    }

    #[test]
    fn the_same_files_make_the_same_package() {
        let folder = tempfile::tempdir().unwrap();
        let staged = staged("x86_64-unknown-linux-musl", folder.path());
        let once = fs::read(pack(&staged, folder.path()).unwrap().unwrap()).unwrap();
        touch(&staged);
        let again = fs::read(pack(&staged, folder.path()).unwrap().unwrap()).unwrap();
        assert!(once == again);
    }

    #[test]
    fn other_systems_get_none() {
        let folder = tempfile::tempdir().unwrap();
        let staged = staged("x86_64-pc-windows-gnu", folder.path());
        assert_eq!(pack(&staged, folder.path()).unwrap(), None);
    }

    #[test]
    fn a_packer_that_is_not_there_is_named_with_its_package() {
        let folder = tempfile::tempdir().unwrap();
        let staged = staged("x86_64-unknown-linux-musl", folder.path());
        let nowhere = folder.path().join("dpkg-deb").display().to_string();
        let package = folder.path().join("package.deb");
        let error = build(&nowhere, &staged, folder.path(), &package).unwrap_err();
        let said = format!("{error:#}");
        assert!(
            said.contains(&nowhere) && said.contains("the package dpkg"),
            "{said}"
        );
    }
}
