//! The data of an archive, summed up in several threads that each read it for themselves.

use std::collections::{HashSet, VecDeque};
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pgdumprs_archive::{Block, Damage, Entry, Reader, Result};

use super::sum::Sum;
use super::{Found, Wanted};
use crate::blocking::blocking;
use crate::{ArchiveInput, ArchiveSource};

/// Bytes read together.
const ROOM: usize = 64 * 1024;

/// What the threads share.
struct Shared {
    wanted: Wanted,
    open: Mutex<VecDeque<i32>>,
    /// Nobody waits for what is read any more.
    is_given_up: AtomicBool,
}

/// Tells the threads that nobody waits any more, when it is dropped.
struct GivingUp(Arc<Shared>);

impl Drop for GivingUp {
    fn drop(&mut self) {
        self.0.is_given_up.store(true, Ordering::Relaxed);
    }
}

/// Sums up the data of the wanted entries over so many threads; over one where the archive is read front to back, which `first` has opened.
pub(crate) async fn read(
    source: &ArchiveSource,
    first: Reader<ArchiveInput>,
    wanted: Wanted,
    threads: usize,
) -> Result<Found, Damage> {
    let is_random = first.is_random_access();
    let ids = first.entries().iter().map(|entry| entry.dump_id);
    let open: VecDeque<i32> = ids.filter(|dump_id| wanted.contains_key(dump_id)).collect();
    let threads = if is_random {
        threads.min(open.len())
    } else {
        1
    };
    let shared = Arc::new(Shared {
        wanted,
        open: Mutex::new(open),
        is_given_up: AtomicBool::new(false),
    });
    let _giving_up = GivingUp(Arc::clone(&shared));
    let mut reading = Vec::new();
    for _ in 1..threads {
        let (source, shared) = (source.clone(), Arc::clone(&shared));
        reading.push(tokio::spawn(blocking(move || {
            let mut reader = source.open().map_err(pgdumprs_archive::Error::from)?;
            some(&mut reader, &shared)
        })));
    }
    let own = Arc::clone(&shared);
    let mut found = blocking(move || {
        let mut reader = first;
        match is_random {
            true => some(&mut reader, &own),
            false => all(&mut reader, &own),
        }
    })
    .await?;
    for thread in reading {
        let one = match thread.await {
            Ok(one) => one?,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => std::future::pending().await,
            },
        };
        found.rows.extend(one.rows);
        found.objects.extend(one.objects);
    }
    Ok(found)
}

/// Reads entries until none is left.
fn some(reader: &mut Reader<ArchiveInput>, shared: &Shared) -> Result<Found, Damage> {
    let mut found = Found::default();
    loop {
        let mut open = shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(dump_id) = open.pop_front() else {
            return Ok(found);
        };
        drop(open);
        if let Err(error) = one(reader, dump_id, shared, &mut found) {
            return Err(damage(reader, dump_id, error));
        }
    }
}

fn one(
    reader: &mut Reader<ArchiveInput>,
    dump_id: i32,
    shared: &Shared,
    found: &mut Found,
) -> Result<()> {
    let are_rows = has_copy(reader, dump_id);
    let block = reader.block(dump_id)?;
    take(block, are_rows, shared, found)
}

/// Reads front to back.
fn all(reader: &mut Reader<ArchiveInput>, shared: &Shared) -> Result<Found, Damage> {
    let mut found = Found::default();
    let entries = reader.entries().iter();
    let of_copy = entries.filter(|entry| entry.copy.is_some());
    let of_copy: HashSet<i32> = of_copy.map(|entry| entry.dump_id).collect();
    while let Some(block) = reader.next_block()? {
        let dump_id = dump_id(&block);
        if shared.wanted.contains_key(&dump_id) {
            take(block, of_copy.contains(&dump_id), shared, &mut found)?;
        }
    }
    Ok(found)
}

/// Whether an entry's data is COPY text, rather than statements.
fn has_copy(reader: &Reader<ArchiveInput>, dump_id: i32) -> bool {
    let entry = reader.entry(dump_id);
    entry.is_some_and(|entry| entry.copy.is_some())
}

fn damage(reader: &Reader<ArchiveInput>, dump_id: i32, error: pgdumprs_archive::Error) -> Damage {
    let mut damage = Damage::from(error);
    damage.dump_id = Some(dump_id);
    damage.name = reader.entry(dump_id).map(Entry::label);
    damage
}

fn dump_id(block: &Block<'_, impl Read>) -> i32 {
    match block {
        Block::Data(block) => block.dump_id(),
        Block::LargeObjects(block) => block.dump_id(),
    }
}

fn take(
    block: Block<'_, impl Read>,
    are_rows: bool,
    shared: &Shared,
    found: &mut Found,
) -> Result<()> {
    let dump_id = dump_id(&block);
    let mut buffer = vec![0; ROOM];
    let goes_on = || !shared.is_given_up.load(Ordering::Relaxed);
    let mut sum = match are_rows {
        true => Sum::of_fields(shared.wanted.get(&dump_id).cloned().flatten()),
        false => Sum::of_statements(),
    };
    match block {
        Block::LargeObjects(mut block) => {
            while let Some(mut object) = block.next_object()? {
                while goes_on() {
                    match object.read_data(&mut buffer)? {
                        0 => break,
                        count => sum.bytes(&buffer[..count]),
                    }
                }
                found.objects.insert(object.oid(), sum.end_item());
            }
        }
        // Statements are summed up line by line as well.
        Block::Data(mut block) if !are_rows => {
            while goes_on() {
                match block.read_data(&mut buffer)? {
                    0 => break,
                    count => sum.lines(&buffer[..count]),
                }
            }
        }
        Block::Data(block) => {
            let mut rows = block.into_rows();
            while goes_on() {
                match rows.read_data(&mut buffer)? {
                    0 => break,
                    count => sum.lines(&buffer[..count]),
                }
            }
        }
    }
    found.rows.insert(dump_id, sum.total());
    Ok(())
}
