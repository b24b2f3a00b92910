//! Backups in object stores.

use std::collections::BTreeMap;
use std::io::Read;
use std::time::SystemTime;

use jiff::civil::DateTime;
use pgdumprs_store::{BegunUpload, Bucket, ListedObject, Place as ObjectPlace};

use super::PruneError;
use super::age::Key;
use super::found::{Candidate, Found, Place, is_settled};
use super::look::{self, Look, Looked, Parts};
use super::template::{BackupTemplate, Below};
use crate::server_backup::LARGEST_MANIFEST;
use crate::server_backup::manifest::INCOMPLETE;

/// The bucket that all backups of a template are in.
pub(super) struct Store {
    bucket: Bucket,
    keys: Below,
    names_folders: bool,
    now: SystemTime,
    key: Key,
}

/// A candidate's key, and the object that tells whether it is still the same: itself, or the one in a folder that names the others.
pub(super) struct Seen {
    key: String,
    object: Option<ListedObject>,
}

impl Store {
    /// Opens the bucket; `name` is any of the names that the template makes.
    pub(super) fn open(
        template: &BackupTemplate,
        name: &str,
        now: SystemTime,
        key: Key,
    ) -> Result<Self, PruneError> {
        let place: ObjectPlace = name.trim_end_matches('/').parse()?;
        Ok(Store {
            bucket: Bucket::of(&place)?,
            keys: template.keys(unescaped),
            names_folders: template.names_folders(),
            now,
            key,
        })
    }

    fn walk(
        &self,
        folder: &str,
        depth: usize,
        found: &mut Vec<(String, Option<ListedObject>)>,
    ) -> Result<(), PruneError> {
        // What follows from the template alone need not be listed.
        if let Some(name) = self.keys.only(depth).filter(|_| !self.keys.is_last(depth)) {
            return self.walk(&join(folder, &name), depth + 1, found);
        }
        let listing = self.bucket.list(folder)?;
        let fits = |key: &str| {
            let name = key.strip_prefix(folder).unwrap_or(key);
            self.keys.fits(depth, name.trim_start_matches('/'))
        };
        for key in listing.folders.into_iter().filter(|key| fits(key)) {
            match self.keys.is_last(depth) {
                true => found.push((key, None)),
                false => self.walk(&key, depth + 1, found)?,
            }
        }
        if self.keys.is_last(depth) && !self.names_folders {
            let objects = listing
                .objects
                .into_iter()
                .filter(|object| fits(&object.key));
            found.extend(objects.map(|object| (object.key.clone(), Some(object))));
        }
        Ok(())
    }

    /// Looks at a folder, and gives the object that names the others, and when the last one was made.
    fn look_into(&self, folder: &str) -> (Look, Option<(ListedObject, SystemTime)>) {
        let listing = match self.bucket.list(folder) {
            Ok(listing) => listing,
            Err(error) => return (Look::Left(error.to_string()), None),
        };
        let relative = |object: ListedObject| {
            let name = object.key.strip_prefix(folder)?.strip_prefix('/')?;
            Some((name.to_owned(), object))
        };
        let mut objects: BTreeMap<String, ListedObject> =
            listing.objects.into_iter().filter_map(relative).collect();
        let sizes = objects
            .iter()
            .map(|(name, object)| (name.clone(), object.size))
            .collect();
        let read = |name: &str| {
            let object = self
                .bucket
                .read(&join(folder, name))
                .map_err(|error| error.to_string())?;
            let mut text = Vec::new();
            let read = object.take(LARGEST_MANIFEST).read_to_end(&mut text);
            read.map_err(|error| error.to_string()).map(|_| text)
        };
        match look::at_manifest(&sizes, read) {
            None => (look::no_list(), None),
            Some(Look::Backup(looked)) => {
                let list = match &looked.parts {
                    Parts::Folder { list, .. } => objects.remove(list),
                    Parts::One => None,
                };
                let list = list.map(|list| {
                    let others = objects.values().map(|object| object.modified);
                    let last = others.fold(list.modified, SystemTime::max);
                    (list, last)
                });
                (Look::Backup(looked), list)
            }
            Some(left) => (left, None),
        }
    }
}

impl Place for Store {
    type Seen = Seen;

    fn find(&self) -> Result<Vec<Candidate<Seen>>, PruneError> {
        let mut found = Vec::new();
        self.walk("", 0, &mut found)?;
        let mut candidates = Vec::new();
        for (key, object) in found {
            if let Some(moment) = self.keys.moment(&key) {
                let mut name = self.bucket.place(&key)?.to_string();
                if object.is_none() {
                    name.push('/');
                }
                candidates.push(Candidate {
                    name,
                    moment,
                    seen: Seen { key, object },
                });
            }
        }
        Ok(candidates)
    }

    fn look(&self, candidate: &mut Candidate<Seen>) -> (Look, bool) {
        let seen = &mut candidate.seen;
        // An object is there when all of it is: nobody is still writing it. A folder is filled one by one.
        let Some(object) = &seen.object else {
            let (look, list) = self.look_into(&seen.key);
            let (list, last) = list.unzip();
            seen.object = list;
            let is_complete = matches!(&look, Look::Backup(Looked { problem: None, .. }));
            let is_settled = is_settled(last, self.now)
                && (is_complete || !self.is_uploaded_to(&format!("{}/", seen.key)));
            return (look, is_settled);
        };
        let look = match self.bucket.read(&seen.key) {
            Err(error) => Look::Left(error.to_string()),
            Ok(reader) if reader.length() != object.size => {
                Look::Left("it has changed since it was listed".to_owned())
            }
            Ok(reader) => look::at_file(reader, object.size, &self.key),
        };
        (look, true)
    }

    fn remove(&self, found: &Found<Seen>) -> Result<(), String> {
        let Seen { key, object } = &found.candidate.seen;
        let said = |error: pgdumprs_store::Error| error.to_string();
        let Some(object) = object else {
            return Err("nobody knows what belongs to it".to_owned());
        };
        match self.bucket.look(&object.key).map_err(said)? {
            None => return Ok(()),
            Some(now) if !now.is_same(object) => {
                return Err("it has changed since it was looked at".to_owned());
            }
            Some(_) => {}
        }
        match &found.looked.parts {
            Parts::One => self.remove_all(std::slice::from_ref(key)),
            Parts::Folder {
                list,
                unfinished,
                files,
            } => {
                let unfinished = join(key, unfinished);
                if join(key, list) != unfinished {
                    self.bucket.rename(&object.key, &unfinished).map_err(said)?;
                }
                let files: Vec<String> = files.iter().map(|file| join(key, file)).collect();
                self.remove_all(&files)?;
                self.remove_all(&[unfinished])
            }
        }
    }

    fn clear_begun(&self, newest: DateTime, is_dry_run: bool) -> Vec<String> {
        // It is a right of its own to list them; without it, the bucket's own rules are what removes them.
        let begun = self.bucket.begun_uploads(&self.prefix());
        let mut begun = begun.unwrap_or_default();
        begun.retain(|upload| {
            let is_older = self
                .moment(&upload.key)
                .is_some_and(|moment| moment < newest);
            is_older && self.is_given_up(upload) && !self.is_in_a_running_dump(&upload.key)
        });
        begun.retain(|upload| is_dry_run || self.bucket.abort_upload(upload).is_ok());
        begun.into_iter().map(|upload| upload.key).collect()
    }
}

impl Store {
    /// Whether a part of an upload below this prefix has come within a day, as far as the store tells.
    fn is_uploaded_to(&self, prefix: &str) -> bool {
        let begun = self.bucket.begun_uploads(prefix).unwrap_or_default();
        begun.iter().any(|upload| !self.is_given_up(upload))
    }

    /// Whether nothing has come of an upload for a day; not where the store does not tell.
    fn is_given_up(&self, upload: &BegunUpload) -> bool {
        let is_settled = |time| is_settled(Some(time), self.now);
        let last = || self.bucket.last_of_upload(upload);
        is_settled(upload.begun) && last().is_ok_and(is_settled)
    }

    /// Whether a key is of a folder whose dump has said within a day that it is running, or nobody can tell.
    fn is_in_a_running_dump(&self, key: &str) -> bool {
        let Some((folder, _)) = key.rsplit_once('/') else {
            return false;
        };
        match self.bucket.look(&join(folder, INCOMPLETE)) {
            Ok(list) => list.is_some_and(|list| !is_settled(Some(list.modified), self.now)),
            Err(_) => true,
        }
    }

    /// What all keys begin with.
    fn prefix(&self) -> String {
        let plain =
            (0..).map_while(|depth| self.keys.only(depth).filter(|_| !self.keys.is_last(depth)));
        plain.map(|name| name + "/").collect()
    }

    /// The moment of the backup that an object with this key would be, or would be an archive of.
    fn moment(&self, key: &str) -> Option<DateTime> {
        let is_archive = |name: &&str| name.ends_with(".dump") || name.ends_with(".dump.age");
        let parts = key.rsplit_once('/');
        let folder = parts
            .filter(|(_, name)| is_archive(name))
            .map(|(folder, _)| folder);
        let own = Some(key).filter(|_| !self.names_folders);
        let moment = |key: &str| self.keys.moment(key);
        own.and_then(moment).or_else(|| folder.and_then(moment))
    }

    fn remove_all(&self, keys: &[String]) -> Result<(), String> {
        let removed = self.bucket.remove(keys);
        let failed = removed.into_iter().find_map(Result::err);
        failed.map_or(Ok(()), |error| Err(error.to_string()))
    }
}

fn join(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => format!("{folder}/{name}"),
    }
}

/// A part of a place as it stands in keys: a place writes some letters as `%` and two digits.
fn unescaped(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}
