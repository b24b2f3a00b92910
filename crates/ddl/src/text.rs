//! SQL as text: settings, storage parameters, INSERT statements; and what can be copied otherwise.

#[macro_use]
pub(crate) mod sql;

pub(crate) mod binary;
pub(crate) mod condition;
pub(crate) mod dollar_quote;
pub(crate) mod guc;
pub(crate) mod inserts;
pub(crate) mod reloptions;
