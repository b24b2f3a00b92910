//! A file that says what of a restore is done, so that another run can go on after this one was killed.
//!
//! It is text, a line for each thing that is known, each behind a checksum of its own: what a crash has left of the last line does not count.
//! A line says that something is done when the server has it on its disk, never before. What is not in the journal may be done all the same, and is
//! found out.

mod lines;

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use pgdumprs_archive::files::sync_folder;
use pgdumprs_script::Pass;

use crate::journal::lines::{letter, numbers, read, sum, whole_lines};

/// What the first line says.
const KIND: &str = "pgdumprs restore journal 1";

/// What a journal belongs to. Each is a text without line breaks; those of two runs have to be the same for one to go on with the other's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The archive.
    pub archive: String,
    /// The server and its database.
    pub target: String,
    /// What of the archive is restored, and how.
    pub options: String,
}

/// Why there is no going on with a journal.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("the journal \"{}\" cannot be used", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// There is none.
    #[error("there is no journal \"{}\": nothing has been begun that could be gone on with", .path.display())]
    Missing {
        /// The file that it would be.
        path: PathBuf,
    },
    /// It is another file, or was cut off before anything was changed.
    #[error("\"{}\" is no journal of a restore that has begun", .path.display())]
    NoJournal {
        /// The file.
        path: PathBuf,
    },
    /// It is of another restore.
    #[error("the journal \"{}\" is of {what}", .path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// What is not the same.
        what: &'static str,
    },
    /// Another process uses it.
    #[error("another restore is at work with the journal \"{}\"", .path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// A restore in one transaction, or in large ones, has none.
    #[error(
        "a restore in one transaction, or in large ones, cannot be gone on with: what was not committed is gone"
    )]
    OneTransaction,
}

/// What a journal says of an earlier run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Earlier {
    /// Entries whose objects were there before it; `None` where that was not known.
    pub(crate) there: Option<HashSet<i32>>,
    /// Entries whose tables were there before it, without rows.
    pub(crate) empty: HashSet<i32>,
    /// Processes of the server that worked for it, and when each began.
    pub(crate) processes: Vec<(u32, String)>,
    /// Steps that are done, with the rows or large objects that came in.
    pub(crate) done: HashMap<(Pass, i32), u64>,
    /// Entries whose rows may be in a table that had others before.
    pub(crate) begun: HashSet<i32>,
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
    identity: Identity,
    earlier: Option<Earlier>,
}

impl Journal {
    /// A new journal in a file, which is emptied.
    ///
    /// # Errors
    ///
    /// [`JournalError::Io`].
    pub fn create(path: &Path, file: File, identity: Identity) -> Result<Self, JournalError> {
        let emptied = file.set_len(0);
        emptied.map_err(|source| JournalError::Io {
            path: path.to_owned(),
            source,
        })?;
        Ok(Journal {
            path: path.to_owned(),
            file,
            identity,
            earlier: None,
        })
    }

    /// The journal of an earlier run.
    ///
    /// # Errors
    ///
    /// [`JournalError`].
    pub fn resume(path: &Path, mut file: File, identity: Identity) -> Result<Self, JournalError> {
        let of = |source| JournalError::Io {
            path: path.to_owned(),
            source,
        };
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(of)?;
        let (lines, length) = whole_lines(&text);
        let no_journal = || JournalError::NoJournal {
            path: path.to_owned(),
        };
        let [kind, archive, target, options, rest @ ..] = lines.as_slice() else {
            return Err(no_journal());
        };
        if *kind != KIND {
            return Err(no_journal());
        }
        let others = [
            (archive, &identity.archive, "another archive"),
            (
                target,
                &identity.target,
                "another database, or of another server",
            ),
            (
                options,
                &identity.options,
                "a restore with other options, or by another version of pgdumprs",
            ),
        ];
        if let Some((_, _, what)) = others
            .iter()
            .find(|(found, own, _)| **found != own.as_str())
        {
            return Err(JournalError::Other {
                path: path.to_owned(),
                what,
            });
        }
        let earlier = read(rest).ok_or_else(no_journal)?;
        // What is left of a line that was cut off goes.
        file.set_len(length as u64).map_err(of)?;
        file.seek(SeekFrom::End(0)).map_err(of)?;
        Ok(Journal {
            path: path.to_owned(),
            file,
            identity,
            earlier: Some(earlier),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says of an earlier run.
    pub(crate) fn take_earlier(&mut self) -> Option<Earlier> {
        self.earlier.take()
    }

    /// Begins a new one: what was there before.
    pub(crate) fn begin(
        &mut self,
        there: Option<&HashSet<i32>>,
        empty: &HashSet<i32>,
    ) -> io::Result<()> {
        let identity = &self.identity;
        let mut lines = vec![
            KIND.to_owned(),
            identity.archive.clone(),
            identity.target.clone(),
            identity.options.clone(),
        ];
        lines.push(match there {
            Some(there) => format!("there{}", numbers(there)),
            None => "unknown".to_owned(),
        });
        lines.push(format!("empty{}", numbers(empty)));
        self.write(&lines)?;
        self.sync()?;
        // The file has its name only when that is on disk as well.
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        sync_folder(folder.unwrap_or(Path::new(".")))
    }

    /// A process of the server works for the restore.
    pub(crate) fn process(&mut self, id: u32, began: &str) -> io::Result<()> {
        self.write(&[format!("process {id} {began}")])
    }

    /// An entry's object was there before, though that was not known.
    pub(crate) fn was_there(&mut self, dump_id: i32) -> io::Result<()> {
        self.write(&[format!("there {dump_id}")])
    }

    /// An entry's rows are about to come in, into a table that had rows before. It is on disk when this returns.
    pub(crate) fn begun(&mut self, dump_id: i32) -> io::Result<()> {
        self.write(&[format!("begun {dump_id}")])?;
        self.sync()
    }

    /// Steps are done, with so many rows or large objects each.
    pub(crate) fn done(&mut self, steps: &[((Pass, i32), u64)]) -> io::Result<()> {
        let line = |((pass, dump_id), count): &((Pass, i32), u64)| {
            format!("done {} {dump_id} {count}", letter(*pass))
        };
        self.write(&steps.iter().map(line).collect::<Vec<_>>())
    }

    /// Everything is done.
    pub(crate) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }

    fn write(&mut self, lines: &[String]) -> io::Result<()> {
        let mut text = String::new();
        for line in lines {
            text += &format!("{} {line}\n", sum(line.as_bytes()));
        }
        self.file.write_all(text.as_bytes())
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(archive: &str) -> Identity {
        Identity {
            archive: archive.to_owned(),
            target: "target 1 2".to_owned(),
            options: "options".to_owned(),
        }
    }

    fn open(path: &Path) -> File {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options.open(path).unwrap()
    }

    #[test]
    fn a_journal_cut_anywhere_says_nothing_that_it_did_not_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path, open(&path), identity("archive")).unwrap();
        let there = HashSet::from([3, 5]);
        journal.begin(Some(&there), &HashSet::from([9])).unwrap();
        journal.process(77, "17.5").unwrap();
        journal
            .done(&[((Pass::Drop, 7), 0), ((Pass::Main, 12), 345)])
            .unwrap();
        journal.begun(11).unwrap();
        journal.was_there(6).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut known = None;
        for length in 0..=whole.len() {
            std::fs::write(&path, &whole[..length]).unwrap();
            let resumed = Journal::resume(&path, open(&path), identity("archive"));
            let Ok(mut resumed) = resumed else {
                assert!(known.is_none(), "{length}");
                continue;
            };
            let earlier = resumed.take_earlier().unwrap();
            assert_eq!(earlier.empty, HashSet::from([9]));
            assert!([None, Some(&345)].contains(&earlier.done.get(&(Pass::Main, 12))));
            assert!(earlier.processes.is_empty() || earlier.processes[0].0 == 77);
            // What follows the rest of a line is read as well.
            resumed.done(&[((Pass::Main, 99), 1)]).unwrap();
            let again = Journal::resume(&path, open(&path), identity("archive"));
            let again = again.unwrap().take_earlier().unwrap();
            assert_eq!(again.done.get(&(Pass::Main, 99)), Some(&1));
            known = Some(earlier);
        }
        let known = known.unwrap();
        assert_eq!(known.there, Some(HashSet::from([3, 5, 6])));
        assert_eq!(known.begun, HashSet::from([11]));
        assert_eq!(known.done.len(), 2);
    }

    #[test]
    fn a_journal_of_something_else_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut journal = Journal::create(&path, open(&path), identity("archive")).unwrap();
        journal.begin(None, &HashSet::new()).unwrap();
        let other = Journal::resume(&path, open(&path), identity("other")).unwrap_err();
        assert!(other.to_string().contains("another archive"), "{other}");
        std::fs::write(&path, "something else\n").unwrap();
        let none = Journal::resume(&path, open(&path), identity("archive")).unwrap_err();
        assert!(matches!(none, JournalError::NoJournal { .. }), "{none}");
    }
}
