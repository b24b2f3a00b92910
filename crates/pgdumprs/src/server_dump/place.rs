//! Where the files of a server's dump go: a folder, or a store, by names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bstr::ByteSlice;
use sha2::{Digest, Sha256};

use crate::blocking::blocking;
use crate::failure_line::with_causes;
use crate::file_sum::{FileSum, hex};
use crate::output::folder::sync_name;
use crate::output::{Hold, failed, gone, making, write_private, write_whole};
use crate::sealed::{Recipients, sealed};
use crate::server_backup::manifest::{INCOMPLETE, MANIFEST, Manifest, ManifestFile, ManifestPiece};
use crate::server_backup::{LARGEST_MANIFEST, Place as Reading};
use crate::{Dump, Error, Report};

/// What takes files by their names. All that is written of a server goes through this, and nothing else knows what it is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Folder {
        folder: PathBuf,
        synced: bool,
        /// Keeps others out, and goes with the last who has this.
        _hold: Arc<Hold>,
    },
    #[cfg(feature = "object-store")]
    Store(pgdumprs_store::Folder),
}

impl Place {
    /// Makes the folder, for its owner alone, since there are passwords in it; or takes the one that is there, if it is empty or was left by a dump that
    /// did not come to its end, of which it removes what was in the making. Gives the names of the files of that one too.
    pub(super) async fn folder(
        folder: &Path,
        synced: bool,
    ) -> Result<(Self, Option<Manifest>), Error> {
        let folder = folder.to_owned();
        blocking(move || {
            let made = match make(&folder) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => false,
                made => made
                    .map(|()| true)
                    .map_err(failed("make the folder", &folder))?,
            };
            let list = folder.join(INCOMPLETE);
            let hold = Hold::to_write(&list)?;
            if made && synced {
                sync_name(&folder)?;
            }
            let names = Hold::others(&list).map_err(failed("look into", &folder))?;
            let place = Self::Folder {
                folder: folder.clone(),
                synced,
                _hold: Arc::new(hold),
            };
            let (begun, names): (Vec<_>, Vec<_>) = names
                .into_iter()
                .partition(|name| making::name_to_be(name).is_some());
            let left = place.left_over(&names)?;
            place.remove_begun(&folder, &begun, left.as_ref())?;
            Ok((place, left))
        })
        .await
    }

    /// Removes the files in the making that a dump has left which was killed, by its manifest; where there is none, it was writing that.
    fn remove_begun(
        &self,
        folder: &Path,
        begun: &[String],
        left: Option<&Manifest>,
    ) -> Result<(), Error> {
        let files = left.iter().flat_map(|left| left.files());
        let own: Vec<String> = files
            .chain(left.map(|_| MANIFEST.to_owned()))
            .chain([INCOMPLETE.to_owned()])
            .collect();
        for file in begun {
            let name = own.iter().find(|name| making::is_to_be(file, name));
            let name = name.ok_or_else(|| self.something_else(file))?;
            match making::is_dead(&folder.join(file)) {
                Ok(true) => {}
                Ok(false) => return Err(self.taken(format!("somebody is writing {name} in it"))),
                Err(error) => {
                    return Err(self.taken(format!(
                        "nobody can tell whether somebody is writing {name} in it ({error}): \
                         if no dump is running, remove {file}"
                    )));
                }
            }
        }
        for file in begun {
            let path = folder.join(file);
            making::remove_dead(&path).map_err(failed("remove", &path))?;
        }
        Ok(())
    }

    /// As [`Place::folder`], for objects of a store. Who may read them, the store's own rules say.
    #[cfg(feature = "object-store")]
    pub(super) async fn store(
        folder: &pgdumprs_store::Folder,
    ) -> Result<(Self, Option<Manifest>), Error> {
        let folder = folder.clone();
        blocking(move || {
            let names = folder.names()?;
            let place = Self::Store(folder);
            let left = place.left_over(&names)?;
            Ok((place, left))
        })
        .await
    }

    /// What a dump that did not come to its end has left where there are these names, by its manifest.
    fn left_over(&self, names: &[String]) -> Result<Option<Manifest>, Error> {
        let Some(first) = names.first() else {
            return Ok(None);
        };
        let has = |name: &str| names.iter().any(|one| one == name);
        if has(MANIFEST) {
            return Err(self.taken("there is a whole dump of a server in it"));
        }
        if !has(INCOMPLETE) {
            return Err(self.taken(format!("there is something in it: {first}")));
        }
        let manifest = self.begun()?;
        let files = manifest.files();
        let odd = names
            .iter()
            .find(|&name| name != INCOMPLETE && !files.contains(name));
        match odd {
            Some(odd) => Err(self.something_else(odd)),
            None => Ok(Some(manifest)),
        }
    }

    /// The manifest of the dump that was begun here and has not come to its end.
    fn begun(&self) -> Result<Manifest, Error> {
        let text = self.reading().read(INCOMPLETE, LARGEST_MANIFEST);
        let text = text.map_err(|error| self.taken(with_causes(&error)))?;
        Manifest::parse(&text)
            .map_err(|reason| self.taken(format!("its {INCOMPLETE} cannot be used: {reason}")))
    }

    /// Fails where the dump that was begun here is not this run's any more: another one has taken over what is here.
    pub(super) async fn check_own(&self, run: &str) -> Result<(), Error> {
        let (place, run) = (self.clone(), run.to_owned());
        blocking(move || match place.begun()?.run == run {
            true => Ok(()),
            false => Err(place.taken("another dump has taken it over")),
        })
        .await
    }

    /// Fails where a file that a manifest names is not there, or is of another size.
    pub(super) async fn check_files(&self, manifest: &Manifest) -> Result<(), Error> {
        let files: Vec<ManifestFile> = manifest.archives().map(|(_, file)| file.clone()).collect();
        let (place, globals) = (self.clone(), manifest.globals.clone());
        blocking(move || {
            for file in files.iter().chain([&globals]) {
                let found = place.reading().open(&file.file);
                let size = found.map(|input| input.size());
                let size = size.map_err(|error| place.taken(with_causes(&error)))?;
                if size != file.size {
                    let reason =
                        format!("{} is not the file that this dump has written", file.file);
                    return Err(place.taken(reason));
                }
            }
            Ok(())
        })
        .await
    }

    fn reading(&self) -> Reading {
        match self {
            Place::Folder { folder, .. } => Reading::Folder(folder.clone()),
            #[cfg(feature = "object-store")]
            Place::Store(folder) => Reading::Store(folder.clone()),
        }
    }

    /// What is said where this cannot be written into, since there is something else in it.
    pub(super) fn taken(&self, reason: impl Into<String>) -> Error {
        match self {
            Place::Folder { folder, .. } => {
                let full = io::Error::new(io::ErrorKind::DirectoryNotEmpty, reason.into());
                failed("write into", folder)(full)
            }
            #[cfg(feature = "object-store")]
            Place::Store(folder) => folder.taken(reason).into(),
        }
    }

    fn something_else(&self, name: &str) -> Error {
        self.taken(format!("there is something else in it: {name}"))
    }

    /// Removes a file; one that is not there is removed.
    pub(super) async fn remove(&self, name: &str) -> Result<(), Error> {
        match self {
            Place::Folder { folder, .. } => {
                let path = folder.join(name);
                gone(fs::remove_file(&path)).map_err(failed("remove", &path))
            }
            #[cfg(feature = "object-store")]
            Place::Store(folder) => {
                let object = folder.object(name)?;
                blocking(move || Ok(object.remove()?)).await
            }
        }
    }

    /// Writes a file of which all is in memory.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        match self {
            Place::Folder { folder, synced, .. } => {
                write_whole(&folder.join(name), bytes, *synced).await
            }
            #[cfg(feature = "object-store")]
            Place::Store(folder) => {
                let object = folder.object(name)?;
                blocking(move || Ok(object.put(bytes)?)).await
            }
        }
    }

    /// As [`Place::put`], for the folder's owner alone, whoever may look into the folder. It is encrypted to the recipients, if there are
    /// some. Gives what the file is known by.
    pub(super) async fn put_private(
        &self,
        name: &str,
        bytes: Vec<u8>,
        recipients: Option<&Recipients>,
    ) -> Result<ManifestFile, Error> {
        let (name, recipients) = (file_name_for(name, recipients), recipients.cloned());
        let bytes = blocking(move || sealed(bytes, recipients.as_ref())).await?;
        let piece = ManifestPiece {
            size: bytes.len() as u64,
            sha256: hex(&Sha256::digest(&bytes)),
        };
        match self {
            Place::Folder { folder, synced, .. } => {
                write_private(&folder.join(&name), bytes, *synced).await?;
            }
            #[cfg(feature = "object-store")]
            Place::Store(_) => self.put(&name, bytes).await?,
        }
        Ok(ManifestFile::new(&name, vec![piece]))
    }

    /// Writes an archive, which the dump encrypts if it has recipients, as long as what is here is this run's. Gives what came of it, and what the file is known by.
    pub(super) async fn dump(
        &self,
        name: &str,
        dump: Dump,
        run: &str,
    ) -> Result<(Report, ManifestFile), Error> {
        self.check_own(run).await?;
        let name = &*file_name_for(name, dump.recipients.as_ref());
        let (report, pieces) = match self {
            Place::Folder { folder, .. } => {
                let path = folder.join(name);
                let report = dump.to_file(&path).await?;
                (report, vec![read_back(path).await?])
            }
            #[cfg(feature = "object-store")]
            Place::Store(folder) => {
                let object = folder.object(name)?;
                // One that was stopped for long may find another's object there, and a manifest that names it.
                let dumped = dump.summed_object(&object, || self.check_own(run)).await;
                let (report, pieces) = dumped?;
                let pieces = pieces.into_iter().map(|piece| ManifestPiece {
                    size: piece.size,
                    sha256: hex(&piece.sha256),
                });
                (report, pieces.collect())
            }
        };
        Ok((report, ManifestFile::new(name, pieces)))
    }

    /// How many bytes of memory an archive takes on its way, beside its data.
    pub(super) fn memory(&self) -> usize {
        match self {
            Place::Folder { .. } => 0,
            #[cfg(feature = "object-store")]
            Place::Store(_) => pgdumprs_store::Upload::MEMORY,
        }
    }
}

/// Reads a file and tells what it is known by.
async fn read_back(path: PathBuf) -> Result<ManifestPiece, Error> {
    blocking(move || {
        let sum = FileSum::of(&path).map_err(failed("read back", &path))?;
        Ok(ManifestPiece {
            size: sum.size,
            sha256: sum.sha256,
        })
    })
    .await
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// The name of a file that is encrypted, where there are recipients.
pub(super) fn file_name_for(name: &str, recipients: Option<&Recipients>) -> String {
    match recipients {
        Some(_) => format!("{name}.age"),
        None => name.to_owned(),
    }
}

/// The name of a database's file. What is not a small letter, a digit or one of `_-.` stands as `%` and two digits, so that no two databases
/// have one file where the case of letters makes no difference.
pub(super) fn file_name(database: &[u8]) -> String {
    let mut name = String::new();
    for (at, &byte) in database.as_bytes().iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => name.push(char::from(byte)),
            b'-' | b'.' if at > 0 => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name + ".dump"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_no_two_are_one() {
        for (database, expected) in [
            ("shop", "shop.dump"),
            ("Shop", "%53hop.dump"),
            ("../etc", "%2E.%2Fetc.dump"),
            ("a b\n", "a%20b%0A.dump"),
            ("-x", "%2Dx.dump"),
            ("%53hop", "%2553hop.dump"),
            ("ü", "%C3%BC.dump"),
        ] {
            assert_eq!(file_name(database.as_bytes()), expected);
        }
        let longest = file_name(&[0xff; 63]);
        assert!(longest.len() < 200, "{longest}");
    }
}
