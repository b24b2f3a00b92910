//! SQL as text: quoting, key words, settings, storage parameters, INSERT statements.

#[macro_use]
pub(crate) mod sql;

pub(crate) mod dollar_quote;
pub(crate) mod guc;
pub(crate) mod inserts;
pub(crate) mod keywords;
pub(crate) mod reloptions;
