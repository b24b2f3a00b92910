//! The archive of a release, unpacked by hand.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use pgdumprs_testkit::checked_output;

use super::{Checked, ROUND_TRIP};
use crate::dist::archive;
use crate::dist::stage::Staged;
use crate::trial::{Program, Root, Source, Windows, round_trip};

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
            "`tar -xzf` in an empty root file system"
        }
    };
    Ok(Checked {
        artefact,
        installed: installed.to_owned(),
        did: ROUND_TRIP.to_owned(),
    })
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
