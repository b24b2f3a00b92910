//! From a rendered database to a written archive: its data is copied, its end is put in order.

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use pgdumprs_archive::Compression;
use pgdumprs_connect::Session;
use pgdumprs_copy::{Settings, Summary};
use tracing::{Instrument, debug_span, info};

use crate::blocking::blocking;
use crate::data::others;
use crate::patience::{PATIENCE, noticing};
use crate::planning::Planned;
use crate::product::Product;
use crate::sealed::Ending;
use crate::writing::{Contents, Form, Pace, Written, write_steps};
use crate::{Dump, Error, Event, Report, TableReport, transaction};

impl Dump {
    /// Makes the dump: connects, plans, copies and writes, without syncing. `open` begins what is written.
    pub(crate) async fn run<W, F>(&mut self, open: F) -> Result<(W::Output, Report), Error>
    where
        W: Ending + Send + 'static,
        W::Output: Send + 'static,
        F: FnOnce(Contents) -> Result<Form<W>, Error> + Send + 'static,
    {
        let started = Instant::now();
        let (mut session, planned) = self.plan().await?;
        let mut report = Report::begin(&planned);
        let (summary, Written { form, sizes }) = self.copy(&mut session, planned, open).await?;
        let output = async {
            // Nobody has spoken with the leader since it read its last part. That its transaction is still there proves that its locks
            // held all the time: without them, another connection may have found a table emptied.
            self.hear(&mut session);
            let (was_there, notices) = transaction::end(&mut session)
                .await
                .map_err(Error::Ending)?;
            if !was_there {
                return Err(Error::TransactionLost);
            }
            self.watch.said(None, notices);
            self.watch.all_said();
            session.close().await;
            let (output, bytes) = blocking(move || form.finish()).await?;
            report.archive_bytes = bytes;
            Ok(output)
        }
        .instrument(debug_span!("finish"))
        .await?;
        let (tables, warnings) = self.watch.take();
        report.tables = summary.tables;
        report.rows = summary.rows;
        report.large_objects = summary.large_objects;
        report.raw_bytes = summary.bytes;
        report.compressed_bytes = sizes.iter().map(|(_, size)| size).sum();
        report.table_reports = in_order(tables, &sizes);
        for chosen in &mut report.chosen_rows {
            let mut tables = report.table_reports.iter();
            let table = tables.find(|table| table.name == chosen.table);
            chosen.rows = table.map(|table| table.rows);
        }
        report.warnings = warnings;
        report.elapsed = started.elapsed();
        let Report {
            tables,
            rows,
            raw_bytes,
            archive_bytes,
            elapsed,
            ..
        } = &report;
        info!(tables, rows, raw_bytes, archive_bytes, ?elapsed, "written");
        Ok((output, report))
    }

    /// Copies the data and writes all but the end.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn copy<W, F>(
        &mut self,
        session: &mut Session,
        planned: Planned,
        open: F,
    ) -> Result<(Summary, Written<W>), Error>
    where
        W: Write + Send + 'static,
        F: FnOnce(Contents) -> Result<Form<W>, Error> + Send + 'static,
    {
        let Planned {
            header,
            entries,
            data,
            begun,
            ..
        } = planned;
        let settings = Settings {
            // A script is compressed as a whole.
            compression: match self.product {
                Product::Script(_) => Compression::None,
                _ => self.compressed_by(),
            },
            in_files: matches!(self.product, Product::Directory),
            memory: self.memory,
        };
        // There are no more than there is work for.
        let wanted = self.connections().min(data.units());
        let connections = wanted.min(settings.most_connections());
        if connections < wanted {
            self.watch.tell(Event::Warning(format!(
                "{} MiB of memory are enough for {connections} of {wanted} connections with this compression; with more (--memory), \
                 more of them can read",
                self.memory >> 20
            )));
        }
        let others = others(connections, session, begun.shared, &self.settings);
        // Both those who copy and whoever notices that the output takes nothing tell of it.
        let watch = Mutex::new(&mut self.watch);
        let watch = || watch.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = Pace::default();
        let stalled = async {
            pace.stalled_for(PATIENCE).await;
            watch().tell(Event::Hint(STALLED.into()));
        };
        let (pace, span) = (pace.clone(), debug_span!("write"));
        let on_disk = data.bytes();
        let write = move |steps| {
            let contents = Contents {
                header,
                entries,
                pace: pace.clone(),
                on_disk,
            };
            span.in_scope(|| write_steps(pace.time(|| open(contents))?, steps, &pace))
        };
        let copying = pgdumprs_copy::run(session, others, data, settings, write, |progress| {
            watch().copied(progress);
        });
        let (copied, written) = noticing(Box::pin(copying), stalled).await;
        match (copied, written) {
            // Where copying only noticed that the writer was gone, the writer knows why.
            (Err(pgdumprs_copy::Error::WriterStopped) | Ok(_), Some(Err(error))) => Err(error),
            (Err(error), _) => Err(Error::Copy(error)),
            (Ok(summary), Some(Ok(written))) => Ok((summary, written)),
            (Ok(_), None) => unreachable!("what was copied was written"),
        }
    }
}

/// What is said of an output that is slower than everything else.
const STALLED: &str =
    "what the archive is written to has taken nothing for 15 s, and the dump waits for it";

/// The tables' reports in the archive's order, with what compression made of them.
fn in_order(mut tables: HashMap<i32, TableReport>, sizes: &[(i32, u64)]) -> Vec<TableReport> {
    let table = |&(dump_id, size): &(i32, u64)| {
        let mut table = tables.remove(&dump_id)?;
        table.compressed_bytes = size;
        Some(table)
    };
    sizes.iter().filter_map(table).collect()
}
