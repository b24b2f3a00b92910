//! Writes a script with its data.

use std::io::{self, Write};

use bstr::ByteSlice;

use crate::command::Command;
use crate::script::Script;
use crate::source::DataSource;
use crate::text::{Text, TextOptions};

/// So many bytes of data are read at once.
const ROOM: usize = 64 * 1024;

/// Why a script could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The data cannot be read.
    #[error("reading the data of entry {dump_id}")]
    Data {
        /// The entry whose data it is.
        dump_id: i32,
        /// Why.
        #[source]
        source: pgdumprs_archive::Error,
    },
    /// The script cannot be written.
    #[error("writing the script")]
    Output(#[from] io::Error),
}

/// Writes a script as stock's `pg_restore -f` prints it. The data streams through: memory does not grow with it.
///
/// # Errors
/// [`WriteError`]. What was written until then is a script without its end: nobody should be handed it as if it were whole.
pub fn write_text(
    script: &Script,
    options: &TextOptions,
    data: &mut dyn DataSource,
    output: &mut dyn Write,
) -> Result<(), WriteError> {
    let text = Text::new(script, options);
    let mut session = script.session();
    let mut writer = Writer {
        text,
        data,
        output,
        out: Vec::new(),
        room: vec![0; ROOM],
    };
    text.push_opening(&mut writer.out);
    writer.write_all(&session.begin())?;
    for step in script.steps() {
        writer.write_all(&session.perform(step))?;
    }
    writer.write_all(&session.end())?;
    text.push_closing(&mut writer.out);
    writer.flush()
}

struct Writer<'a> {
    text: Text<'a>,
    data: &'a mut dyn DataSource,
    output: &'a mut dyn Write,
    /// Text that has not been written yet.
    out: Vec<u8>,
    /// For data on its way.
    room: Vec<u8>,
}

impl Writer<'_> {
    fn write_all(&mut self, commands: &[Command<'_>]) -> Result<(), WriteError> {
        for command in commands {
            let place = match command {
                Command::Heading { entry, .. } => self.data.place(entry.dump_id),
                _ => None,
            };
            self.text.push_command(
                command,
                place.as_ref().map(|place| place.as_bstr()),
                &mut self.out,
            );
            match command {
                Command::Copy { dump_id, .. } | Command::Statements { dump_id } => {
                    self.write_data(*dump_id)?;
                }
                Command::LargeObjects { dump_id, .. } => self.write_large_objects(*dump_id)?,
                _ => {}
            }
            self.text.push_end_of_data(command, &mut self.out);
        }
        self.flush()
    }

    fn write_data(&mut self, dump_id: i32) -> Result<(), WriteError> {
        self.flush()?;
        let failed = |source| WriteError::Data { dump_id, source };
        let mut data = self.data.data(dump_id).map_err(failed)?;
        loop {
            let count = data.read_data(&mut self.room).map_err(failed)?;
            if count == 0 {
                return Ok(());
            }
            self.output.write_all(&self.room[..count])?;
        }
    }

    fn write_large_objects(&mut self, dump_id: i32) -> Result<(), WriteError> {
        let failed = |source| WriteError::Data { dump_id, source };
        let mut objects = self.data.large_objects(dump_id).map_err(failed)?;
        while let Some((oid, mut content)) = objects.next_object().map_err(failed)? {
            let mut text = self.text.large_object(oid, &mut self.out);
            loop {
                let count = content.read_data(&mut self.room).map_err(failed)?;
                if count == 0 {
                    break;
                }
                text.push(&self.room[..count], &mut self.out);
                self.output.write_all(&self.out)?;
                self.out.clear();
            }
            text.end(&mut self.out);
            self.output.write_all(&self.out)?;
            self.out.clear();
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.output.write_all(&self.out)?;
        self.out.clear();
        Ok(())
    }
}
