//! A dump as a script for psql, as `pg_dump -Fp` writes it.

use std::io::{self, Write};

use jiff::Timestamp;
use pgdumprs_archive::{
    CompressedFile, Compression, CreationTime, Error as ArchiveError, HeldBack,
    Result as ArchiveResult,
};
use pgdumprs_copy::{Step, Steps};
use pgdumprs_ddl::Sections;
use pgdumprs_script::{
    self as script, Data, DataSource, LargeObjects, RestrictKey, Script, TextOptions, Verbose,
    WriteError, write_text,
};

use crate::counted::Counted;
use crate::created::{created_text, creation_time};
use crate::writing::Contents;
use crate::{Dump, Error};

/// What a script is like: what can be chosen when an archive is restored, and is chosen for a script when it is made.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Plain {
    /// What `pg_restore` would be asked for. What is dumped at all is said to the [`Dump`]: options that choose among it are refused
    /// ([`Error::ScriptSelects`]).
    pub options: script::Options,
    /// The key that restricts psql; a random one if there is none.
    pub restrict_key: Option<RestrictKey>,
    /// Say more of each entry in the comment before it, and when the dump was made.
    pub verbose: bool,
}

impl Plain {
    /// How the script looks that restores what was dumped then.
    pub(crate) fn text(&self, created: CreationTime) -> TextOptions {
        TextOptions {
            restrict_key: self
                .restrict_key
                .clone()
                .unwrap_or_else(RestrictKey::random),
            verbose: self.verbose.then(|| Verbose {
                started: Some(created_text(created)),
                now: || created_text(creation_time(Timestamp::now())),
            }),
        }
    }

    /// The first option by which a part of what is dumped would be chosen: what is dumped and has no place in the script must not be.
    pub(crate) fn selects(&self) -> Option<&'static str> {
        selects(&self.options)
    }
}

/// The first option by which a part of what is dumped would be chosen.
pub(crate) fn selects(options: &script::Options) -> Option<&'static str> {
    let selecting = [
        (options.data_only, "data_only"),
        (options.schema_only, "schema_only"),
        (options.statistics_only, "statistics_only"),
        (options.no_data, "no_data"),
        (options.no_schema, "no_schema"),
        (options.no_statistics, "no_statistics"),
        (options.statistics, "statistics"),
        (!options.sections.is_empty(), "sections"),
        (options.list.is_some(), "list"),
        (!options.schemas.is_empty(), "schemas"),
        (!options.exclude_schemas.is_empty(), "exclude_schemas"),
        (!options.tables.is_empty(), "tables"),
        (!options.indexes.is_empty(), "indexes"),
        (!options.functions.is_empty(), "functions"),
        (!options.triggers.is_empty(), "triggers"),
    ];
    let first = selecting.iter().find(|(selects, _)| *selects);
    first.map(|(_, option)| *option)
}

impl Dump {
    /// What the script is like, if there is to be one, with what is said to the dump.
    pub(crate) fn script_form(&self) -> Option<Plain> {
        let mut plain = self.product.script().cloned()?;
        self.say_to_script(&mut plain.options);
        Some(plain)
    }

    /// Says to a script what was said to the dump whose entries it restores.
    pub(crate) fn say_to_script(&self, options: &mut script::Options) {
        let of_dump = &self.options;
        options.no_schema = !of_dump.schema;
        options.no_data = !of_dump.data;
        options.no_statistics = !of_dump.statistics;
        options.sequence_data |= of_dump.sequence_data;
        options.no_tablespaces |= !of_dump.tablespaces;
        options.quote_all_identifiers |= of_dump.quote_all_identifiers;
        options.enable_row_security |= self.settings.row_security;
        if of_dump.sections != Sections::all() {
            options.sections = script::Sections::from_bits_truncate(of_dump.sections.bits());
        }
    }
}

/// Writes a script. What it goes to is complete when it is [finished](Self::finish), and not before.
pub(crate) struct PlainWriter<W: Write> {
    script: Script,
    text: TextOptions,
    output: HeldBack<CompressedFile<Counted<W>>>,
}

impl<W: Write> PlainWriter<W> {
    /// Begins a script.
    pub(crate) fn begin(
        output: W,
        plain: Plain,
        compression: Compression,
        contents: Contents,
    ) -> Result<Self, Error> {
        let Contents {
            header,
            entries,
            pace,
            ..
        } = contents;
        let script = Script::new(&header, entries, &plain.options)?;
        let text = plain.text(header.created);
        let output = Counted::new(output, pace);
        let file = CompressedFile::new(output, compression).map_err(Error::Archive)?;
        Ok(Self {
            script,
            text,
            output: HeldBack::new(file),
        })
    }

    /// Writes the script, with the data that steps bring, and says how much each entry has.
    pub(crate) fn write(&mut self, steps: Steps) -> Result<Vec<(i32, u64)>, Error> {
        let mut copied = Copied {
            steps,
            sizes: Vec::new(),
        };
        match write_text(&self.script, &self.text, &mut copied, &mut self.output) {
            // Taken to their end: whoever copies must not find that nobody takes them any more.
            Ok(()) => match copied.steps.next() {
                None => Ok(copied.sizes),
                Some(_) => Err(Error::Archive(ArchiveError::Misuse(
                    "there is data that the script has no place for".to_owned(),
                ))),
            },
            Err(WriteError::Data { source, .. }) => Err(Error::Archive(source)),
            Err(error) => Err(not_written(self.offset(), error)),
        }
    }

    /// How many bytes have been written, but for those that are kept back.
    fn offset(&self) -> u64 {
        self.output.get_ref().get_ref().bytes()
    }

    /// Writes the end, and gives back what the script went to, with the number of its bytes.
    pub(crate) fn finish(self) -> Result<(W, u64), Error> {
        let offset = self.offset();
        let file = self.output.release();
        let finished = file
            .and_then(CompressedFile::finish)
            .and_then(|mut counted| {
                counted.flush()?;
                let bytes = counted.bytes();
                Ok((counted.into_inner(), bytes))
            });
        finished.map_err(|source| Error::NotWritten { offset, source })
    }
}

/// The error of a script that was written up to some byte.
pub(crate) fn not_written(offset: u64, error: WriteError) -> Error {
    let source = match error {
        WriteError::Output(source) => source,
        other => io::Error::other(other),
    };
    Error::NotWritten { offset, source }
}

/// The data that steps bring, in the order of the entries, which is that of the script.
struct Copied {
    steps: Steps,
    /// The entries that have data, in order, and its bytes.
    sizes: Vec<(i32, u64)>,
}

impl Copied {
    /// Begins the data of an entry. Steps end early where copying fails, and whoever copies says why.
    fn begin(&mut self, dump_id: i32) -> ArchiveResult<()> {
        match self.steps.next() {
            Some(
                Step::BeginTable { dump_id: begun } | Step::BeginLargeObjects { dump_id: begun },
            ) if begun == dump_id => {
                self.sizes.push((dump_id, 0));
                Ok(())
            }
            _ => Err(ArchiveError::NoData { dump_id }),
        }
    }

    /// The entry whose data came last.
    fn dump_id(&self) -> i32 {
        self.sizes.last().map_or(0, |(dump_id, _)| *dump_id)
    }
}

impl DataSource for Copied {
    fn data(&mut self, dump_id: i32) -> ArchiveResult<Box<dyn Data + '_>> {
        self.begin(dump_id)?;
        Ok(Box::new(Chunks::of(self)))
    }

    fn large_objects(&mut self, dump_id: i32) -> ArchiveResult<Box<dyn LargeObjects + '_>> {
        self.begin(dump_id)?;
        Ok(Box::new(self))
    }

    /// There is no archive in which it could have one.
    fn place(&self, _: i32) -> Option<bstr::BString> {
        None
    }
}

impl LargeObjects for &mut Copied {
    fn next_object(&mut self) -> ArchiveResult<Option<(u32, Box<dyn Data + '_>)>> {
        match self.steps.next() {
            Some(Step::BeginLargeObject { oid }) => Ok(Some((oid, Box::new(Chunks::of(self))))),
            Some(Step::EndBlock) => Ok(None),
            _ => Err(ArchiveError::NoData {
                dump_id: self.dump_id(),
            }),
        }
    }
}

/// The chunks of a table or of a large object.
struct Chunks<'a> {
    copied: &'a mut Copied,
    chunk: Vec<u8>,
    /// How much of the chunk has been read.
    read: usize,
    has_ended: bool,
}

impl<'a> Chunks<'a> {
    fn of(copied: &'a mut Copied) -> Self {
        Self {
            copied,
            chunk: Vec::new(),
            read: 0,
            has_ended: false,
        }
    }
}

impl Data for Chunks<'_> {
    fn read_data(&mut self, buffer: &mut [u8]) -> ArchiveResult<usize> {
        while self.read == self.chunk.len() && !self.has_ended {
            match self.copied.steps.next() {
                Some(Step::Chunk(chunk)) => (self.chunk, self.read) = (chunk, 0),
                Some(Step::EndBlock | Step::EndLargeObject) => self.has_ended = true,
                _ => {
                    return Err(ArchiveError::NoData {
                        dump_id: self.copied.dump_id(),
                    });
                }
            }
        }
        let rest = &self.chunk[self.read..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.read += count;
        if let Some((_, size)) = self.copied.sizes.last_mut() {
            *size += count as u64;
        }
        Ok(count)
    }
}
