//! Programs on trial: what they have to do on another system, or where they have been installed.

mod held;
mod root;
mod round_trip;
mod source;
mod windows;

pub(crate) use held::HeldTable;
pub(crate) use root::Root;
pub(crate) use round_trip::{Program, round_trip};
pub(crate) use source::Source;
pub(crate) use windows::Windows;
