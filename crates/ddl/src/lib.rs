//! Renders a catalog model as ordered archive entries.
