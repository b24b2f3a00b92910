//! Opens sessions with PostgreSQL servers from libpq's connection parameters.
