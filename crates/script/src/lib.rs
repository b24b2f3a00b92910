#![doc = include_str!("../README.md")]
//!
//! # What is in it
//!
//! Turns an archive's table of contents into the ordered steps that restore it, and those into the SQL that psql or a server takes.
//!
//! The crate is pure: it knows entries and options, no server and no files. [`Script::new`] decides what is restored and in which
//! order. Each [`Step`] stands for one entry; a [`Session`] says which [`Command`]s it takes on a connection that has been told certain
//! things before, so that one script serves one connection or many. [`write_text`] writes the commands of one session with the data
//! between them: what `pg_restore -f` of PostgreSQL 19 prints, byte for byte.
//!
//! ```no_run
//! use pgdumprs_archive::Reader;
//! use pgdumprs_script::{Options, RestrictKey, Script, TextOptions, write_text};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut reader = Reader::open_path("shop.dump")?;
//! let options = Options { clean: true, if_exists: true, ..Options::default() };
//! let script = Script::new(reader.header(), reader.entries(), &options)?;
//! for warning in script.warnings() {
//!     eprintln!("{warning}");
//! }
//! let text = TextOptions { restrict_key: RestrictKey::random(), verbose: None };
//! write_text(&script, &text, &mut reader, &mut std::io::stdout())?;
//! # Ok(())
//! # }
//! ```
//!
//! A server is told the same, but for what only psql needs:
//!
//! ```
//! use pgdumprs_archive::{Entry, Header};
//! use pgdumprs_script::{Command, Error, Options, Script};
//!
//! fn statements(header: &Header, entries: Vec<Entry>) -> Result<Vec<String>, Error> {
//!     let script = Script::new(header, entries, &Options::default())?;
//!     let mut session = script.session();
//!     let mut commands = session.begin();
//!     for step in script.steps() {
//!         commands.extend(session.perform(step));
//!     }
//!     commands.extend(session.end());
//!     let statements = commands.iter().filter_map(|command| match command {
//!         Command::Sql(sql) => Some(sql.text.to_string()),
//!         _ => None,
//!     });
//!     Ok(statements.collect())
//! }
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod change;
mod command;
mod drop;
mod encoding_name;
mod error;
mod large_objects;
mod list;
mod names;
mod options;
mod owner;
mod restrict_key;
mod script;
mod selection;
mod session;
mod setup;
mod source;
mod text;

pub use change::Change;
pub use command::{Command, Content, Purpose, Sql};
pub use error::{Error, Warning};
pub use options::{Options, Parts, Sections};
pub use owner::has_statement as has_owner;
pub use restrict_key::RestrictKey;
pub use script::{Pass, Script, Step};
pub use session::Session;
pub use source::{Data, DataSource, LargeObjects};
pub use text::large_object::LargeObjectText;
pub use text::write::{WriteError, write_text};
pub use text::{Text, TextOptions, Verbose};
