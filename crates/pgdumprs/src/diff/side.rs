//! The two sides of a comparison.

use std::fmt;

use bstr::BString;
use pgdumprs_archive::{Entry, Header, Reader, Section};
use pgdumprs_connect::{Session, without_passwords};
use pgdumprs_copy::Plan;

use super::DiffError;
use super::report::DiffedSide;
use crate::archive_source::Version;
use crate::blocking::blocking;
use crate::data::others;
use crate::planning::Planned;
use crate::rows::side::{Gives, Side};
use crate::rows::{Found, Wanted, archived};
use crate::transaction::{self, Begun};
use crate::{ArchiveInput, ArchiveSource, Dump, Error, created_text};

/// One of two databases to be compared: in an archive, or on a server.
pub struct DiffSide(Kind);

enum Kind {
    Archive(ArchiveSource),
    Database(Box<Dump>),
}

impl DiffSide {
    /// A database in an archive.
    pub fn archive(source: ArchiveSource) -> Self {
        Self(Kind::Archive(source))
    }

    /// A database on a server, as this dump would have it: the dump says which schemas and tables are compared, and as which role. What a
    /// [`Diff`](super::Diff) leaves out is left out of it too.
    ///
    /// It is read in one read-only transaction, and nothing is written.
    pub fn database(dump: Dump) -> Self {
        Self(Kind::Database(Box::new(dump)))
    }

    pub(super) fn is_archive(&self) -> bool {
        matches!(self.0, Kind::Archive(_))
    }

    /// Changes the dump, where it is one.
    pub(super) fn with_dump(self, change: impl FnOnce(Dump) -> Dump) -> Self {
        match self.0 {
            Kind::Database(dump) => Self::database(change(*dump)),
            archive => Self(archive),
        }
    }

    /// Reads its definitions. Texts of a database are in `encoding`, unless its dump has one.
    pub(super) async fn open(self, encoding: Option<BString>) -> Result<Opened, DiffError> {
        match self.0 {
            Kind::Archive(source) => {
                let name = source.to_string();
                let again = source.clone();
                let (version, reader) = blocking(move || (again.version(), again.open())).await;
                let reader = reader.map_err(|source| DiffError::Open {
                    archive: name.clone(),
                    source,
                })?;
                Ok(Opened {
                    header: reader.header().clone(),
                    entries: reader.entries().to_vec(),
                    encoding: reader.encoding().map(ToOwned::to_owned),
                    name,
                    from: From::Archive(Archive {
                        source,
                        version,
                        reader: Box::new(reader),
                    }),
                })
            }
            Kind::Database(mut dump) => {
                if dump.settings.encoding.is_none() {
                    dump.settings.encoding = encoding.map(|encoding| encoding.to_string());
                }
                dump.check(true)?;
                let (session, planned) = dump.plan().await?;
                let name = name(&session);
                let Planned {
                    header,
                    entries,
                    data,
                    begun,
                    ..
                } = planned;
                let encoding = session.parameter("client_encoding");
                Ok(Opened {
                    header,
                    entries,
                    encoding: encoding.map(ToOwned::to_owned),
                    name,
                    from: From::Database(Box::new(Live {
                        dump,
                        session,
                        data,
                        begun,
                    })),
                })
            }
        }
    }
}

/// What was chosen, and no password.
impl fmt::Debug for DiffSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Archive(source) => source.fmt(f),
            Kind::Database(dump) => dump.fmt(f),
        }
    }
}

/// A database and its server, in words. A name that may be a connection string is not shown.
fn name(session: &Session) -> String {
    let target = session.target();
    let port = target.port.map(|port| format!(", port {port}"));
    let name = format!(
        "database \"{}\" on {}{}",
        target.database,
        target.host,
        port.unwrap_or_default()
    );
    without_passwords(&name).into_owned()
}

/// A side whose definitions were read.
pub(super) struct Opened {
    pub(super) header: Header,
    pub(super) entries: Vec<Entry>,
    pub(super) encoding: Option<BString>,
    pub(super) name: String,
    from: From,
}

enum From {
    Archive(Archive),
    Database(Box<Live>),
}

/// An archive whose table of contents was read.
struct Archive {
    source: ArchiveSource,
    /// What had its name before it was opened.
    version: Version,
    reader: Box<Reader<ArchiveInput>>,
}

/// A database whose transaction is open.
struct Live {
    dump: Box<Dump>,
    session: Session,
    data: Plan,
    begun: Begun,
}

impl Opened {
    /// It, for the report.
    pub(super) fn told(&self) -> DiffedSide {
        let text = |text: &Option<BString>| text.as_ref().map(ToString::to_string);
        let is_archive = matches!(self.from, From::Archive(_));
        DiffedSide {
            name: self.name.clone(),
            is_archive,
            made: created_text(self.header.created),
            database: text(&self.header.database),
            server_version: text(&self.header.server_version),
            dumper_version: text(&self.header.dumper_version).filter(|_| is_archive),
        }
    }

    /// Whether there is any definition of what is in the database.
    pub(super) fn has_definitions(&self) -> bool {
        self.entries.iter().any(|entry| {
            let is_about_all = matches!(
                entry.descriptor.as_slice(),
                b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" | b"DATABASE" | b"DATABASE PROPERTIES"
            );
            !is_data(entry) && !is_about_all && entry.section != Section::None
        })
    }

    /// Whether there is any data.
    pub(super) fn has_data(&self) -> bool {
        self.entries.iter().any(is_data)
    }

    /// Reads the data over so many threads, or connections, and ends. With `alike`, every server writes the same values alike.
    pub(super) async fn read(
        self,
        wanted: Wanted,
        jobs: usize,
        alike: bool,
    ) -> Result<Found, DiffError> {
        match self.from {
            From::Archive(archive) => {
                let Archive {
                    source,
                    version,
                    reader,
                } = archive;
                let found = archived::read(&source, *reader, wanted, jobs).await;
                let now = blocking(move || source.version()).await;
                match found {
                    // What has failed is still failing, or the archive is gone: the error says it.
                    Err(source) if now == Version::Unknown => Err(DiffError::Damaged {
                        archive: self.name,
                        source,
                    }),
                    _ if now != version => Err(DiffError::Changed { archive: self.name }),
                    found => found.map_err(|source| DiffError::Damaged {
                        archive: self.name,
                        source,
                    }),
                }
            }
            From::Database(live) => Ok(live.read(wanted, alike).await?),
        }
    }
}

impl Live {
    async fn read(mut self, wanted: Wanted, alike: bool) -> Result<Found, Error> {
        let mut shared = self.begun.shared.take();
        if alike {
            let settings = ["SET LOCAL TimeZone = 'UTC'", "SET LOCAL lc_monetary = 'C'"];
            let set = self.session.pipeline(&settings).await;
            set.map_err(|source| Error::Transaction {
                what: "set the time zone for the comparison".to_owned(),
                source,
            })?;
            shared = shared.map(transaction::Shared::alike);
        }
        let all: Vec<i32> = wanted.keys().copied().collect();
        let connections = self.dump.connections().min(self.data.units()).max(1);
        let side = Side {
            others: others(connections, &self.session, shared, &self.dump.settings),
            leader: self.session,
            plan: self.data,
            gives: Gives::Data(wanted),
            connections,
        };
        let sums = side.read(|told| self.dump.watch.copied(told)).await;
        let mut session = sums.leader.map_err(Error::Copy)?;
        let ended = transaction::end(&mut session).await;
        let (was_there, _) = ended.map_err(Error::Ending)?;
        if !was_there {
            return Err(Error::TransactionLost);
        }
        session.close().await;
        // What is missing would look as if there were no such table.
        if all.iter().any(|job| !sums.jobs.contains_key(job)) {
            return Err(Error::Copy(pgdumprs_copy::Error::Gone));
        }
        Ok(Found {
            rows: sums.jobs,
            objects: sums.objects,
        })
    }
}

fn is_data(entry: &Entry) -> bool {
    matches!(
        entry.descriptor.as_slice(),
        b"TABLE DATA"
            | b"BLOB"
            | b"BLOBS"
            | b"BLOB METADATA"
            | b"SEQUENCE SET"
            | b"MATERIALIZED VIEW DATA"
            | b"STATISTICS DATA"
            | b"EXTENDED STATISTICS DATA"
    )
}
