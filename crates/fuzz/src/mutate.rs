//! Makes damaged archives of sound ones, field by field.

use std::ops::Range;

use fastrand::Rng;

use crate::corpus::{Sample, text};
use crate::map::{INT, OFFSET};
use crate::tar;

/// A part of an archive, and what to put in its place.
pub(crate) type Edit = (Range<usize>, Vec<u8>);

/// Most edits of one case.
const MOST_EDITS: usize = 5;

/// Texts that mean something somewhere.
const WORDS: [&[u8]; 14] = [
    b"",
    b"0",
    b"4294967296",
    b"-1",
    b"TABLE DATA",
    b"BLOBS",
    b"ENCODING",
    b"SET client_encoding = 'SJIS';\n",
    b"COPY public.t (a) FROM stdin;\n",
    b"COPY t FROM stdin;\n",
    b"COPY public.\"t\" (a, \"b, c\") WITH OIDS FROM stdin;\n",
    b"\\.\n\n\n",
    b"\0",
    b"\xff\xfe",
];

/// Beginnings of streams, and of what looks like them.
const HEADS: [&[u8]; 6] = [
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18\x64\x40\xa7",
    b"\x78\x9c",
    b"\x50\x2a\x4d\x18\xff\xff\xff\xff",
    b"\x02\x21\x4c\x18",
    b"PGDMP",
];

/// Makes one damaged archive. The same generator makes the same one of the same corpus.
pub(crate) fn mutate(corpus: &[Sample], rng: &mut Rng) -> Vec<u8> {
    let sample = pick(corpus, rng);
    if let Some(tar) = sample.tar.as_ref().filter(|_| rng.u8(..4) == 0) {
        let mut bytes = tar.clone();
        tar::damage(&mut bytes, rng);
        return bytes;
    }
    let other = pick(corpus, rng);
    let edits = (0..rng.usize(1..=MOST_EDITS))
        .filter_map(|_| edit(sample, other, rng))
        .collect();
    let mut bytes = splice(&sample.bytes, edits);
    // Damage that knows nothing of fields.
    while rng.u8(..4) == 0 && !bytes.is_empty() {
        rough(&mut bytes, rng);
    }
    bytes
}

/// Puts edits in their places. Of two that overlap, the first in the file stays.
pub(crate) fn splice(bytes: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for (range, new) in edits {
        if range.start >= at {
            out.extend_from_slice(&bytes[at..range.start]);
            out.extend_from_slice(&new);
            at = range.end;
        }
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// An integer as it stands in an archive.
pub(crate) fn int(value: i32) -> [u8; INT] {
    let [a, b, c, d] = value.unsigned_abs().to_le_bytes();
    [u8::from(value < 0), a, b, c, d]
}

fn pick<'a, T>(from: &'a [T], rng: &mut Rng) -> &'a T {
    &from[rng.usize(..from.len())]
}

fn any<T: Clone>(from: &[T], rng: &mut Rng) -> Option<T> {
    rng.choice(from).cloned()
}

fn edit(sample: &Sample, other: &Sample, rng: &mut Rng) -> Option<Edit> {
    let map = &sample.map;
    let bytes = &sample.bytes;
    Some(match rng.u8(..20) {
        0..4 => {
            let at = any(&map.ints, rng)?;
            (at..at + INT, wrong_int(&bytes[at..at + INT], rng))
        }
        4..6 => {
            let range = any(&map.texts, rng)?;
            let word = match rng.u8(..3) {
                0 => pick(&WORDS, rng).to_vec(),
                1 => other.bytes[any(&other.map.texts, rng)?]
                    .get(INT..)
                    .unwrap_or_default()
                    .to_vec(),
                _ => noise(rng, 40),
            };
            (range, text(&word))
        }
        6..8 => {
            let at = any(&map.offsets, rng)?;
            (at..at + OFFSET, wrong_offset(sample, rng))
        }
        8 => {
            let range = any(&map.entries, rng)?;
            let new = replacement(&bytes[range.clone()], &other.bytes, &other.map.entries, rng);
            // Often with a count that is right, or little is read of what follows.
            return Some(if rng.bool() {
                (range, new)
            } else {
                let count = i32::try_from(map.entries.len()).ok()? + rng.i32(-1..=1);
                (map.count..map.count + INT, int(count).to_vec())
            });
        }
        9..11 => {
            let range = any(&map.blocks, rng)?;
            let mut new = replacement(&bytes[range.clone()], &other.bytes, &other.map.blocks, rng);
            if new.len() > 1 + INT && rng.bool() {
                // Under the id of the block that stood here.
                new[1..1 + INT].copy_from_slice(&bytes[range.start + 1..range.start + 1 + INT]);
            }
            (range, new)
        }
        11..18 => {
            let range = any(&map.chunks, rng)?;
            let new = wrong_chunk(&bytes[range.clone()], other, rng);
            (range, new)
        }
        // The header's single bytes: version, sizes, format, compression.
        _ => {
            let at = rng.usize(5..12);
            (
                at..at + 1,
                vec![rng.choice([0, 1, 2, 3, 4, 5, 8, 12, 13, 14, 15, 16, 32, 33, 255])?],
            )
        }
    })
}

fn wrong_int(old: &[u8], rng: &mut Rng) -> Vec<u8> {
    let old = i32::from_le_bytes([old[1], old[2], old[3], old[4]]);
    let edges = [
        0,
        1,
        -1,
        2,
        3,
        255,
        256,
        65_535,
        65_536,
        1 << 24,
        i32::MAX,
        i32::MIN,
    ];
    let value = match rng.u8(..4) {
        0 => *pick(&edges, rng),
        1 => old.wrapping_add(rng.i32(-6..=6)),
        2 => old ^ (1 << rng.u32(..32)),
        _ => rng.i32(..1_000),
    };
    int(value).to_vec()
}

fn wrong_offset(sample: &Sample, rng: &mut Rng) -> Vec<u8> {
    let length = sample.bytes.len() as u64;
    let place = match rng.u8(..5) {
        0 => 0,
        1 => rng.u64(..),
        2 => rng.u64(..=length),
        3 => length.wrapping_add(rng.u64(..10)),
        _ => any(&sample.map.blocks, rng).map_or(0, |block| block.start as u64),
    };
    let state = rng.choice([1, 2, 2, 2, 3, 4]).unwrap_or(0);
    [&[state][..], &place.to_le_bytes()].concat()
}

/// Something in place of an entry or a block: nothing, two of it, or one of another archive.
fn replacement(own: &[u8], other: &[u8], others: &[Range<usize>], rng: &mut Rng) -> Vec<u8> {
    match (rng.u8(..3), any(others, rng)) {
        (0, _) => Vec::new(),
        (1, Some(range)) => other[range].to_vec(),
        _ => [own, own].concat(),
    }
}

fn wrong_chunk(chunk: &[u8], other: &Sample, rng: &mut Rng) -> Vec<u8> {
    let payload = &chunk[INT..];
    let mut new = payload.to_vec();
    match rng.u8(..9) {
        // Some bytes changed, with the length as it was.
        0..3 => {
            for _ in 0..rng.usize(1..8) {
                let at = rng.usize(..new.len());
                new[at] = *pick(
                    &[
                        rng.u8(..),
                        new[at] ^ (1 << rng.u8(..8)),
                        b'\\',
                        b'\n',
                        b'\t',
                    ],
                    rng,
                );
            }
        }
        3 => new.truncate(rng.usize(..=payload.len())),
        4 => {
            let at = rng.usize(..=payload.len());
            new.splice(at..at, pick(&HEADS, rng).iter().copied());
        }
        5 => {
            let at = rng.usize(..=payload.len());
            new.splice(at..at, noise(rng, 30));
        }
        6 => match any(&other.map.chunks, rng) {
            Some(range) => new = other.bytes[range][INT..].to_vec(),
            None => new.clear(),
        },
        // In two, which changes nothing, or the same twice, which does.
        7 => {
            let at = rng.usize(..=payload.len());
            return [text(&payload[..at]), text(&payload[at..])].concat();
        }
        _ => return [chunk, chunk].concat(),
    }
    text(&new)
}

fn noise(rng: &mut Rng, most: usize) -> Vec<u8> {
    (0..rng.usize(..most)).map(|_| rng.u8(..)).collect()
}

/// Damage by a disk, a network or an editor.
fn rough(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.usize(..bytes.len());
    let end = bytes.len().min(at + rng.usize(..64));
    match rng.u8(..5) {
        0 => bytes.truncate(at),
        1 => bytes[at] = rng.u8(..),
        2 => drop(bytes.drain(at..end)),
        3 => {
            let again = bytes[at..end].to_vec();
            bytes.splice(at..at, again);
        }
        _ => {
            let more = noise(rng, 64);
            bytes.splice(at..at, more);
        }
    }
}
