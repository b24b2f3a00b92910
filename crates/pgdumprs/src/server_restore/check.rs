//! Whether a dump holds what its manifest says, and options are such that databases can be made from it.

use pgdumprs_script::Sections;

use super::ServerRestoreError;
use crate::server_backup::manifest::MANIFEST;
use crate::server_backup::{Place, ServerBackup, ServerBackupError};
use crate::{RestoreError, RestoreOptions};

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

/// Opens a dump that is whole.
pub(super) fn opened(place: Place) -> Result<ServerBackup, ServerBackupError> {
    let backup = ServerBackup::open(place)?;
    let manifest = &backup.manifest;
    let missing = manifest
        .databases
        .iter()
        .filter(|row| row.archive.is_none());
    let mut databases: Vec<_> = missing
        .map(|row| format!("database \"{}\"", row.database))
        .collect();
    if !manifest.complete && databases.is_empty() {
        databases.push(MANIFEST.to_owned());
    }
    if !databases.is_empty() {
        return Err(ServerBackupError::Incomplete {
            place: backup.place.to_string(),
            databases,
        });
    }
    Ok(backup)
}

/// Compares the files of databases with what the manifest says of them.
pub(super) fn check(backup: &ServerBackup, databases: &[String]) -> Result<(), ServerBackupError> {
    let archives = backup.manifest.archives();
    let is_wanted = |name: &str| databases.iter().any(|one| one == name);
    let mut files = archives.filter(|(name, _)| is_wanted(name));
    files.try_for_each(|(_, file)| backup.place.check(file))
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
