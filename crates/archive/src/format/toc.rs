//! The table of contents: entries as bytes.

use std::{collections::HashSet, io::Read};

use bstr::{BString, ByteSlice};

use crate::{
    ArchiveVersion, CatalogId, Entry, Error, Format, Header, Result, Section,
    format::{
        file_name,
        header::FORMAT_CUSTOM,
        primitives::{offset, put_int, put_text},
    },
    reader::source::Source,
};

/// Where an entry's data block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataOffset {
    /// There is a block, but the archive was written to a pipe and could not say where.
    Unset,
    /// The block begins this many bytes from the archive's start.
    Set(u64),
    /// There is no block.
    NoData,
}

/// What an entry ends with: where its data is, in the manner of the archive's format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DataPlace {
    /// Custom format: where in the file.
    Offset(DataOffset),
    /// The other formats: in the file or member of this name, if there is data.
    File(Option<BString>),
}

/// The descriptor of the entries whose data are large objects.
pub(crate) const BLOBS: &str = "BLOBS";
const IN_TOC: &str = "the table of contents";

/// A table of contents as bytes, with the places of the offsets that are filled in later.
pub(crate) struct EncodedToc {
    pub(crate) bytes: Vec<u8>,
    /// For each entry with data, in order: its dump id and where its offset stands in `bytes`.
    pub(crate) offsets: Vec<(i32, usize)>,
}

/// Checks `entries` and turns them into bytes. In the custom format, the offset of each entry that has data is unset.
pub(crate) fn encode(
    entries: &[Entry],
    version: ArchiveVersion,
    format: Format,
) -> Result<EncodedToc> {
    let count = i32::try_from(entries.len())
        .map_err(|_| unwritable(0, "the table of contents has too many entries"))?;
    let mut toc = EncodedToc {
        bytes: Vec::new(),
        offsets: Vec::new(),
    };
    let mut ids = HashSet::with_capacity(entries.len());
    let mut lists = entries
        .iter()
        .filter(|entry| entry.had_dumper && entry.descriptor == BLOBS);
    let second = lists.nth(1);
    if let Some(entry) = second.filter(|_| format != Format::Custom && !version.has_relkind()) {
        let problem = "before 1.16, this format has one list of large objects";
        return Err(unwritable(entry.dump_id, problem));
    }
    put_int(&mut toc.bytes, count);
    for entry in entries {
        check_entry(entry)?;
        if !ids.insert(entry.dump_id) {
            return Err(unwritable(entry.dump_id, "its dump id is used twice"));
        }
        encode_entry(entry, version, format, &mut toc);
    }
    Ok(toc)
}

/// Checks that the header's texts can be stored.
pub(crate) fn check_header(header: &Header) -> Result<()> {
    let texts = [
        &header.database,
        &header.server_version,
        &header.dumper_version,
    ];
    texts
        .into_iter()
        .flatten()
        .try_for_each(|text| check_text(0, text))
}

fn check_entry(entry: &Entry) -> Result<()> {
    if entry.dump_id <= 0 {
        return Err(unwritable(entry.dump_id, "a dump id must be above 0"));
    }
    // pg_restore looks dependencies up in an array by their number.
    if entry.dependencies.iter().any(|&dependency| dependency <= 0) {
        return Err(unwritable(entry.dump_id, "a dependency must be above 0"));
    }
    check_text(entry.dump_id, &entry.descriptor)?;
    let texts = [
        &entry.tag,
        &entry.definition,
        &entry.drop,
        &entry.copy,
        &entry.namespace,
        &entry.tablespace,
        &entry.table_am,
        &entry.owner,
    ];
    texts
        .into_iter()
        .flatten()
        .try_for_each(|text| check_text(entry.dump_id, text))
}

/// `pg_restore` takes a text up to its first NUL byte, so one inside would be cut there without a word.
fn check_text(dump_id: i32, text: &BString) -> Result<()> {
    if text.contains(&0) {
        return Err(unwritable(dump_id, "a text of it contains a NUL byte"));
    }
    if i32::try_from(text.len()).is_err() {
        return Err(unwritable(dump_id, "a text of it is 2 GiB long or longer"));
    }
    Ok(())
}

fn unwritable(dump_id: i32, problem: &str) -> Error {
    Error::Unwritable {
        dump_id,
        problem: problem.into(),
    }
}

fn encode_entry(entry: &Entry, version: ArchiveVersion, format: Format, toc: &mut EncodedToc) {
    fn put(out: &mut Vec<u8>, text: &Option<BString>) {
        put_text(out, text.as_ref().map(|text| text.as_slice()));
    }
    fn put_number(out: &mut Vec<u8>, number: impl ToString) {
        put_text(out, Some(number.to_string().as_bytes()));
    }
    let out = &mut toc.bytes;
    put_int(out, entry.dump_id);
    put_int(out, i32::from(entry.had_dumper));
    put_number(out, entry.catalog_id.tableoid);
    put_number(out, entry.catalog_id.oid);
    put(out, &entry.tag);
    put_text(out, Some(&entry.descriptor));
    put_int(out, entry.section.number());
    put(out, &entry.definition);
    put(out, &entry.drop);
    put(out, &entry.copy);
    put(out, &entry.namespace);
    put(out, &entry.tablespace);
    if version.has_table_am() {
        put(out, &entry.table_am);
    }
    if version.has_relkind() {
        put_int(out, i32::from(entry.relkind));
    }
    put(out, &entry.owner);
    // Once "true" for tables WITH OIDS, which PostgreSQL 12 took out.
    put_text(out, Some(b"false"));
    for dependency in &entry.dependencies {
        put_number(out, dependency);
    }
    put_text(out, None);
    if format != Format::Custom {
        let name = file_name::noted(entry, version, format);
        put_text(out, Some(name.unwrap_or_default().as_bytes()));
    } else if entry.had_dumper {
        toc.offsets.push((entry.dump_id, out.len()));
        out.extend_from_slice(&offset(DataOffset::Unset));
    } else {
        out.extend_from_slice(&offset(DataOffset::NoData));
    }
}

/// Reads a table of contents that stands behind the last block, up to the end of the archive, and checks that it is the one in front once
/// more. Its first byte has been read, which is the sign of its length.
///
/// `pg_dump` writes its table of contents again when the offsets are known, over the first one. Where its output only appends, that
/// lands at the end: nothing there is new but the offsets.
pub(crate) fn decode_repetition<'a, R: Read>(
    source: &mut Source<R>,
    version: ArchiveVersion,
    entries: impl ExactSizeIterator<Item = (&'a Entry, Option<u64>)>,
) -> Result<()> {
    let at = source.position() - 1;
    let count = source.int_behind_sign(false, IN_TOC)?;
    if usize::try_from(count) != Ok(entries.len()) {
        return Err(Error::corrupt(at, "there is no block type 0"));
    }
    for (entry, block) in entries {
        let at = source.position();
        let (again, place) = decode_entry(source, version, FORMAT_CUSTOM, Some(entry))?;
        let differs = match (place, block) {
            (DataPlace::Offset(DataOffset::Set(offset)), Some(block)) => offset != block,
            _ => false,
        };
        if differs || again != *entry {
            return Err(Error::corrupt(
                at,
                format!(
                    "entry {} is not repeated as it stands in the table of contents",
                    entry.dump_id
                ),
            ));
        }
    }
    let at = source.position();
    match source.byte_or_end()? {
        None => Ok(()),
        Some(_) => Err(Error::corrupt(
            at,
            "something follows the repeated table of contents",
        )),
    }
}

/// Reads the table of contents of an archive of this format byte.
pub(crate) fn decode<R: Read>(
    source: &mut Source<R>,
    version: ArchiveVersion,
    format: u8,
) -> Result<Vec<(Entry, DataPlace)>> {
    let at = source.position();
    let count = source.int(IN_TOC)?;
    if count < 0 {
        return Err(Error::corrupt(
            at,
            format!("a table of contents of {count} entries"),
        ));
    }
    // The count is not believed: the list grows with the entries that are really there.
    let mut entries = Vec::new();
    let mut ids = HashSet::new();
    for number in 1..=count {
        let at = source.position();
        let (entry, place) =
            decode_entry(source, version, format, None).map_err(|error| match error {
                Error::Corrupt { offset, problem } => Error::corrupt(
                    offset,
                    format!("{problem}, in entry {number} of {count} of the table of contents"),
                ),
                other => other,
            })?;
        if !ids.insert(entry.dump_id) {
            return Err(Error::corrupt(
                at,
                format!("dump id {} is used twice", entry.dump_id),
            ));
        }
        entries.push((entry, place));
    }
    Ok(entries)
}

/// Reads an entry. One that is read a second time may lack the definition of `original`, which is then taken for its own: `pg_dump` since 18
/// passes over definitions of statistics when it writes the table of contents again, as it makes them anew each time.
fn decode_entry<R: Read>(
    source: &mut Source<R>,
    version: ArchiveVersion,
    format: u8,
    original: Option<&Entry>,
) -> Result<(Entry, DataPlace)> {
    let at = source.position();
    let dump_id = source.int(IN_TOC)?;
    if dump_id <= 0 {
        return Err(Error::corrupt(at, format!("a dump id of {dump_id}")));
    }
    let at = source.position();
    let had_dumper = match source.int(IN_TOC)? {
        0 => false,
        1 => true,
        other => return Err(Error::corrupt(at, format!("a data flag of {other}"))),
    };
    let catalog_id = CatalogId {
        tableoid: decode_number(source, "an oid")?,
        oid: decode_number(source, "an oid")?,
    };
    let tag = source.text(IN_TOC)?;
    let descriptor = decode_required(source, "a descriptor")?;
    let at = source.position();
    let number = source.int(IN_TOC)?;
    let section = Section::from_number(number)
        .ok_or_else(|| Error::corrupt(at, format!("there is no section {number}")))?;
    let text = source.text(IN_TOC)?;
    let (definition, drop) = match original {
        Some(original) if text != original.definition && text == original.drop => {
            (original.definition.clone(), text)
        }
        _ => (text, source.text(IN_TOC)?),
    };
    let copy = source.text(IN_TOC)?;
    let namespace = source.text(IN_TOC)?;
    let tablespace = source.text(IN_TOC)?;
    let table_am = if version.has_table_am() {
        source.text(IN_TOC)?
    } else {
        None
    };
    let at = source.position();
    let relkind = if version.has_relkind() {
        source.int(IN_TOC)?
    } else {
        0
    };
    let relkind = u8::try_from(relkind)
        .map_err(|_| Error::corrupt(at, format!("a relation kind of {relkind}")))?;
    let owner = source.text(IN_TOC)?;
    decode_with_oids(source)?;
    let dependencies = decode_dependencies(source, dump_id)?;
    let place = decode_place(source, format, had_dumper)?;
    let entry = Entry {
        dump_id,
        had_dumper,
        catalog_id,
        tag,
        descriptor,
        section,
        definition,
        drop,
        copy,
        namespace,
        tablespace,
        table_am,
        relkind,
        owner,
        dependencies,
    };
    Ok((entry, place))
}

/// Reads where an entry's data is.
fn decode_place<R: Read>(
    source: &mut Source<R>,
    format: u8,
    had_dumper: bool,
) -> Result<DataPlace> {
    let at = source.position();
    if format == FORMAT_CUSTOM {
        let offset = source.offset(IN_TOC)?;
        if had_dumper == (offset == DataOffset::NoData) {
            return Err(Error::corrupt(
                at,
                "an offset that contradicts the entry's data flag",
            ));
        }
        return Ok(DataPlace::Offset(offset));
    }
    let name = decode_required(source, "the name of the data's file")?;
    if had_dumper == name.is_empty() {
        return Err(Error::corrupt(
            at,
            "a file name that contradicts the entry's data flag",
        ));
    }
    if !had_dumper {
        return Ok(DataPlace::File(None));
    }
    if !file_name::is_plain(&name) {
        return Err(Error::corrupt(
            at,
            format!("data in a file called {:?}", shorten(&name)),
        ));
    }
    Ok(DataPlace::File(Some(name)))
}

fn decode_required<R: Read>(source: &mut Source<R>, what: &str) -> Result<BString> {
    let at = source.position();
    source
        .text(IN_TOC)?
        .ok_or_else(|| Error::corrupt(at, format!("{what} is NULL")))
}

/// Whether the table was made WITH OIDS. No server that is still supported can make such a table, and `pg_restore`
/// ignores the flag as well.
fn decode_with_oids<R: Read>(source: &mut Source<R>) -> Result<()> {
    let at = source.position();
    match decode_required(source, "the WITH OIDS flag")?.as_slice() {
        b"false" | b"true" => Ok(()),
        _ => Err(Error::corrupt(
            at,
            "the WITH OIDS flag is neither true nor false",
        )),
    }
}

fn decode_dependencies<R: Read>(source: &mut Source<R>, dump_id: i32) -> Result<Vec<i32>> {
    let mut dependencies = Vec::new();
    loop {
        let at = source.position();
        let Some(text) = source.text(IN_TOC)? else {
            return Ok(dependencies);
        };
        let dependency = parse_number(&text, "a dependency", at)?;
        if dependency <= 0 {
            return Err(Error::corrupt(at, format!("a dependency on {dependency}")));
        }
        // A parallel restore would wait for it for ever.
        if dependency == dump_id {
            return Err(Error::corrupt(at, "a dependency on the entry itself"));
        }
        dependencies.push(dependency);
    }
}

fn decode_number<R: Read, N: std::str::FromStr>(source: &mut Source<R>, what: &str) -> Result<N> {
    let at = source.position();
    let text = decode_required(source, what)?;
    parse_number(&text, what, at)
}

/// Numbers stand in texts for historical reasons: decimal digits, nothing else.
fn parse_number<N: std::str::FromStr>(text: &BString, what: &str, at: u64) -> Result<N> {
    let digits = text.to_str().ok().filter(|text| !text.starts_with('+'));
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| Error::corrupt(at, format!("{what} is not a number: {:?}", shorten(text))))
}

/// As much of a damaged text as belongs in an error message.
fn shorten(text: &BString) -> &bstr::BStr {
    text[..text.len().min(40)].as_bstr()
}
