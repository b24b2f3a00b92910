//! What servers say beside their answers, for whoever watches a dump.

use std::collections::HashSet;

use bstr::BString;
use pgdumprs_connect::{Notices, ServerError};

use crate::Event;

/// How many different messages are told of. A table with more damaged pages than that is known to be damaged.
const MOST_TOLD: usize = 1000;

/// What servers have said so far.
#[derive(Debug, Default)]
pub(crate) struct Said {
    told: HashSet<String>,
    untold: u64,
}

impl Said {
    /// What is to be told of messages that came while `table` was read. Each is told of once, however many connections get it.
    pub(crate) fn hear(&mut self, table: Option<&BString>, notices: Notices) -> Vec<Event> {
        self.untold += notices.lost;
        let messages = notices.messages.iter();
        messages
            .filter_map(|message| self.one(table, message))
            .collect()
    }

    fn one(&mut self, table: Option<&BString>, message: &ServerError) -> Option<Event> {
        let rank = Rank::of(message)?;
        let of_table = table.map(|name| format!(" while table {name} is read"));
        let text = format!(
            "the server says{}: {}{}",
            of_table.unwrap_or_default(),
            message.text(),
            consequence(message)
        );
        if self.told.contains(&text) {
            return None;
        }
        if self.told.len() == MOST_TOLD {
            self.untold += 1;
            return None;
        }
        self.told.insert(text.clone());
        Some(match rank {
            Rank::Warning => Event::Warning(text),
            Rank::Notice => Event::Notice(text),
        })
    }

    /// What is to be told at the end: that there was more.
    pub(crate) fn rest(&mut self) -> Option<Event> {
        let untold = std::mem::take(&mut self.untold);
        (untold > 0).then(|| {
            Event::Warning(format!(
                "the server said {untold} messages more, which were too many to tell of: its log has them"
            ))
        })
    }
}

/// How much a message matters.
enum Rank {
    Warning,
    Notice,
}

impl Rank {
    /// `None` for what is meant for the server's log, which only comes before `client_min_messages` is pinned.
    fn of(message: &ServerError) -> Option<Rank> {
        match message.severity.as_slice() {
            b"NOTICE" | b"INFO" => Some(Rank::Notice),
            b"LOG" => None,
            severity if severity.starts_with(b"DEBUG") => None,
            _ => Some(Rank::Warning),
        }
    }
}

/// What a warning means for the archive.
fn consequence(message: &ServerError) -> &'static str {
    // data_corrupted, where zero_damaged_pages or ignore_checksum_failure has the server go on
    if message.code == "XX001" {
        "; rows that stood there are missing from the archive, or damaged"
    } else {
        ""
    }
}
