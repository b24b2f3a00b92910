//! What is read of an archive when it is opened: its header and its table of contents.

use std::{collections::HashMap, io::Read};

use bstr::{BStr, BString, ByteSlice};

use crate::{
    DataOffset, Entry, Error, FieldSizes, Format, Header, Result,
    format::{
        file_name,
        header::{FORMAT_CUSTOM, FORMAT_TAR},
        toc::{self, DataPlace},
    },
    reader::source::Source,
};

/// Header and table of contents.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) sizes: FieldSizes,
    pub(crate) entries: Vec<Entry>,
    /// For each entry, what it says about the place of its data.
    places: Vec<DataPlace>,
    index: HashMap<i32, usize>,
    /// For each entry, the file or member that its data is in.
    files: Vec<Option<BString>>,
    /// Which entry's data each of them holds.
    file_index: HashMap<BString, usize>,
}

impl Contents {
    /// Reads them from a source whose magic has been read.
    pub(crate) fn read<R: Read>(source: &mut Source<R>, format: Format) -> Result<Self> {
        let number = match format {
            Format::Custom => FORMAT_CUSTOM,
            Format::Directory | Format::Tar => FORMAT_TAR,
        };
        let header = Header::decode(source, number)?;
        let (entries, places): (Vec<_>, Vec<_>) = toc::decode(source, header.version, number)?
            .into_iter()
            .unzip();
        let index = entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.dump_id, index))
            .collect();
        let mut contents = Contents {
            header,
            sizes: source.field_sizes(),
            entries,
            places,
            index,
            files: Vec::new(),
            file_index: HashMap::new(),
        };
        contents.note_files(format, source.position())?;
        Ok(contents)
    }

    /// Notes the file of each entry's data, which is no other's. `at` is where the table of contents ends.
    fn note_files(&mut self, format: Format, at: u64) -> Result<()> {
        let version = self.header.version;
        for (index, (entry, place)) in self.entries.iter().zip(&self.places).enumerate() {
            let file = match place {
                DataPlace::File(Some(noted)) => {
                    Some(file_name::in_use(entry, noted, version, format))
                }
                _ => None,
            };
            if let Some(name) = &file {
                if self.file_index.insert(name.clone(), index).is_some() {
                    let problem = format!("two entries have their data in a file called {name}");
                    return Err(Error::corrupt(at, problem));
                }
            }
            self.files.push(file);
        }
        Ok(())
    }

    /// The entry whose data a file holds.
    pub(crate) fn index_of_file(&self, name: &BString) -> Option<usize> {
        self.file_index.get(name).copied()
    }

    /// Where an entry stands in the table of contents.
    pub(crate) fn index_of(&self, dump_id: i32) -> Option<usize> {
        self.index.get(&dump_id).copied()
    }

    /// What the table of contents says about the place of an entry's block in a file of blocks.
    pub(crate) fn offset(&self, index: usize) -> DataOffset {
        match &self.places[index] {
            DataPlace::Offset(offset) => *offset,
            DataPlace::File(Some(_)) => DataOffset::Unset,
            DataPlace::File(None) => DataOffset::NoData,
        }
    }

    /// The file name that an entry has in the table of contents.
    pub(crate) fn noted_file(&self, index: usize) -> Option<&BStr> {
        match &self.places[index] {
            DataPlace::File(Some(name)) => Some(name.as_bstr()),
            _ => None,
        }
    }

    /// The file or member that an entry's data is in.
    pub(crate) fn file(&self, index: usize) -> Option<&BString> {
        self.files[index].as_ref()
    }

    /// The next entry that has data, from this place of the table of contents on.
    pub(crate) fn with_data(&self, from: usize) -> Option<usize> {
        (from..self.entries.len()).find(|&index| self.entries[index].had_dumper)
    }

    /// Whether an entry's data are large objects.
    pub(crate) fn holds_large_objects(&self, index: usize) -> bool {
        self.entries[index].descriptor == toc::BLOBS
    }
}
