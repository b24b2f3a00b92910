//! Whether the files of a server's dump are sound.

use pgdumprs_archive::{Error, Verified};

use super::manifest::ManifestFile;
use super::{ServerBackup, ServerBackupError};
use crate::ArchiveSource;

/// A file of a server's dump that was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifiedFile {
    /// Its name in the folder.
    pub name: String,
    /// Its size in bytes, as the manifest has it.
    pub size: u64,
    /// What is in it, where it is an archive that is sound.
    pub archive: Option<Verified>,
    /// What is wrong with it.
    pub error: Option<ServerBackupError>,
}

impl ServerBackup {
    /// Reads all files once, each to its end: compares it with its size and sum in the manifest, and looks into it as
    /// [`archive::Reader::verify`](crate::archive::Reader::verify) does where it is an archive. Tells of each when it was read. Blocks meanwhile.
    ///
    /// Of a dump that did not come to its end, those are read that had come.
    ///
    /// Whether all are sound does not say that all databases are there: [`ServerBackup::is_complete`] does.
    pub fn verify(&self, mut tell: impl FnMut(&VerifiedFile)) -> Vec<VerifiedFile> {
        let globals = Some((&self.manifest.globals, false));
        // Until the script is there, nothing says how large it will be.
        let globals = globals.filter(|(file, _)| self.is_complete() || file.pieces().count() > 0);
        let rows = self.manifest.databases.iter();
        let archives = rows.filter_map(|row| Some((row.archive.as_ref()?, true)));
        let verified = globals
            .into_iter()
            .chain(archives)
            .map(|(file, is_archive)| {
                let found = self.verify_file(file, is_archive);
                let (archive, error) = match found {
                    Ok(archive) => (archive, None),
                    Err(error) => (None, Some(error)),
                };
                let verified = VerifiedFile {
                    name: file.file.clone(),
                    size: file.size,
                    archive,
                    error,
                };
                tell(&verified);
                verified
            });
        verified.collect()
    }

    fn verify_file(
        &self,
        file: &ManifestFile,
        is_archive: bool,
    ) -> Result<Option<Verified>, ServerBackupError> {
        let place = &self.place;
        if !is_archive {
            return self.globals().map(|_| None);
        }
        let input = place.open(&file.file)?;
        if input.size() != file.size {
            return Err(place.changed(file));
        }
        let summing = input.summing(file);
        let source = ArchiveSource::reader(summing.clone());
        #[cfg(feature = "encryption")]
        let source = source.identities(self.identities.clone());
        let archive = source.open().map(|mut reader| reader.verify());
        let failed = |source| ServerBackupError::reading(&place.name_of(&file.file), source);
        // An archive that is not the one that was dumped is damaged for that reason.
        if !summing.ends_same().map_err(failed)? {
            return Err(place.changed(file));
        }
        let archive = archive.map_err(|source| ServerBackupError::Unopened {
            file: place.name_of(&file.file),
            source,
        })?;
        archive.map(Some).map_err(|damage| match damage.error {
            Error::Read { source, .. } => failed(source),
            _ => ServerBackupError::Damaged {
                file: place.name_of(&file.file),
                damage,
            },
        })
    }
}
