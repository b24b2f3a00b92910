//! The archive that is a release for those who install by hand, and for `cargo binstall`.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::stage::{Staged, StagedFile};
use super::target::ArchiveFormat;

/// Packs everything that is staged, inside one folder, and returns the archive's path.
pub(crate) fn pack(staged: &Staged, out: &Path) -> Result<PathBuf> {
    let format = staged.target.archive_format();
    let path = path(staged, out);
    let file = File::create(&path).with_context(|| format!("creating {}", path.display()))?;
    match format {
        ArchiveFormat::TarGz => tar_gz(staged, file),
        ArchiveFormat::Zip => zip(staged, file),
    }
    .with_context(|| format!("packing {}", path.display()))?;
    Ok(path)
}

/// Where [`pack`] puts it.
pub(crate) fn path(staged: &Staged, out: &Path) -> PathBuf {
    let extension = staged.target.archive_format().extension();
    out.join(format!("{}{extension}", staged.name()))
}

fn tar_gz(staged: &Staged, file: File) -> Result<()> {
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(file, Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for (name, file) in inside_folder(staged)? {
        let data = fs::read(&file.path)?;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Regular);
        header.set_size(data.len().try_into()?);
        header.set_mode(file.mode);
        header.set_mtime(staged.release.time);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, &name, data.as_slice())?;
    }
    tar.into_inner()?.finish()?.sync_all()?;
    Ok(())
}

fn zip(staged: &Staged, file: File) -> Result<()> {
    let mut zip = ZipWriter::new(file);
    for (name, file) in inside_folder(staged)? {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(9))
            // Zip's times are local and in pairs of seconds, so there is no true one.
            .last_modified_time(DateTime::default())
            .unix_permissions(file.mode);
        zip.start_file(name, options)?;
        zip.write_all(&fs::read(&file.path)?)?;
    }
    zip.finish()?.sync_all()?;
    Ok(())
}

/// Each file with the name that it has in the archive.
fn inside_folder(staged: &Staged) -> Result<Vec<(String, StagedFile)>> {
    let folder = staged.name();
    let files = staged.files()?.into_iter();
    Ok(files
        .map(|file| (format!("{folder}/{}", file.name), file))
        .collect())
}

#[cfg(test)]
mod tests {
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
        files.map(|(name, _)| name).collect()
    }
}
