//! Events in words, as `-v` prints them.

use pgdumprs::Event;

/// What is said of an event: of warnings and hints always, of everything else where that is asked for.
pub(crate) fn line(event: &Event, verbose: bool) -> Option<String> {
    Some(match event {
        Event::Warning(text) => format!("warning: {text}"),
        Event::Hint(text) => format!("hint: {text}"),
        _ if !verbose => return None,
        Event::Notice(text) => format!("notice: {text}"),
        Event::Connected { server_version, .. } => {
            format!("connected to PostgreSQL {server_version}")
        }
        Event::TryingAgain {
            attempt, reason, ..
        } => {
            format!("the database changed while it was being read, try {attempt} begins: {reason}")
        }
        Event::ReadingCatalogs => "reading the system catalogs".into(),
        Event::LockingTables { count, .. } => format!("locking {count} tables"),
        Event::ReadingDefinitions => "reading definitions and dependencies".into(),
        Event::Planned {
            entries, tables, ..
        } => format!("writing {entries} entries, with the data of {tables} tables"),
        Event::TableStarted { name, .. } => format!("dumping contents of table {name}"),
        Event::TableFinished(table) => format!(
            "dumped {} rows of table {} ({} bytes)",
            table.rows, table.name, table.raw_bytes
        ),
        Event::LargeObjectsFinished { count, bytes, .. } => {
            format!("dumped {count} large objects ({bytes} bytes)")
        }
        Event::Verifying => "verifying the archive".into(),
        Event::Syncing => "syncing the archive to disk".into(),
        _ => return None,
    })
}
