//! The archive of a release, unpacked by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::checked_output;

use super::place::Place;
use super::{Checked, ROUND_TRIP, instructions};
use crate::dist::stage::Staged;
use crate::dist::{archive, sums};
use crate::trial::{Program, Root, Source, Windows, round_trip};

/// The target that docs/install.md has commands for.
const OF_THE_PAGE: &str = "x86_64-unknown-linux-musl";

pub(super) fn check(staged: &Staged, out: &Path, source: &Source) -> Result<Checked> {
    let artefact = archive::path(staged, out);
    println!("== {}", artefact.display());
    let target = staged.target;
    let place = format!("{}/{}", staged.name(), target.program());
    if target.is_macos() {
        return unpack_for_macos(staged, artefact, &place);
    }
    let installed = if target.is_windows() {
        let windows = Windows::new(source)?;
        // Explorer and PowerShell do the same; any other than the library that packed it will do.
        let mut unzip = Command::new("python3");
        unzip.args(["-m", "zipfile", "-e"]).arg(&artefact);
        checked_output(unzip.arg(windows.folder()))?;
        let program = windows.folder().join(place);
        round_trip(&windows.with_program(program), source)?;
        "`python3 -m zipfile -e` below wine's drive C"
    } else {
        let root = Root::new(source)?.on_processor(target.processor())?;
        untar(&artefact, root.folder())?;
        let root = root.with_program(&format!("/{place}"));
        round_trip(&root, source)?;
        if root.is_emulated() {
            "`tar -xzf` in an empty root file system, the processor emulated"
        } else {
            install(staged, &artefact, out, source)?;
            "`tar -xzf` in an empty root file system; by the commands of install.md below a folder"
        }
    };
    Ok(Checked {
        artefact,
        installed: installed.to_owned(),
        did: ROUND_TRIP.to_owned(),
    })
}

/// Installs it by the commands of docs/install.md, with everything that belongs to the program.
fn install(staged: &Staged, artefact: &Path, out: &Path, source: &Source) -> Result<()> {
    let commands = instructions::commands("Archives")?;
    let commands = commands.replace(OF_THE_PAGE, staged.target.triple);
    let mut place = Place::new(source)?;
    place.set("VERSION", &staged.release.version);
    place.set("PREFIX", place.path("prefix"));
    for file in [artefact, &out.join(sums::NAME)] {
        let name = file.file_name().unwrap_or_default();
        fs::copy(file, place.folder().join(name))
            .with_context(|| format!("copying {}", file.display()))?;
    }
    place.shell(&commands)?;
    let installed = |name: &str| place.folder().join("prefix").join(name);
    let said = checked_output(Command::new(installed("bin/pgdumprs")).arg("--version"))?.stdout;
    ensure!(
        said.starts_with(b"pgdumprs "),
        "{}",
        String::from_utf8_lossy(&said)
    );
    for name in [
        "share/man/man1/pgdumprs.1",
        "share/bash-completion/completions/pgdumprs.bash",
        "share/zsh/site-functions/_pgdumprs",
        "share/fish/vendor_completions.d/pgdumprs.fish",
    ] {
        ensure!(installed(name).is_file(), "{name} is not installed");
    }
    Ok(())
}

/// Servers do not run on a Mac here, nor its programs elsewhere, so that all there is to see is the program itself.
fn unpack_for_macos(staged: &Staged, artefact: PathBuf, place: &str) -> Result<Checked> {
    let folder = tempfile::tempdir()?;
    untar(&artefact, folder.path())?;
    let program = folder.path().join(place);
    ensure!(
        fs::read(&program)? == fs::read(staged.program())?,
        "it holds another program"
    );
    let did = if staged.target.runs_here() {
        let said = checked_output(Command::new(program).arg("--version"))?.stdout;
        format!("said {}", String::from_utf8_lossy(&said).trim())
    } else {
        "nothing, which takes a Mac; the program is the one that was packed".to_owned()
    };
    Ok(Checked {
        artefact,
        installed: "`tar -xzf` in an empty folder".to_owned(),
        did,
    })
}

fn untar(artefact: &Path, folder: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(artefact).arg("-C").arg(folder);
    checked_output(&mut tar).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::stage::tests::staged;
    use crate::dist::target::Target;

    #[test]
    fn what_is_packed_for_macos_is_unpacked_and_compared() {
        let mut targets = Target::all().filter(|target| target.is_macos());
        let elsewhere = targets.find(|target| !target.runs_here()).unwrap();
        let out = tempfile::tempdir().unwrap();
        let staged = staged(elsewhere.triple, out.path());
        let artefact = archive::pack(&staged, out.path()).unwrap();
        let place = format!("{}/pgdumprs", staged.name());
        let checked = unpack_for_macos(&staged, artefact.clone(), &place).unwrap();
        assert!(checked.did.contains("takes a Mac"), "{}", checked.did);

        fs::write(staged.program(), "another").unwrap();
        let Err(error) = unpack_for_macos(&staged, artefact, &place) else {
            panic!("another program is taken for it");
        };
        assert_eq!(error.to_string(), "it holds another program");
    }
}
