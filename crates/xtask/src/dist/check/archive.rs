//! The archive of a release, unpacked by hand.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
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
        let mut tar = Command::new("tar");
        checked_output(tar.arg("-xzf").arg(&artefact).arg("-C").arg(root.folder()))?;
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
