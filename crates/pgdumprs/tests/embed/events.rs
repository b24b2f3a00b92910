//! What is told while a dump runs.

use anyhow::{Context, Result, ensure};
use pgdumprs::{Event, Progress};

use crate::{block_on, dump, shop};

#[test]
fn a_stream_of_events_tells_the_story() -> Result<()> {
    let database = shop()?;
    let mut dump = dump(&database)?;
    let mut events = dump.events();
    let (story, report) = block_on(async {
        let listening = tokio::spawn(async move {
            let mut story = Vec::new();
            while let Some(event) = events.next().await {
                story.push(event);
            }
            story
        });
        let report = dump.to_writer(tokio::io::sink()).await?;
        Ok::<_, anyhow::Error>((listening.await?, report))
    })??;

    let position = |wanted: fn(&Event) -> bool| {
        story
            .iter()
            .position(wanted)
            .context("something was not told")
    };
    let connected = position(|event| matches!(event, Event::Connected { .. }))?;
    let listing = position(|event| matches!(event, Event::ReadingCatalogs))?;
    let locking = position(|event| matches!(event, Event::LockingTables { count: 3, .. }))?;
    let details = position(|event| matches!(event, Event::ReadingDefinitions))?;
    let planned = position(|event| matches!(event, Event::Planned { tables: 3, .. }))?;
    let copied = position(|event| matches!(event, Event::TableFinished(_)))?;
    let objects = position(|event| {
        matches!(
            event,
            Event::LargeObjectsFinished {
                count: 1,
                bytes: 6000,
                ..
            }
        )
    })?;
    let order = [
        connected, listing, locking, details, planned, copied, objects,
    ];
    ensure!(order.is_sorted(), "{order:?} in {story:?}");

    let finished: Vec<_> = story
        .iter()
        .filter_map(|event| match event {
            Event::TableFinished(table) => {
                Some((table.name.to_string(), table.rows, table.raw_bytes))
            }
            _ => None,
        })
        .collect();
    for table in &report.table_reports {
        let told = (table.name.to_string(), table.rows, table.raw_bytes);
        ensure!(finished.contains(&told), "{told:?} is not in {finished:?}");
    }

    let progress: Vec<&Progress> = story
        .iter()
        .filter_map(|event| match event {
            Event::Progress(progress) => Some(progress),
            _ => None,
        })
        .collect();
    let (first, last) = (progress[0], progress[progress.len() - 1]);
    ensure!(first.fraction() == 0.0, "{first:?}");
    ensure!(last.fraction() == 1.0, "{last:?}");
    ensure!(last.tables == 3 && last.tables_planned == 3, "{last:?}");
    ensure!(
        (last.rows, last.raw_bytes) == (report.rows, report.raw_bytes),
        "{last:?}"
    );
    let forward = progress.windows(2).all(|pair| {
        pair[0].raw_bytes <= pair[1].raw_bytes && pair[0].disk_bytes <= pair[1].disk_bytes
    });
    ensure!(forward, "{progress:?}");
    Ok(())
}

#[test]
fn events_that_nobody_takes_hold_nothing_up() -> Result<()> {
    let database = shop()?;
    let mut dump = dump(&database)?;
    let mut events = dump.events();
    let others = dump.events();
    let dump = dump.watch(|_| {});
    block_on(dump.to_writer(tokio::io::sink()))??;
    drop(others);
    let mut waiting = Vec::new();
    while let Some(event) = block_on(events.next())? {
        waiting.push(event);
    }
    let pieces = waiting
        .iter()
        .filter(|event| matches!(event, Event::Progress(_)))
        .count();
    ensure!(pieces <= waiting.len() / 2 + 1, "{waiting:?}");
    Ok(())
}
