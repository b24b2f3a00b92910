//! The table of contents as `pg_restore -l` prints it.

use std::io::{self, Write};

use bstr::{BStr, BString, ByteSlice, ByteVec};

use crate::{Entry, Reader};

/// What begins the definition of data that goes through the root of a partitioned table: it is a note and defines nothing.
const VIA_ROOT: &[u8] = b"-- load via partition root ";

impl<R> Reader<R>
where
    R: io::Read,
{
    /// Writes the table of contents as `pg_restore -l` of PostgreSQL 19 prints it, so that `pg_restore -L` takes it.
    ///
    /// `created` is the header's time as text, which depends on the local time zone. With `verbose`, what `pg_restore -l -v`
    /// adds is written as well: entries that a restore handles by itself, and dependencies. Names are given as the bytes they are.
    ///
    /// # Errors
    /// Whatever `output` reports.
    pub fn write_list(
        &self,
        created: &str,
        verbose: bool,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let entries = self.entries().iter();
        let listed = entries.filter(|entry| verbose || entry.is_listed());
        self.write_list_of(listed, created, verbose, output)
    }

    /// Writes these entries as [`write_list`](Self::write_list) does all of them, as `pg_restore -l` prints what its other options choose.
    ///
    /// # Errors
    /// Whatever `output` reports.
    pub fn write_list_of<'a>(
        &self,
        entries: impl IntoIterator<Item = &'a Entry>,
        created: &str,
        verbose: bool,
        output: &mut impl Write,
    ) -> io::Result<()> {
        let header = self.header();
        let sizes = self.field_sizes();
        writeln!(output, ";\n; Archive created at {created}")?;
        output.write_all(b";     dbname: ")?;
        output.write_all(&one_line(header.database.as_ref()))?;
        writeln!(output, "\n;     TOC Entries: {}", self.entries().len())?;
        writeln!(output, ";     Compression: {}", header.compression.name())?;
        writeln!(output, ";     Dump Version: {}-0", header.version)?;
        writeln!(output, ";     Format: {}", self.format())?;
        writeln!(output, ";     Integer: {} bytes", sizes.int)?;
        writeln!(output, ";     Offset: {} bytes", sizes.offset)?;
        let versions = [
            ("Dumped from database version", &header.server_version),
            ("Dumped by pg_dump version", &header.dumper_version),
        ];
        for (what, version) in versions {
            if let Some(version) = version {
                write!(output, ";     {what}: ")?;
                output.write_all(version)?;
                writeln!(output)?;
            }
        }
        writeln!(output, ";\n;\n; Selected TOC Entries:\n;")?;
        for entry in entries {
            entry.write_line(output)?;
            if verbose && !entry.dependencies.is_empty() {
                write!(output, ";\tdepends on:")?;
                for dump_id in &entry.dependencies {
                    write!(output, " {dump_id}")?;
                }
                writeln!(output)?;
            }
        }
        Ok(())
    }
}

impl Entry {
    /// Whether `pg_restore -l` prints the entry. It leaves out what it handles by itself, such as `ENCODING`, and what belongs to
    /// the database as a whole, which only `pg_restore -C` makes.
    pub fn is_listed(&self) -> bool {
        let descriptor = self.descriptor.as_slice();
        let tag = self.tag.as_ref().map_or(BStr::new(""), |tag| tag.as_bstr());
        match descriptor {
            b"ENCODING" | b"STDSTRINGS" | b"SEARCHPATH" => return false,
            b"DATABASE" | b"DATABASE PROPERTIES" => return false,
            b"ACL" | b"COMMENT" | b"SECURITY LABEL" if tag.starts_with(b"DATABASE ") => {
                return false;
            }
            b"<Init>" if tag == "Max OID" => return false,
            b"STATISTICS DATA" | b"EXTENDED STATISTICS DATA" => return true,
            _ => {}
        }
        if self.had_dumper {
            return true;
        }
        self.is_data_by_definition() || self.has_definition()
    }

    /// Whether the entry's definition stands for data, which is then in the table of contents: the position of a sequence, and all that is
    /// about large objects.
    pub fn is_data_by_definition(&self) -> bool {
        match self.descriptor.as_slice() {
            b"SEQUENCE SET" | b"BLOB" | b"BLOB METADATA" => true,
            b"ACL" | b"COMMENT" | b"SECURITY LABEL" => {
                let tag = self.tag.as_ref();
                tag.is_some_and(|tag| tag.starts_with(b"LARGE OBJECT"))
            }
            _ => false,
        }
    }

    /// Whether the entry's definition defines something. That data goes through the root of a partitioned table is a note.
    pub fn has_definition(&self) -> bool {
        let definition = self.definition.as_ref().map_or(&b""[..], |text| text);
        !definition.is_empty() && !definition.starts_with(VIA_ROOT)
    }

    /// The entry's descriptor, schema (`-` if it has none) and tag, in one line.
    pub fn label(&self) -> BString {
        let namespace = self
            .namespace
            .as_ref()
            .map_or_else(|| "-".into(), |name| one_line(Some(name)));
        bstr::join(
            " ",
            [&self.descriptor, &namespace, &one_line(self.tag.as_ref())],
        )
        .into()
    }

    fn write_line(&self, output: &mut impl Write) -> io::Result<()> {
        let id = self.catalog_id;
        write!(output, "{}; {} {} ", self.dump_id, id.tableoid, id.oid)?;
        output.write_all(&self.label())?;
        output.write_all(b" ")?;
        output.write_all(&one_line(self.owner.as_ref()))?;
        output.write_all(b"\n")
    }
}

/// A name as it goes into a line: what would end the line becomes a space.
fn one_line(name: Option<&BString>) -> BString {
    let mut line = BString::default();
    for byte in name.into_iter().flat_map(|name| name.bytes()) {
        line.push_byte(if matches!(byte, b'\n' | b'\r') {
            b' '
        } else {
            byte
        });
    }
    line
}
