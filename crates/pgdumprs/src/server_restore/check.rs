//! Whether a folder holds what its manifest says, and options are such that databases can be made from it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path};

use bstr::BString;

use pgdumprs_script::Sections;

use super::ServerRestoreError;
use crate::file_sum::FileSum;
use crate::server_dump::manifest::{INCOMPLETE, MANIFEST, Manifest, ManifestFile};
use crate::{RestoreError, RestoreOptions};

/// A dump whose files are all there, as they were dumped.
pub(super) struct Checked {
    manifest: Manifest,
    /// The script of globals.
    pub(super) globals: BString,
}

impl Checked {
    /// The names of the databases.
    pub(super) fn databases(&self) -> impl Iterator<Item = &str> {
        self.archives().map(|(name, _)| name)
    }

    /// The databases, each with the name of its file.
    pub(super) fn archives(&self) -> impl Iterator<Item = (&str, &str)> {
        self.manifest.databases.iter().filter_map(|row| {
            let archive = row.archive.as_ref()?;
            Some((row.database.as_str(), archive.file.as_str()))
        })
    }
}

/// Fails where options contradict each other, or the making of databases.
pub(super) fn check_options(options: &RestoreOptions) -> Result<(), ServerRestoreError> {
    let sections = options.sections;
    let contrary = [
        ("-1/--single-transaction", options.single_transaction),
        ("-a/--data-only", options.data_only),
        ("--statistics-only", options.statistics_only),
        ("--no-schema", options.no_schema),
        (
            "--section",
            !sections.is_empty() && !sections.contains(Sections::PRE_DATA),
        ),
    ];
    if let Some((option, _)) = contrary.into_iter().find(|(_, given)| *given) {
        return Err(ServerRestoreError::Option { option });
    }
    let options = RestoreOptions {
        create: true,
        ..options.clone()
    };
    options
        .check()
        .map_err(|error| RestoreError::Script(error).into())
}

/// Reads the manifest of a folder, and each of its files.
pub(super) fn checked(folder: &Path) -> Result<Checked, ServerRestoreError> {
    let path = folder.join(MANIFEST);
    let text = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(ServerRestoreError::NoManifest {
                folder: folder.to_owned(),
                is_incomplete: folder.join(INCOMPLETE).exists(),
            });
        }
        read => read.map_err(unread(&path))?,
    };
    let manifest = Manifest::parse(&text).and_then(whole);
    let manifest = manifest.map_err(|reason| ServerRestoreError::Manifest { path, reason })?;
    let archives = manifest
        .databases
        .iter()
        .filter_map(|row| row.archive.as_ref());
    for file in archives.chain([&manifest.globals]) {
        let path = folder.join(&file.file);
        let found = FileSum::of(&path).map_err(unread(&path))?;
        if found.size != file.size || found.sha256 != file.sha256 {
            return Err(ServerRestoreError::Changed { path });
        }
    }
    let path = folder.join(&manifest.globals.file);
    let globals = fs::read(&path).map_err(unread(&path))?.into();
    Ok(Checked { manifest, globals })
}

/// Fails where a database is missing, or a name leads out of the folder.
fn whole(manifest: Manifest) -> Result<Manifest, String> {
    if let Some(row) = manifest.databases.iter().find(|row| row.archive.is_none()) {
        return Err(format!(
            "it has no archive of database \"{}\"",
            row.database
        ));
    }
    let files = manifest
        .databases
        .iter()
        .filter_map(|row| row.archive.as_ref());
    let mut files = files.chain([&manifest.globals]);
    if let Some(file) = files.find(|file| !is_name(file)) {
        return Err(format!(
            "\"{}\" is no name of a file in its folder",
            file.file
        ));
    }
    drop(files);
    Ok(manifest)
}

fn is_name(file: &ManifestFile) -> bool {
    let mut parts = Path::new(&file.file).components();
    matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    )
}

fn unread(path: &Path) -> impl Fn(std::io::Error) -> ServerRestoreError + '_ {
    |source| ServerRestoreError::File {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_can_be_made_with_the_options_or_nothing_is_begun() {
        let default = RestoreOptions::default;
        for (refused, reason) in [
            (
                RestoreOptions {
                    single_transaction: true,
                    ..default()
                },
                "-1/--single-transaction",
            ),
            (
                RestoreOptions {
                    data_only: true,
                    ..default()
                },
                "-a/--data-only",
            ),
            (
                RestoreOptions {
                    statistics_only: true,
                    ..default()
                },
                "--statistics-only",
            ),
            (
                RestoreOptions {
                    no_schema: true,
                    ..default()
                },
                "--no-schema",
            ),
            (
                RestoreOptions {
                    sections: Sections::DATA,
                    ..default()
                },
                "--section",
            ),
            (
                RestoreOptions {
                    if_exists: true,
                    ..default()
                },
                "--if-exists",
            ),
        ] {
            let error = check_options(&refused).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        for taken in [
            default(),
            RestoreOptions {
                schema_only: true,
                sections: Sections::PRE_DATA | Sections::DATA,
                ..default()
            },
        ] {
            check_options(&taken).unwrap();
        }
    }
}
