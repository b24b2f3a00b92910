//! The dump of a server as it lies in a folder or a store: what its manifest says, and whether its files are as that says.

mod error;
mod input;
pub(crate) mod manifest;
mod place;
mod verify;

use std::fmt;
use std::io::Read;
use std::path::Path;

#[cfg(feature = "encryption")]
use pgdumprs_seal::{Identities, SAMPLE, is_sealed};

pub use error::ServerBackupError;
pub use verify::VerifiedFile;

use self::manifest::{INCOMPLETE, MANIFEST, Manifest, ManifestFile};
pub(crate) use self::place::Place;
use crate::{ArchiveSource, OpenError};

/// As large as the manifest of any server is.
pub(crate) const LARGEST_MANIFEST: u64 = 64 << 20;

/// The dump of a server that [`ServerDump::to_folder`](crate::ServerDump::to_folder) or its like has made, by its manifest.
///
/// ```no_run
/// use pgdumprs::ServerBackup;
///
/// # fn example() -> Result<(), pgdumprs::ServerBackupError> {
/// let backup = ServerBackup::in_folder("tonight")?;
/// for database in backup.databases() {
///     println!("{}: {} rows", database.name, database.rows);
/// }
/// assert!(backup.verify(|file| println!("{}", file.name)).iter().all(|file| file.error.is_none()));
/// # Ok(())
/// # }
/// ```
pub struct ServerBackup {
    pub(crate) place: Place,
    pub(crate) manifest: Manifest,
    /// What opens files that are encrypted.
    #[cfg(feature = "encryption")]
    identities: Identities,
}

/// What a manifest says of a database.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct BackedUpDatabase<'a> {
    /// The database's name.
    pub name: &'a str,
    /// The name of its archive in the folder; nothing where it could not be dumped.
    pub file: Option<&'a str>,
    /// The archive's size in bytes.
    pub size: u64,
    /// Tables whose rows were dumped.
    pub tables: u64,
    /// Rows of them.
    pub rows: u64,
    /// Large objects.
    pub large_objects: u64,
    /// When its dump began and ended, in UTC.
    pub started: &'a str,
    /// When its dump ended, in UTC.
    pub finished: &'a str,
    /// Why it could not be dumped.
    pub error: Option<&'a str>,
}

impl ServerBackup {
    /// Reads the manifest in a folder. Blocks meanwhile.
    ///
    /// # Errors
    ///
    /// [`ServerBackupError`], where there is none or it cannot be used.
    pub fn in_folder(folder: impl AsRef<Path>) -> Result<Self, ServerBackupError> {
        Self::open(Place::Folder(folder.as_ref().to_owned()))
    }

    /// As [`ServerBackup::in_folder`], of objects in a store.
    ///
    /// # Errors
    ///
    /// As for [`ServerBackup::in_folder`].
    #[cfg(feature = "object-store")]
    pub fn in_store(folder: &pgdumprs_store::Folder) -> Result<Self, ServerBackupError> {
        Self::open(Place::Store(folder.clone()))
    }

    /// Whether a folder has the manifest of a dump of a server, be that whole or not.
    pub fn is_in_folder(folder: impl AsRef<Path>) -> bool {
        let folder = folder.as_ref();
        [MANIFEST, INCOMPLETE]
            .iter()
            .any(|name| folder.join(name).is_file())
    }

    pub(crate) fn open(place: Place) -> Result<Self, ServerBackupError> {
        for name in [MANIFEST, INCOMPLETE] {
            let text = match place.read(name, LARGEST_MANIFEST) {
                Err(error) if error.is_missing() => continue,
                read => read?,
            };
            let manifest = Manifest::parse(&text);
            let mut manifest = manifest.map_err(|reason| ServerBackupError::Manifest {
                file: place.name_of(name),
                reason,
            })?;
            manifest.complete &= name == MANIFEST;
            return Ok(Self {
                place,
                manifest,
                #[cfg(feature = "encryption")]
                identities: Identities::new(),
            });
        }
        Err(ServerBackupError::NoManifest {
            place: place.to_string(),
        })
    }

    /// The same, with its files opened by these where they are encrypted.
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn identities(mut self, identities: Identities) -> Self {
        self.identities = identities;
        self
    }

    /// An archive among the files.
    ///
    /// # Errors
    ///
    /// Where an object cannot have that name.
    pub(crate) fn archive(&self, file: &str) -> Result<ArchiveSource, OpenError> {
        let source = self.place.archive(file)?;
        #[cfg(feature = "encryption")]
        let source = source.identities(self.identities.clone());
        Ok(source)
    }

    /// The script of what belongs to no database, which is as it was dumped.
    pub(crate) fn globals(&self) -> Result<Vec<u8>, ServerBackupError> {
        let file = &self.manifest.globals;
        let mut text = Vec::new();
        let mut summing = self.place.open(&file.file)?.summing(file);
        let failed = |source| ServerBackupError::reading(&self.place.name_of(&file.file), source);
        summing.read_to_end(&mut text).map_err(failed)?;
        match summing.ends_same().map_err(failed)? {
            true => self.opened(text, file),
            false => Err(self.place.changed(file)),
        }
    }

    /// What is in a file, where it is encrypted.
    #[cfg(feature = "encryption")]
    fn opened(&self, bytes: Vec<u8>, file: &ManifestFile) -> Result<Vec<u8>, ServerBackupError> {
        if !is_sealed(&bytes[..bytes.len().min(SAMPLE)]) {
            return Ok(bytes);
        }
        let mut text = Vec::new();
        let opened = self.identities.open(bytes.as_slice());
        let read = opened.and_then(|mut opened| Ok(opened.read_to_end(&mut text)?));
        read.map_err(|error| ServerBackupError::Unopened {
            file: self.place.name_of(&file.file),
            source: error.into(),
        })?;
        Ok(text)
    }

    #[cfg(not(feature = "encryption"))]
    #[expect(clippy::unused_self, clippy::unnecessary_wraps)]
    fn opened(&self, bytes: Vec<u8>, _: &ManifestFile) -> Result<Vec<u8>, ServerBackupError> {
        Ok(bytes)
    }

    /// Whether all databases that were to be dumped are there.
    pub fn is_complete(&self) -> bool {
        self.manifest.complete
    }

    /// The server's version as it prints it.
    pub fn server_version(&self) -> &str {
        &self.manifest.server_version
    }

    /// When the dump began, in UTC.
    pub fn started(&self) -> &str {
        &self.manifest.started
    }

    /// When the dump ended, in UTC.
    pub fn finished(&self) -> &str {
        &self.manifest.finished
    }

    /// The databases, by name.
    pub fn databases(&self) -> impl Iterator<Item = BackedUpDatabase<'_>> {
        self.manifest.databases.iter().map(|row| {
            let archive = row.archive.as_ref();
            BackedUpDatabase {
                name: &row.database,
                file: archive.map(|archive| archive.file.as_str()),
                size: archive.map_or(0, |archive| archive.size),
                tables: row.tables,
                rows: row.rows,
                large_objects: row.large_objects,
                started: &row.started,
                finished: &row.finished,
                error: row.error.as_deref(),
            }
        })
    }

    /// Databases that nobody could connect to and that are not dumped, each with the reason.
    pub fn skipped(&self) -> impl Iterator<Item = (&str, &str)> {
        let skipped = self.manifest.skipped.iter();
        skipped.map(|row| (row.database.as_str(), row.reason.as_str()))
    }
}

/// Shows where it is, and no key.
impl fmt::Debug for ServerBackup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBackup")
            .field("place", &self.place)
            .field("manifest", &self.manifest)
            .finish_non_exhaustive()
    }
}
