//! What belongs to the whole server, as pg_dumpall's script has it: roles, memberships, settings, tablespaces, privileges on parameters.

mod membership;
mod options;
mod parameter;
mod quoting;
mod role;
mod script;
mod setting;
mod tablespace;

pub use options::GlobalsOptions;
pub use script::GlobalsScript;
