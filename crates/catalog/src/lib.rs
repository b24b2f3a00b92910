//! Reads PostgreSQL's system catalogs into a typed model.
