//! The writing stage: a thread that takes steps and makes an archive of them.

use std::io::Write;

use pgdumprs_archive::{Error, Writer};
use pgdumprs_copy::{Step, Steps};

/// Writes steps until there are no more. Gives the archive back unfinished: only whoever knows that they were all there may finish it.
pub(crate) fn write_steps<W: Write>(
    mut writer: Writer<W>,
    steps: Steps,
) -> Result<Writer<W>, Error> {
    for step in steps {
        match step {
            Step::BeginTable { dump_id } => writer.begin_data(dump_id)?,
            Step::BeginLargeObjects { dump_id } => writer.begin_blobs(dump_id)?,
            Step::BeginLargeObject { oid } => writer.begin_blob(oid)?,
            Step::Chunk(payload) => writer.write_chunk(&payload)?,
            Step::EndLargeObject => writer.end_blob()?,
            Step::EndBlock => writer.end()?,
        }
    }
    Ok(writer)
}
