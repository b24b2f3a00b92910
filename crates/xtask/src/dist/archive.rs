//! The archive that is a release for those who install by hand, and for `cargo binstall`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::members::{Member, tar_gz, zip};
use super::stage::{self, Staged};
use super::target::{ArchiveFormat, Target};

/// Packs everything that is staged, inside one folder, and returns the archive's path.
pub(crate) fn pack(staged: &Staged, out: &Path) -> Result<PathBuf> {
    let members = inside_folder(staged)?;
    let bytes = match staged.target.archive_format() {
        ArchiveFormat::TarGz => tar_gz(&members, staged.release.time),
        ArchiveFormat::Zip => zip(&members),
    }?;
    let path = path(staged, out);
    fs::write(&path, bytes).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// Where [`pack`] puts it.
pub(crate) fn path(staged: &Staged, out: &Path) -> PathBuf {
    out.join(name(staged.target, &staged.release.version))
}

/// The name of a target's archive.
pub(crate) fn name(target: &Target, version: &str) -> String {
    let extension = target.archive_format().extension();
    format!("{}{extension}", stage::name(target, version))
}

/// Each file with the name that it has in the archive.
fn inside_folder(staged: &Staged) -> Result<Vec<Member>> {
    let folder = staged.name();
    let files = staged.files()?.into_iter();
    files
        .map(|file| {
            let name = format!("{folder}/{}", file.name);
            if file.mode == 0o755 {
                Member::program(name, &file.path)
            } else {
                Member::read(name, &file.path)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::dist::stage::tests::{staged, touch};

    const TRIPLES: [&str; 2] = ["x86_64-unknown-linux-musl", "x86_64-pc-windows-gnu"];

    #[test]
    fn the_same_files_make_the_same_archive() {
        for triple in TRIPLES {
            let folder = tempfile::tempdir().unwrap();
            let staged = staged(triple, folder.path());
            let once = fs::read(pack(&staged, folder.path()).unwrap()).unwrap();
            touch(&staged);
            let again = fs::read(pack(&staged, folder.path()).unwrap()).unwrap();
            assert!(once == again, "{triple}");
        }
    }

    #[test]
    fn everything_is_in_one_folder_and_belongs_to_root() {
        let folder = tempfile::tempdir().unwrap();
        let staged = staged(TRIPLES[0], folder.path());
        let archive = File::open(pack(&staged, folder.path()).unwrap()).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
        let mut names = Vec::new();
        for entry in archive.entries().unwrap() {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
            assert_eq!(header.mtime().unwrap(), staged.release.time);
            let name = entry.path().unwrap().display().to_string();
            let mode = if name.ends_with("/pgdumprs") {
                0o755
            } else {
                0o644
            };
            assert_eq!(header.mode().unwrap(), mode, "{name}");
            names.push(name);
        }
        assert_eq!(names, in_folder(&staged));
    }

    #[test]
    fn a_zip_has_the_same_files() {
        let folder = tempfile::tempdir().unwrap();
        let staged = staged(TRIPLES[1], folder.path());
        let archive = File::open(pack(&staged, folder.path()).unwrap()).unwrap();
        let archive = zip::ZipArchive::new(archive).unwrap();
        let names: Vec<_> = archive.file_names().map(Result::unwrap).collect();
        assert_eq!(names, in_folder(&staged));
    }

    fn in_folder(staged: &Staged) -> Vec<String> {
        let files = inside_folder(staged).unwrap().into_iter();
        files.map(|member| member.path).collect()
    }
}
