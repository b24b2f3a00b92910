//! Objects in stores such as S3, written once front to back and read by ranges.
//!
//! A [`Place`] names an object, and a [`Folder`] what is before the names of several. An [`Upload`] is a blocking writer that makes an object,
//! and an [`ObjectReader`] a blocking reader of it. The requests are made by a runtime of this crate's own, so that both work in any thread,
//! whatever the program has for async.

mod access;
mod begun;
mod error;
mod folder;
mod list;
mod parts;
mod place;
mod reader;
mod remove;
mod runtime;
mod small;
mod unfinished;
mod upload;

pub use begun::BegunUpload;
pub use error::{Error, ErrorKind};
pub use folder::Folder;
pub use list::{Bucket, ListedObject, Listing};
pub use place::Place;
pub use reader::ObjectReader;
pub use unfinished::wait_for_aborts;
pub use upload::{Piece, Upload, UploadGuard};
