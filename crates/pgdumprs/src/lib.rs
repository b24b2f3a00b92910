//! Backs up a PostgreSQL database into a custom-format archive.
