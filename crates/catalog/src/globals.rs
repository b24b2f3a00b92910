//! What belongs to the whole server rather than to one of its databases.

pub(crate) mod database;
pub(crate) mod label;
pub(crate) mod membership;
pub(crate) mod parameter;
pub(crate) mod reading;
pub(crate) mod role;
pub(crate) mod setting;
pub(crate) mod tablespace;
