//! What stands around the statements of pg_dumpall's script.

use bstr::BString;
use jiff::Timestamp;
use pgdumprs_script::RestrictKey;

use crate::created::{created_text, creation_time};

/// The beginning and the ends of a script.
pub(super) struct Frame {
    key: RestrictKey,
    verbose: bool,
}

impl Frame {
    pub(super) fn new(key: Option<RestrictKey>, verbose: bool) -> Self {
        let key = key.unwrap_or_else(RestrictKey::random);
        Self { key, verbose }
    }

    /// The key, for the scripts of databases.
    pub(super) fn key(&self) -> RestrictKey {
        self.key.clone()
    }

    /// What comes before the globals, whose texts are in `encoding`.
    pub(super) fn opening(&self, encoding: &BString) -> BString {
        let started = self.time("Started on");
        let key = self.key.as_str();
        format!(
            "--\n-- PostgreSQL database cluster dump\n--\n\n{started}\\restrict {key}\n\n\
             SET default_transaction_read_only = off;\n\n\
             SET client_encoding = '{encoding}';\nSET standard_conforming_strings = on;\n\n"
        )
        .into()
    }

    /// What comes behind the globals.
    pub(super) fn closing(&self) -> String {
        format!("\\unrestrict {}\n\n", self.key.as_str())
    }

    /// What comes at the very end.
    pub(super) fn ending(&self) -> String {
        let completed = self.time("Completed on");
        format!("{completed}--\n-- PostgreSQL database cluster dump complete\n--\n\n")
    }

    fn time(&self, what: &str) -> String {
        match self.verbose {
            true => format!(
                "-- {what} {}\n\n",
                created_text(creation_time(Timestamp::now()))
            ),
            false => String::new(),
        }
    }
}
