//! What `-v` prints.

use pgdumprs::Event;

/// Prints an event on standard error: warnings always, everything else if asked for.
pub(crate) fn print(verbose: bool, event: &Event) {
    if let Event::Warning(text) = event {
        eprintln!("pgdumprs: warning: {text}");
        return;
    }
    if verbose && let Some(line) = line(event) {
        eprintln!("pgdumprs: {line}");
    }
}

fn line(event: &Event) -> Option<String> {
    Some(match event {
        Event::Connected { server_version, .. } => {
            format!("connected to PostgreSQL {server_version}")
        }
        Event::ReadingCatalogs => "reading the system catalogs".into(),
        Event::LockingTables { count, .. } => format!("locking {count} tables"),
        Event::ReadingDefinitions => "reading definitions and dependencies".into(),
        Event::Planned {
            entries, tables, ..
        } => format!("writing {entries} entries, with the data of {tables} tables"),
        Event::TableStarted { name, .. } => format!("dumping contents of table \"{name}\""),
        Event::TableFinished(table) => format!(
            "dumped {} rows of table \"{}\" ({} bytes)",
            table.rows, table.name, table.raw_bytes
        ),
        Event::LargeObjectsFinished { count, bytes, .. } => {
            format!("dumped {count} large objects ({bytes} bytes)")
        }
        Event::Syncing => "syncing the archive to disk".into(),
        _ => return None,
    })
}
