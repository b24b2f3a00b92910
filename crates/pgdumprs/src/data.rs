//! The data part of a dump: what to copy, over which connections, and what is told of it.

use bstr::BString;
use pgdumprs_connect::Session;
use pgdumprs_copy::{ByPages, Job, Opening, Plan, Progress, Table, Work};
use pgdumprs_ddl::DataJob;

use crate::Event;
use crate::settings::SessionSettings;
use crate::transaction::{self, Snapshot};

/// The connections beside the first, which open when they are polled. There are no more than there is work for.
pub(crate) fn others(
    jobs: usize,
    leader: &Session,
    data: &Plan,
    snapshot: Option<BString>,
    settings: &SessionSettings,
) -> Vec<Opening> {
    let Some(snapshot) = snapshot else {
        return Vec::new();
    };
    (1..jobs.min(data.units()))
        .map(|_| {
            let (another, snapshot) = (leader.another(), snapshot.clone());
            let settings = settings.clone();
            let opening: Opening = Box::pin(async move {
                let mut session = another.await?;
                transaction::begin(&mut session, Snapshot::Join(&snapshot), &settings).await?;
                Ok(session)
            });
            opening
        })
        .collect()
}

/// What the entry of a table or of large objects takes its data from.
pub(crate) fn job(job: DataJob) -> Job {
    match job {
        DataJob::Table {
            dump_id,
            name,
            copy,
            bytes,
            by_pages,
            ..
        } => Job {
            dump_id,
            work: Work::Table(Table {
                name,
                copy,
                bytes,
                by_pages: by_pages.map(|(pages, columns)| ByPages { pages, columns }),
            }),
        },
        DataJob::LargeObjects { dump_id, oids } => Job {
            dump_id,
            work: Work::LargeObjects { oids },
        },
    }
}

/// What is told of data being copied.
pub(crate) fn event(progress: Progress) -> Event {
    match progress {
        Progress::FewerConnections { reason } => Event::Warning(format!(
            "the dump goes on over fewer connections than asked for: {reason}"
        )),
        progress => Event::Copy(progress),
    }
}
