//! Dumping the databases of a server, several at a time.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use bstr::{BString, ByteSlice};
use jiff::Timestamp;
use pgdumprs_catalog::ListedDatabase;
use tokio::task::JoinSet;

use super::ServerDump;
use super::choice::{Listed, Watchers};
use super::event::ServerDumpEvent;
use super::place::{Place, file_name, file_name_for};
use super::share::{at_once, share};
use super::sign::{self, with_signs};
use crate::failure_line::with_causes;
use crate::product::Product;
use crate::server_backup::manifest::{
    GLOBALS, INCOMPLETE, MANIFEST, Manifest, ManifestDatabase, ManifestFile, ManifestSkipped, text,
};
use crate::{Dump, Error, Report};

/// What the dump of a server came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerReport {
    /// The server's version as it prints it.
    pub server_version: BString,
    /// Each database, in the order in which they ended.
    pub databases: Vec<DatabaseReport>,
    /// What was warned of that is of no database.
    pub warnings: Vec<String>,
    /// From connecting to the last file, synced.
    pub elapsed: Duration,
}

/// What the dump of one of a server's databases came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatabaseReport {
    /// The database's name.
    pub database: BString,
    /// The name of its archive in the folder.
    pub file: String,
    /// What is in the archive, or why there is none.
    pub outcome: Result<Report, Error>,
}

impl ServerReport {
    /// The databases that could not be dumped; none where the dump is whole.
    pub fn failed(&self) -> impl Iterator<Item = &DatabaseReport> {
        self.databases.iter().filter(|one| one.outcome.is_err())
    }
}

impl ServerDump {
    /// Dumps the whole server into a folder, which is made, or is there and empty, or left by a dump that did not come to its end: `globals.sql`, an archive in the custom format for each database,
    /// and `manifest.json`, which names them all with their sizes and SHA-256 sums. That one comes last: a folder without it is no whole dump. Until then there is
    /// `incomplete.json`, which names what may be there: a folder that was left so is taken over by the next dump into it, and its files are replaced one by one.
    ///
    /// Several databases are dumped at a time, the largest first, over as many connections together as the [`Dump`] was told ([`Dump::jobs`]), and in
    /// as much memory. One that cannot be dumped does not stop the others: the report has its error, and in place of the manifest
    /// there is `incomplete.json`, which has the same form.
    ///
    /// Where the [`Dump`] is encrypted, so are the archives and the script, and `.age` follows their names; the manifest is readable.
    ///
    /// Each database is what one snapshot shows; those of several databases, and the globals, are not of the same moment.
    ///
    /// # Errors
    ///
    /// Where the globals cannot be read, or the folder, the globals or the manifest cannot be written. Also where another dump is writing into the folder.
    pub async fn to_folder(self, folder: impl AsRef<Path>) -> Result<ServerReport, Error> {
        let (folder, synced) = (folder.as_ref().to_owned(), self.dump.sync);
        self.dump_into(async move { Place::folder(&folder, synced).await })
            .await
    }

    /// As [`ServerDump::to_folder`], as objects whose names begin with the folder's. Archives go up as those of
    /// [`Dump::to_object`] do, in the memory that the [`Dump`] was told: as many at a time as there is room for, each upload taking 32 MiB of it. Of an
    /// archive that is larger than its first part the manifest has the sums of that and of what follows, rather than of the whole.
    ///
    /// # Errors
    ///
    /// As for [`ServerDump::to_folder`]; [`Error::ObjectVerify`] where archives were to be read back before they get their names.
    #[cfg(feature = "object-store")]
    pub async fn to_store(self, folder: &pgdumprs_store::Folder) -> Result<ServerReport, Error> {
        if self.dump.verify {
            return Err(Error::ObjectVerify);
        }
        let folder = folder.clone();
        self.dump_into(async move { Place::store(&folder).await })
            .await
    }

    /// Dumps the server to where `begin` begins.
    async fn dump_into(
        mut self,
        begin: impl Future<Output = Result<(Place, Option<Manifest>), Error>>,
    ) -> Result<ServerReport, Error> {
        let begun = Instant::now();
        let started = Timestamp::now();
        self.check()?;
        let mut session = self.connect().await?;
        let server_version = session.server_version().text.clone();
        let listed = self.list(&mut session).await?;
        if listed.chosen.is_empty() {
            return Err(no_database(&listed));
        }
        let globals = self.read_globals(&mut session).await?;
        let script = self.script_of(&globals);
        let mut memberships = globals.memberships.into_iter();
        let bootstrap = memberships.find(|row| row.by_bootstrap);
        // Where several hosts are named, all databases are those of one.
        self.dump.params = session.at_same_server(&self.dump.params);
        session.close().await;
        let (place, left) = begin.await?;
        let chosen = listed.chosen.iter().map(|row| row.name.to_string());
        let chosen: BTreeSet<String> = chosen.collect();
        // An archive that nobody makes anew may be the only one.
        let mut archives = left.iter().flat_map(Manifest::archives);
        if let Some((name, _)) = archives.find(|(name, _)| !chosen.contains(*name)) {
            return Err(place.taken(format!(
                "there is the archive of database \"{name}\" in it, which would not be dumped now"
            )));
        }
        let recipients = self.dump.recipients.as_ref();
        let named = |name: &str| file_name_for(name, recipients);
        let mut manifest = Manifest::new(
            server_version.to_string(),
            started,
            ManifestFile::new(&named(GLOBALS), Vec::new()),
        );
        let bootstrap = bootstrap.and_then(|row| row.grantor);
        manifest.bootstrap_superuser = bootstrap.map(|name| name.to_string());
        let skipped = listed.skipped.iter();
        manifest.skipped = skipped
            .map(|(name, reason)| ManifestSkipped {
                database: name.to_string(),
                reason: (*reason).to_owned(),
            })
            .collect();
        // Whatever ends the dump, it is known from the beginning on what it may leave.
        let chosen = listed.chosen.iter();
        manifest.databases = chosen.clone().map(|row| not_yet(&row.name)).collect();
        let files: Vec<String> = chosen
            .map(|row| file_name(&row.name))
            .chain([GLOBALS.to_owned()])
            .collect();
        let left = left.iter().flat_map(Manifest::files);
        manifest.begun = left.chain(files.iter().map(|name| named(name))).collect();
        manifest.begun = manifest.files().into_iter().collect();
        manifest.run = std::iter::repeat_with(fastrand::alphanumeric)
            .take(RUN)
            .collect();
        let run = manifest.run.clone();
        let list = manifest.to_text();
        place.put(INCOMPLETE, list.clone()).await?;
        manifest.databases.clear();
        // Passwords are in it.
        manifest.globals = place
            .put_private(GLOBALS, script.into(), recipients)
            .await?;

        let mut reports = Vec::new();
        let dumped = self.dump_all(listed.chosen, &place, &run);
        // A store shows nothing of a dump that is at a large database, nor does a disk without locks.
        let sign = || async {
            if place.check_own(&run).await.is_ok() {
                // The next one may come through.
                let _ = place.put(INCOMPLETE, list.clone()).await;
            }
        };
        for (report, entry) in with_signs(dumped, sign::EVERY, sign).await {
            reports.push(report);
            manifest.databases.push(entry);
        }
        manifest
            .databases
            .sort_by(|one, other| one.database.cmp(&other.database));
        manifest.complete = reports.iter().all(|one| one.outcome.is_ok());
        manifest.finished = text(Timestamp::now());
        let left = manifest.files();
        manifest.begun.clear();
        let stale = &left - &manifest.files();
        // Whatever ends the dump now, what is stale is known.
        manifest.begun = stale.iter().cloned().collect();
        place.check_own(&run).await?;
        if manifest.complete {
            manifest.run.clear();
            place.check_files(&manifest).await?;
            place.put(MANIFEST, manifest.to_text()).await?;
            // What is of other databases stays: it may be all that there is of them.
            let own: BTreeSet<String> = files
                .into_iter()
                .flat_map(|name| [format!("{name}.age"), name])
                .collect();
            let stale = stale.intersection(&own).map(String::as_str);
            for name in stale.chain([INCOMPLETE]) {
                place.remove(name).await?;
            }
        } else {
            // An older archive of a database that could not be dumped now is worth more than none.
            place.put(INCOMPLETE, manifest.to_text()).await?;
        }
        let (_, warnings) = self.dump.watch.take();
        Ok(ServerReport {
            server_version,
            databases: reports,
            warnings,
            elapsed: begun.elapsed(),
        })
    }

    /// Fails where what was chosen is not for whole servers.
    fn check(&self) -> Result<(), Error> {
        if !matches!(self.dump.product, Product::Custom) {
            return Err(Error::NoServerFormat);
        }
        self.dump.check(true)
    }

    /// Dumps databases, as many at a time as there are connections for.
    async fn dump_all(
        &self,
        mut databases: Vec<ListedDatabase>,
        place: &Place,
        run: &str,
    ) -> Vec<(DatabaseReport, ManifestDatabase)> {
        // The last is the first to be dumped.
        databases.sort_by_key(|row| row.size);
        let most = self.dump.connections();
        let at_once = at_once(databases.len(), most, self.dump.memory, place.memory());
        let memory = (self.dump.memory / at_once).saturating_sub(place.memory());
        let mut free = most;
        let mut running = JoinSet::new();
        let mut ended = Vec::new();
        loop {
            while free > 0 && running.len() < at_once {
                let waiting = databases.len().min(at_once - running.len());
                let Some(row) = databases.pop() else { break };
                let connections = share(free, waiting);
                free -= connections;
                let mut params = self.dump.params.clone();
                let name = row
                    .name
                    .to_str()
                    .map(|name| params.set_dbname(name))
                    .is_ok();
                let dump = self.dump.like(params).jobs(connections).memory(memory);
                let (place, watchers) = (place.clone(), self.watchers.clone());
                let run = run.to_owned();
                running.spawn(async move {
                    let dump = name.then_some(dump);
                    (
                        connections,
                        one(dump, row.name, connections, (&place, &run), &watchers).await,
                    )
                });
            }
            match running.join_next().await {
                None => return ended,
                Some(Ok((connections, outcome))) => {
                    free += connections;
                    ended.push(outcome);
                }
                Some(Err(error)) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime ends, and whoever waits here will be dropped as well.
                    Err(_) => std::future::pending().await,
                },
            }
        }
    }
}

/// Letters that tell one run from another.
const RUN: usize = 16;

/// Nothing is left of what was included, for all of it is excluded. What would be dumped would pass for a whole dump, and others would be removed for it.
fn no_database(listed: &Listed) -> Error {
    let open: Vec<_> = listed.open.iter().map(|row| row.name.to_string()).collect();
    Error::Catalog(pgdumprs_catalog::Error::NoMatch {
        what: "databases",
        pattern: None,
        hint: format!(
            "all that is included is excluded as well; there are {}; --globals-only dumps what belongs to none",
            open.join(", ")
        ),
    })
}

/// What is known of a database before it is dumped.
fn not_yet(database: &BString) -> ManifestDatabase {
    ManifestDatabase {
        database: database.to_string(),
        archive: None,
        server_version: String::new(),
        tables: 0,
        rows: 0,
        large_objects: 0,
        started: String::new(),
        finished: String::new(),
        error: Some("the dump of the server has not come to its end".to_owned()),
    }
}

/// Dumps one database. There is no dump where its name cannot be said to the server.
async fn one(
    dump: Option<Dump>,
    database: BString,
    connections: usize,
    (place, run): (&Place, &str),
    watchers: &Watchers,
) -> (DatabaseReport, ManifestDatabase) {
    let started = Timestamp::now();
    let mut file = file_name(&database);
    watchers.tell(&ServerDumpEvent::Begun {
        database: database.clone(),
        connections,
    });
    let outcome = async {
        let dump = dump.ok_or_else(|| Error::DatabaseName {
            name: database.clone(),
        })?;
        let (of, watchers) = (database.clone(), watchers.clone());
        let dump = dump.watch(move |event| {
            let database = of.clone();
            watchers.tell(&ServerDumpEvent::Told { database, event });
        });
        place.dump(&file, dump, run).await
    };
    let outcome: Result<_, Error> = outcome.await;
    let event = match &outcome {
        Ok((report, _)) => ServerDumpEvent::Complete {
            database: database.clone(),
            rows: report.rows,
            archive_bytes: report.archive_bytes,
        },
        Err(error) => ServerDumpEvent::Failed {
            database: database.clone(),
            reason: with_causes(error),
        },
    };
    watchers.tell(&event);
    let counted =
        |count: fn(&Report) -> u64| outcome.as_ref().map_or(0, |(report, _)| count(report));
    let entry = ManifestDatabase {
        database: database.to_string(),
        server_version: outcome.as_ref().map_or_else(
            |_| String::new(),
            |(report, _)| report.server_version.to_string(),
        ),
        tables: counted(|report| report.tables),
        rows: counted(|report| report.rows),
        large_objects: counted(|report| report.large_objects),
        started: text(started),
        finished: text(Timestamp::now()),
        error: outcome.as_ref().err().map(|error| with_causes(error)),
        archive: outcome.as_ref().ok().map(|(_, archive)| archive.clone()),
    };
    let outcome = outcome.map(|(report, archive)| {
        file = archive.file;
        report
    });
    let report = DatabaseReport {
        database,
        file,
        outcome,
    };
    (report, entry)
}
