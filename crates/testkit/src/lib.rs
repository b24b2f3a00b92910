//! Throwaway PostgreSQL servers, stock tools and archive comparison for tests.
