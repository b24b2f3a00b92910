//! Databases, roles and sessions that are not as they usually are, on every major.

#[path = "../support/mod.rs"]
mod support;

mod column_privileges;
mod dangling;
mod database_name;
mod database_properties;
mod encodings;
mod internal_options;
mod long_values;
mod older_minors;
mod plain_roles;
mod refused_by_stock;
mod session_settings;
mod unreadable;
mod warnings;
