//! Reads and writes PostgreSQL's custom archive format.
