//! Where a script's data comes from.

use std::io::Read;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::{
    Block, DataBlock, DataOffset, Error, Format, LargeObject, LargeObjectsBlock, Reader, Result,
};

/// The data of an archive's entries.
///
/// A script asks for the data of each entry at most once, in the order of its steps. That is the order of the archive unless a list
/// changes it.
pub trait DataSource {
    /// The data of an entry: the rows for its COPY statement with the line that ends them, or statements.
    ///
    /// # Errors
    /// Where the archive does not have them, or they cannot be reached.
    fn data(&mut self, dump_id: i32) -> Result<Box<dyn Data + '_>>;

    /// The large objects of an entry.
    ///
    /// # Errors
    /// Where the archive does not have them, or they cannot be reached.
    fn large_objects(&mut self, dump_id: i32) -> Result<Box<dyn LargeObjects + '_>>;

    /// Where an entry's data is, as the heading of a script with `--verbose` says it.
    fn place(&self, dump_id: i32) -> Option<BString>;
}

/// Data, piece by piece.
pub trait Data {
    /// Reads some bytes; 0 only at the end or for an empty buffer.
    ///
    /// # Errors
    /// Where the archive cannot be read any further.
    fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize>;
}

/// Large objects, one after the other.
pub trait LargeObjects {
    /// The oid and the content of the next one; `None` after the last.
    ///
    /// # Errors
    /// Where the archive cannot be read any further.
    fn next_object(&mut self) -> Result<Option<(u32, Box<dyn Data + '_>)>>;
}

impl<R: Read> DataSource for Reader<R> {
    fn data(&mut self, dump_id: i32) -> Result<Box<dyn Data + '_>> {
        match self.block(dump_id)? {
            Block::Data(block) => Ok(Box::new(block)),
            Block::LargeObjects(_) => Err(Error::NoData { dump_id }),
        }
    }

    fn large_objects(&mut self, dump_id: i32) -> Result<Box<dyn LargeObjects + '_>> {
        match self.block(dump_id)? {
            Block::LargeObjects(block) => Ok(Box::new(block)),
            Block::Data(_) => Err(Error::NoData { dump_id }),
        }
    }

    fn place(&self, dump_id: i32) -> Option<BString> {
        if self.format() == Format::Custom {
            let position = match self.offset(dump_id)? {
                DataOffset::Set(position) => position,
                DataOffset::Unset | DataOffset::NoData => 0,
            };
            Some(format!("Data Pos: {position}").into())
        } else {
            let name = self.data_file(dump_id)?;
            Some([b"File: ", name.as_bytes()].concat().into())
        }
    }
}

impl<R: Read> Data for DataBlock<'_, R> {
    fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        DataBlock::read_data(self, buffer)
    }
}

impl<R: Read> Data for LargeObject<'_, R> {
    fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        LargeObject::read_data(self, buffer)
    }
}

impl<R: Read> LargeObjects for LargeObjectsBlock<'_, R> {
    fn next_object(&mut self) -> Result<Option<(u32, Box<dyn Data + '_>)>> {
        let object = LargeObjectsBlock::next_object(self)?;
        Ok(object.map(|object| (object.oid(), Box::new(object) as Box<dyn Data>)))
    }
}
