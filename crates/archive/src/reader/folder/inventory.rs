//! The files of an archive in the directory format, by name.

use std::path::Path;

use super::FolderBlocks;
use crate::{Result, format::file_name, writer::new_folder::UNFINISHED_TOC};

/// The files that belong to an archive in the directory format: those that its table of contents names, and no others that may be in its folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FolderInventory {
    /// The name of the table of contents.
    pub toc: String,
    /// The names of all other files that are there. Lists of large objects stand behind those.
    pub files: Vec<String>,
    /// The first file that should be there and is not.
    pub missing: Option<String>,
}

impl FolderInventory {
    /// The files of an archive that was being made by a [`NewFolder`](crate::NewFolder) and has not become one, by the names of all that is in its folder; nothing
    /// where there is anything else. Whether it is still being made they do not tell.
    pub fn unfinished<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut inventory = FolderInventory {
            toc: String::new(),
            files: Vec::new(),
            missing: Some(file_name::TOC.to_owned()),
        };
        for name in names {
            match name {
                UNFINISHED_TOC => inventory.toc = name.to_owned(),
                name if file_name::is_written(name) => inventory.files.push(name.to_owned()),
                _ => return None,
            }
        }
        (!inventory.toc.is_empty()).then_some(inventory)
    }

    /// Looks which files the archive in a folder has. Its table of contents is called `toc`: `toc.dat`, unless it was given another name.
    ///
    /// # Errors
    /// As [`Reader::open_path`](crate::Reader::open_path), and for a list of large objects that cannot be read.
    pub fn read(folder: impl AsRef<Path>, toc: &str) -> Result<Self> {
        let folder = folder.as_ref();
        let (contents, mut blocks) = FolderBlocks::open(folder, toc, |file| file)?;
        let folder = &mut blocks.folder;
        let mut inventory = FolderInventory {
            toc: folder.open(toc)?.map_or(toc.to_owned(), |file| file.name),
            files: Vec::new(),
            missing: None,
        };
        for index in 0..contents.entries.len() {
            let Some(name) = contents.file(index) else {
                continue;
            };
            let name = name.to_string();
            let Some(mut file) = folder.open(&name)? else {
                inventory.missing.get_or_insert(name);
                continue;
            };
            if contents.holds_large_objects(index) {
                for oid in file.list()? {
                    let name = file_name::of_large_object(oid);
                    match folder.open(&name)? {
                        Some(object) => inventory.files.push(object.name),
                        None => _ = inventory.missing.get_or_insert(name),
                    }
                }
            }
            inventory.files.push(file.name);
        }
        Ok(inventory)
    }
}
