//! Where a restore's journal is, and what it belongs to.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Header};
use pgdumprs_connect::Session;
use pgdumprs_restore::{Identity, Journal, JournalError, Whereabouts};
use sha2::{Digest, Sha256};

use crate::file_sum::hex;
use crate::output::lock;

/// Bytes of a digest that are shown.
const SHOWN: usize = 16;

/// Where a journal is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Nowhere,
    /// Beside the archive, where that is a file or a folder.
    Beside,
    At(PathBuf),
}

impl Place {
    /// The file, for an archive and a target.
    pub(super) fn path(&self, archive: Option<&Path>, target: &str) -> Option<PathBuf> {
        match self {
            Place::Nowhere => None,
            Place::At(path) => Some(path.clone()),
            Place::Beside => {
                let archive = archive.filter(|archive| archive.is_file() || archive.is_dir())?;
                let mut name = archive.file_name()?.to_owned();
                name.push(format!(".restore-{}", digest([target], 4)));
                Some(archive.with_file_name(name))
            }
        }
    }
}

/// What the archive is: its header and everything that its entries say.
pub(super) fn archive(header: &Header, entries: &[Entry]) -> String {
    let mut digest = Sha256::new();
    digest.update(format!("{header:?}"));
    let mut add = |text: Option<&BString>| {
        let text = text.map_or(BStr::new(""), |text| text.as_ref());
        digest.update(text.len().to_le_bytes());
        digest.update(text);
    };
    for entry in entries {
        add(Some(&entry.dump_id.to_string().into()));
        add(Some(&entry.descriptor));
        let texts = [
            &entry.tag,
            &entry.namespace,
            &entry.definition,
            &entry.drop,
            &entry.copy,
            &entry.owner,
        ];
        for text in texts {
            add(text.as_ref());
        }
    }
    format!("archive {}", hex(&digest.finalize()[..SHOWN]))
}

/// Which database of which server a session is in.
pub(super) async fn target(session: &mut Session) -> Result<String, pgdumprs_connect::Error> {
    Ok(format!("target {}", Whereabouts::of(session).await?))
}

/// What a restore is asked for, by everything that says so.
pub(super) fn options(choices: &[&dyn std::fmt::Debug]) -> String {
    let texts = choices.iter().map(|choice| format!("{choice:?}"));
    let texts = texts.chain([env!("CARGO_PKG_VERSION").to_owned()]);
    format!("options {}", digest(texts, SHOWN))
}

/// Opens a journal for writing: that of an earlier run where `resumes` says so.
pub(super) fn open(
    path: &Path,
    identity: Identity,
    resumes: bool,
) -> Result<Journal, JournalError> {
    let of = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound if resumes => JournalError::Missing {
            path: path.to_owned(),
        },
        _ => JournalError::Io {
            path: path.to_owned(),
            source,
        },
    };
    let mut options = File::options();
    options
        .read(true)
        .write(true)
        .create(!resumes)
        .truncate(false);
    let file = options.open(path).map_err(of)?;
    // Where the file system has no locks, nobody can tell.
    if !lock(&file).unwrap_or(true) {
        return Err(JournalError::Taken {
            path: path.to_owned(),
        });
    }
    match resumes {
        true => Journal::resume(path, file, identity),
        false => Journal::create(path, file, identity),
    }
}

/// The first bytes of a digest of texts.
fn digest(texts: impl IntoIterator<Item = impl AsRef<[u8]>>, shown: usize) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_ref().len().to_le_bytes());
        digest.update(text);
    }
    hex(&digest.finalize()[..shown])
}
