//! Files of a package, and the two formats that hold them. Equal files make equal packages, whenever, where and by whomever they are packed.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A file of a package.
#[derive(Clone)]
pub(crate) struct Member {
    /// Where it is in the package, with slashes.
    pub(crate) path: String,
    pub(crate) contents: Vec<u8>,
    /// Whether it is a program.
    pub(crate) is_program: bool,
}

impl Member {
    /// A text.
    pub(crate) fn new(path: impl Into<String>, contents: impl Into<Vec<u8>>) -> Member {
        Member {
            path: path.into(),
            contents: contents.into(),
            is_program: false,
        }
    }

    /// A file that is run, as it is on disk.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn program(path: impl Into<String>, file: &Path) -> Result<Member> {
        Ok(Member {
            is_program: true,
            ..Member::read(path, file)?
        })
    }

    /// A file that is read, as it is on disk.
    ///
    /// # Errors
    ///
    /// When it cannot be read.
    pub(crate) fn read(path: impl Into<String>, file: &Path) -> Result<Member> {
        let contents = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        Ok(Member::new(path, contents))
    }

    fn mode(&self) -> u32 {
        if self.is_program { 0o755 } else { 0o644 }
    }
}

/// Packs files of one time, in seconds since 1970, into a tar archive, compressed by gzip.
pub(crate) fn tar_gz(members: &[Member], time: u64) -> Result<Vec<u8>> {
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(Vec::new(), Compression::best());
    let mut tar = tar::Builder::new(gzip);
    for member in members {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_size(member.contents.len() as u64);
        header.set_mode(member.mode());
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, &member.path, member.contents.as_slice())
            .with_context(|| format!("packing {}", member.path))?;
    }
    Ok(tar.into_inner()?.finish()?)
}

/// Packs files into a zip archive. Its times are local and in pairs of seconds, so there is no true one, and they have the first that it knows.
pub(crate) fn zip(members: &[Member]) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(9))
        .last_modified_time(DateTime::DEFAULT);
    for member in members {
        zip.start_file(&member.path, options.unix_permissions(member.mode()))
            .and_then(|()| Ok(zip.write_all(&member.contents)?))
            .with_context(|| format!("packing {}", member.path))?;
    }
    Ok(zip.finish()?.into_inner())
}
