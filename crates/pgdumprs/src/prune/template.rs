//! Names of backups: paths and places with parts of a moment in them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use pgdumprs_keep::{Template, TemplateError};

use super::PruneError;

/// A path, or a place in an object store, with parts of a moment in it: `/backups/shop-%Y-%m-%d.dump`, `s3://bucket/night/%F/`.
///
/// `%Y`, `%m`, `%d`, `%j` (the day of the year), `%H`, `%M`, `%S`, `%F` (`%Y-%m-%d`) and `%T` (`%H:%M:%S`) are as for `strftime`, and `%%` is a percent sign. They may
/// stand in the names of folders too. With a slash at the end it names folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupTemplate {
    text: String,
    whole: Template,
    /// Where the first part of the path begins that has a part of a moment in it.
    begins: usize,
    in_store: bool,
}

impl BackupTemplate {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`], which says how a percent sign is written, where one stands for nothing.
    pub fn new(text: &str) -> Result<Self, TemplateError> {
        let whole = Template::new(text)?;
        let mut begins = 0;
        for part in text.split_inclusive(is_separator) {
            if !Template::new(part)?.is_plain() {
                break;
            }
            begins += part.len();
        }
        let schemes = ["s3://", "gs://", "az://"];
        let in_store = schemes.iter().any(|scheme| {
            text.get(..scheme.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        });
        Ok(Self {
            text: text.to_owned(),
            whole,
            begins,
            in_store,
        })
    }

    /// Whether there is no part of a moment in it, so that it has one name.
    pub fn is_plain(&self) -> bool {
        self.whole.is_plain()
    }

    /// Whether its names are those of objects in a store.
    pub fn is_in_store(&self) -> bool {
        self.in_store
    }

    /// The name of a moment, in the local time of this machine.
    pub fn name(&self, time: SystemTime) -> String {
        self.name_at(local(time))
    }

    pub(super) fn name_at(&self, moment: DateTime) -> String {
        self.whole.name(moment)
    }

    /// Fails where a name does not tell its moment, so that nobody could say which backup is the older one.
    ///
    /// # Errors
    /// [`TemplateError::NoMoment`].
    pub fn check_moment(&self) -> Result<(), TemplateError> {
        self.whole.check_moment(&self.text)
    }

    /// Makes the folders, on a disk, that have parts of a moment in their names, and those beneath them, for the backup of this moment. Folders before the first
    /// of them must be there.
    ///
    /// # Errors
    /// [`PruneError::MakeFolder`].
    pub fn make_folders(&self, time: SystemTime) -> Result<(), PruneError> {
        if self.in_store {
            return Ok(());
        }
        let moment = local(time);
        let name = self.text[self.begins..].trim_end_matches(is_separator);
        let mut folder = self.root_text();
        let parts: Vec<&str> = name.split_inclusive(is_separator).collect();
        for part in parts.split_last().map_or(&[][..], |(_, folders)| folders) {
            folder += &part_template(part).name(moment);
            let path = PathBuf::from(&folder);
            match fs::create_dir(&path) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(PruneError::MakeFolder {
                        folder: path,
                        source: error,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// As it was given.
    #[cfg(not(feature = "object-store"))]
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names folders alone.
    pub(super) fn names_folders(&self) -> bool {
        self.text.ends_with(is_separator)
    }

    /// What stands before the first part of the path that has a part of a moment in it.
    fn root_text(&self) -> String {
        part_template(&self.text[..self.begins]).name(DateTime::ZERO)
    }

    /// The folder, on a disk, that all backups are in.
    pub(super) fn root(&self) -> PathBuf {
        match self.root_text() {
            root if root.is_empty() => Path::new(".").to_owned(),
            root => root.into(),
        }
    }

    /// The names in the root and below it: one template for each part of the path, and one for all of it, with `/` between the parts.
    pub(super) fn below(&self) -> Below {
        Below::of(&self.text[self.begins..], is_separator, str::to_owned)
    }

    /// As [`BackupTemplate::below`], for keys in a bucket, from its top on; with `decode` for what a name writes in another way.
    #[cfg(feature = "object-store")]
    pub(super) fn keys(&self, decode: impl Fn(&str) -> String + Copy) -> Below {
        let key = self.text.splitn(4, '/').nth(3).unwrap_or_default();
        Below::of(key, |c| c == '/', decode)
    }
}

impl std::str::FromStr for BackupTemplate {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        Self::new(text)
    }
}

impl std::fmt::Display for BackupTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

/// Relative names, part by part.
pub(super) struct Below {
    parts: Vec<Template>,
    whole: Template,
}

impl Below {
    fn of(
        text: &str,
        is_separator: impl Fn(char) -> bool,
        decode: impl Fn(&str) -> String + Copy,
    ) -> Self {
        let parts: Vec<&str> = text
            .split(is_separator)
            .filter(|part| !part.is_empty())
            .collect();
        let template = |text: &str| part_template(text).map_texts(decode);
        Self {
            whole: template(&parts.join("/")),
            parts: parts.into_iter().map(template).collect(),
        }
    }

    /// Whether a name has the form of the part at this depth.
    pub(super) fn fits(&self, depth: usize, name: &str) -> bool {
        self.parts.get(depth).is_some_and(|part| part.fits(name))
    }

    /// The one name that the part at this depth has, where it is no other at another moment.
    #[cfg(feature = "object-store")]
    pub(super) fn only(&self, depth: usize) -> Option<String> {
        let part = self.parts.get(depth).filter(|part| part.is_plain());
        part.map(|part| part.name(DateTime::ZERO))
    }

    /// Whether the part at this depth is the last.
    pub(super) fn is_last(&self, depth: usize) -> bool {
        depth + 1 == self.parts.len()
    }

    /// The moment of a whole relative name.
    pub(super) fn moment(&self, name: &str) -> Option<DateTime> {
        self.whole.moment(name)
    }
}

/// A part of what has been read as a template.
fn part_template(text: &str) -> Template {
    Template::new(text).expect("a template between separators is one as well")
}

fn is_separator(letter: char) -> bool {
    std::path::is_separator(letter)
}

/// A moment in the local time of this machine.
pub(super) fn local(time: SystemTime) -> DateTime {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::MAX);
    time.to_zoned(TimeZone::system()).datetime()
}
