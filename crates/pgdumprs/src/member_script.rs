//! The script that stands in a tar file beside the archive: SQL whose rows are in the other members.

use std::collections::HashMap;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::{Entry, Header};
use pgdumprs_script::{Command, Script, Text, TextOptions};

use crate::{Error, Plain};

/// What stands before the script.
const NOTE: &str = "\
--
-- The rows and large objects of this script are in the files beside it. The server reads them: unpack the tar file
-- where it can, and put the path of that folder in the place of $$PATH$$, wherever that stands below.
--
";

/// A script whose data is in files.
pub(crate) struct MemberScript {
    script: Script,
    text: TextOptions,
    /// The large objects of each entry that has some.
    objects: HashMap<i32, Vec<u32>>,
}

impl MemberScript {
    /// Makes the script of an archive, as `plain` says; it makes the database in any case.
    pub(crate) fn new(header: &Header, entries: &[Entry], mut plain: Plain) -> Result<Self, Error> {
        plain.options.clean = true;
        plain.options.create = true;
        // What is said meanwhile may be much, and the script is the same.
        plain.verbose = false;
        let script = Script::new(header, entries, &plain.options)?;
        let text = plain.text(header.created);
        Ok(Self {
            script,
            text,
            objects: HashMap::new(),
        })
    }

    /// Notes a large object that has been written for an entry.
    pub(crate) fn has_object(&mut self, dump_id: i32, oid: u32) {
        self.objects.entry(dump_id).or_default().push(oid);
    }

    /// The whole text.
    pub(crate) fn text(&self) -> BString {
        let text = Text::new(&self.script, &self.text);
        let mut session = self.script.session();
        let mut out = NOTE.as_bytes().to_vec();
        text.push_opening(&mut out);
        self.push(&text, &session.begin(), &mut out);
        for step in self.script.steps() {
            self.push(&text, &session.perform(step), &mut out);
        }
        self.push(&text, &session.end(), &mut out);
        text.push_closing(&mut out);
        out.into()
    }

    fn push(&self, text: &Text<'_>, commands: &[Command<'_>], out: &mut Vec<u8>) {
        for command in commands {
            match command {
                Command::Copy { statement, dump_id } => {
                    let statement = statement.trim_end();
                    let statement = statement.strip_suffix(b" FROM stdin;").unwrap_or(statement);
                    out.extend_from_slice(statement);
                    out.extend_from_slice(format!(" FROM '{}';\n\n", data(*dump_id)).as_bytes());
                }
                Command::Statements { dump_id } => {
                    // The key forbids psql to read files.
                    let (key, file) = (self.text.restrict_key.as_str(), data(*dump_id));
                    let lines = format!("\\unrestrict {key}\n\\i {file}\n\\restrict {key}\n\n");
                    out.extend_from_slice(lines.as_bytes());
                }
                Command::LargeObjects { dump_id, .. } => {
                    text.push_command(command, None, out);
                    for oid in self.objects.get(dump_id).into_iter().flatten() {
                        let line = format!(
                            "SELECT pg_catalog.lo_put('{oid}', 0, pg_catalog.pg_read_binary_file('$$PATH$$/blob_{oid}.dat'));\n"
                        );
                        out.extend_from_slice(line.as_bytes());
                    }
                    out.push(b'\n');
                }
                _ => text.push_command(command, None, out),
            }
            text.push_end_of_data(command, out);
        }
    }
}

/// The file of a table's data.
fn data(dump_id: i32) -> String {
    format!("$$PATH$$/{dump_id}.dat")
}
