//! What comes before what: the dependencies that `pg_depend` records.

pub(crate) mod depend;
