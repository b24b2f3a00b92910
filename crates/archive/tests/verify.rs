//! What `Reader::verify` finds that reading alone does not, each with its entry and place; and what it counts.

mod support;

use std::io::Cursor;

use pgdumprs_archive::{BlockContent, Damage, Error, Reader, Verified};
use support::Forge;

const COPY: &str = "COPY public.t (a, b) FROM stdin;\n";

fn verify(archive: &Forge) -> Result<Verified, Damage> {
    let streamed = Reader::new(&archive.0[..])
        .map_err(Damage::from)
        .and_then(|mut reader| reader.verify());
    let mut reader = Reader::seekable(Cursor::new(&archive.0)).map_err(Damage::from)?;
    let seekable = reader.verify();
    let text = |outcome: &Result<Verified, Damage>| format!("{outcome:?}");
    assert_eq!(text(&streamed), text(&seekable));
    // An input that can seek can be verified again.
    assert_eq!(text(&reader.verify()), text(&seekable));
    streamed
}

/// Expects damage of entry `dump_id` at a byte.
#[track_caller]
fn assert_damage(archive: &Forge, dump_id: Option<i32>, at: u64, problem: &str) {
    let damage = verify(archive).expect_err(problem);
    let said = damage.to_string();
    assert!(said.contains(problem), "{said}");
    assert_eq!(damage.dump_id, dump_id, "{said}");
    let offset = match damage.error {
        Error::Corrupt { offset, .. }
        | Error::Truncated { offset, .. }
        | Error::MissingData { offset, .. } => offset,
        other => panic!("{other:?}"),
    };
    assert_eq!(offset, at, "{said}");
}

/// An archive of one table with a COPY statement, up to its data, uncompressed.
fn table(copy: &str) -> Forge {
    Forge::new(0)
        .int(1)
        .copied(1, copy)
        .unset()
        .bytes(&[1])
        .int(1)
}

#[test]
fn rows_are_counted_and_their_end_is_not() {
    let archive = table(COPY)
        .chunk(b"1\tx\n2\t")
        .chunk(b"\\N\n\\")
        .chunk(b".\n\n\n")
        .int(0);
    let verified = verify(&archive).unwrap();
    assert_eq!(verified.blocks.len(), 1);
    let block = &verified.blocks[0];
    assert_eq!(block.content, BlockContent::Rows(2));
    assert_eq!((block.raw_bytes, block.stored_bytes), (9, 14));
    assert_eq!(verified.archive_bytes, archive.here());
    assert_eq!(
        (verified.tables(), verified.rows(), verified.large_objects()),
        (1, 2, 0)
    );
}

#[test]
fn rows_are_checked_to_the_byte() {
    let start = table(COPY);
    let first = start.here() + 5;
    let bad = |chunk: &[u8]| start.clone().chunk(chunk).int(0);
    assert_damage(
        &bad(b"1\tx\n2\n\\.\n\n\n"),
        Some(1),
        first + 5,
        "row 2 has 1 column, but the COPY statement names 2",
    );
    assert_damage(
        &bad(b"1\tx\n2\ty\tz\n\\.\n\n\n"),
        Some(1),
        first + 9,
        "row 2 has 3 columns",
    );
    assert_damage(
        &bad(b"1\ta\\qb\n\\.\n\n\n"),
        Some(1),
        first + 4,
        "backslash before 'q'",
    );
    assert_damage(
        &bad(b"1\tx\n\\.\n\n\n1\ty\n"),
        Some(1),
        first + 9,
        "something follows",
    );
    // Over a chunk's end, with the chunk's own length between.
    let split = start.clone().chunk(b"1\tx\n2").chunk(b"\n\\.\n\n\n").int(0);
    assert_damage(&split, Some(1), first + 10, "row 2 has 1 column");
    let endless = start.clone().chunk(b"1\tx\n").int(0);
    assert_damage(&endless, Some(1), endless.here(), "breaks off behind row 1");
    let nothing = start.clone().int(0);
    assert_damage(&nothing, Some(1), nothing.here(), "breaks off behind row 0");
    let cut = start.clone().int(100).bytes(b"1\tx\n");
    assert_damage(
        &cut,
        Some(1),
        cut.here(),
        "entry 1 (TABLE DATA - ): the archive is truncated",
    );
}

#[test]
fn statements_must_make_sense() {
    let archive = table("COPY public.t (a FROM stdin;\n");
    let block = archive.here() - 6;
    assert_damage(
        &archive.chunk(b"\\.\n\n\n").int(0),
        Some(1),
        block,
        "COPY statement that makes no sense",
    );
    // INSERT statements are not looked into.
    let inserts = Forge::one_table(0)
        .chunk(b"INSERT INTO t VALUES ('\\x\t');\n")
        .int(0);
    assert_eq!(
        verify(&inserts).unwrap().blocks[0].content,
        BlockContent::Statements
    );
}

/// A block of a table without rows.
fn block(forge: Forge, dump_id: i32) -> Forge {
    forge.bytes(&[1]).int(dump_id).chunk(b"\\.\n\n\n").int(0)
}

/// The table of contents of two tables, with the offsets of their blocks where they are known.
fn two_tables(forge: Forge, offsets: Option<[u64; 2]>) -> Forge {
    let offset = |forge: Forge, index: usize| match offsets {
        Some(offsets) => forge.set(offsets[index]),
        None => forge.unset(),
    };
    let first = offset(forge.int(2).copied(1, COPY), 0);
    offset(first.copied(2, COPY), 1)
}

#[test]
fn blocks_may_stand_in_any_order() {
    let toc = two_tables(Forge::new(0), None);
    let (one, other) = (toc.here(), block(toc.clone(), 1).here());
    let in_order = |archive: &Forge| {
        let verified = verify(archive).unwrap();
        assert_eq!(verified.blocks.len(), 2);
        verified.is_in_order
    };
    assert!(in_order(&block(block(toc.clone(), 1), 2)));
    assert!(!in_order(&block(block(toc, 2), 1)));
    let placed = two_tables(Forge::new(0), Some([other, one]));
    assert!(!in_order(&block(block(placed.clone(), 2), 1)));
    assert_damage(&block(block(placed, 1), 2), Some(1), one, "places at");
}

#[test]
fn every_block_comes_once() {
    let toc = two_tables(Forge::new(0), None);
    let second = block(toc.clone(), 2);
    let at = second.here();
    assert_damage(&block(second, 2), Some(1), at, "a second block of entry 2");
    let first = block(toc.clone(), 1);
    assert_damage(&first, Some(2), first.here(), "without the data of entry 2");
    let last = block(toc, 2);
    assert_damage(&last, Some(1), last.here(), "without the data of entry 1");
    // What cannot be entered is named after the entry that is due.
    let at = first.here();
    assert_damage(&first.bytes(&[9]), Some(2), at, "there is no block type 9");
}

#[test]
fn the_table_of_contents_may_be_repeated_behind_the_blocks() {
    let toc = two_tables(Forge::new(0), None);
    let (one, other) = (toc.here(), block(toc.clone(), 1).here());
    let blocks = block(block(toc, 1), 2);
    let at = blocks.here();
    for offsets in [None, Some([one, other])] {
        let archive = two_tables(blocks.clone(), offsets);
        let verified = verify(&archive).unwrap();
        assert_eq!((verified.entries, verified.blocks.len()), (2, 2));
        assert_eq!(verified.archive_bytes, archive.here());
    }
    let whole = two_tables(blocks.clone(), Some([one, other]));
    for length in at + 1..whole.here() {
        let cut = Forge(whole.0[..length as usize].to_vec());
        assert_damage(&cut, None, length, "truncated");
    }
    let entry = at + 5;
    assert_damage(
        &two_tables(blocks.clone(), Some([one, other + 1])),
        None,
        entry + (whole.here() - entry) / 2,
        "entry 2 is not repeated",
    );
    assert_damage(
        &blocks
            .clone()
            .int(2)
            .copied(1, "COPY t (a) FROM stdin;\n")
            .set(one),
        None,
        entry,
        "entry 1 is not repeated",
    );
    assert_damage(&blocks.clone().int(3), None, at, "there is no block type 0");
    assert_damage(
        &whole.clone().bytes(&[1]),
        None,
        whole.here(),
        "something follows the repeated table of contents",
    );
    // What is missing is missing all the same.
    let lacking = block(two_tables(Forge::new(0), None), 1);
    let lacking = two_tables(lacking, None);
    assert_damage(
        &lacking,
        Some(2),
        lacking.here(),
        "without the data of entry 2",
    );
}

#[test]
fn definitions_of_statistics_are_not_repeated() {
    let entry = |forge: Forge, definition: Option<&str>| {
        let begun = forge.int(1).int(0).text("0").text("0").null();
        let begun = begun.text("STATISTICS DATA").int(3);
        let begun = match definition {
            Some(definition) => begun.text(definition),
            None => begun,
        };
        let named = begun.null().null().text("public").null().null().int(0);
        named.null().text("false").null().bytes(&[3; 9])
    };
    let toc = entry(Forge::new(0).int(1), Some("SELECT 1;\n"));
    verify(&entry(toc.clone().int(1), None)).unwrap();
    verify(&entry(toc.clone().int(1), Some("SELECT 1;\n"))).unwrap();
    assert_damage(
        &entry(toc.clone().int(1), Some("SELECT 2;\n")),
        None,
        toc.here() + 5,
        "entry 1 is not repeated",
    );
}

#[test]
fn large_objects_come_once() {
    let toc = Forge::new(0)
        .int(2)
        .entry(5, 1, "BLOBS")
        .unset()
        .entry(6, 1, "BLOBS")
        .unset();
    let group = |forge: Forge, dump_id: i32, oids: &[i32]| {
        let begun = forge.bytes(&[3]).int(dump_id);
        oids.iter()
            .fold(begun, |forge, &oid| forge.int(oid).chunk(b"abc").int(0))
            .int(0)
    };
    let good = verify(&group(group(toc.clone(), 5, &[7, -8]), 6, &[9])).unwrap();
    assert_eq!(good.large_objects(), 3);
    assert_eq!(good.blocks[0].content, BlockContent::LargeObjects(2));
    assert_eq!((good.raw_bytes(), good.stored_bytes()), (9, 9));
    let first = group(toc, 5, &[7, 8]);
    let again = first.here() + 6;
    assert_damage(
        &group(first, 6, &[8]),
        Some(6),
        again,
        "large object 8 comes twice",
    );
}

#[test]
fn dependencies_on_what_is_not_there_are_counted() {
    let toc = Forge::new(0)
        .int(2)
        .depending(1, &["2", "9"])
        .bytes(&[3; 9]);
    let verified = verify(&toc.entry(2, 0, "SCHEMA").bytes(&[3; 9])).unwrap();
    assert_eq!(
        (
            verified.entries,
            verified.dependencies,
            verified.absent_dependencies
        ),
        (2, 2, 1)
    );
    let own = Forge::new(0).int(1).depending(1, &["1"]).bytes(&[3; 9]);
    // The last dependency stands before the end of the list and the offset.
    assert_damage(
        &own,
        None,
        own.here() - 9 - 5 - 6,
        "a dependency on the entry itself, in entry 1 of 1",
    );
}

#[test]
fn texts_hold_no_nul() {
    let toc = Forge::new(0).int(1).int(1).int(0).text("0").text("0");
    let at = toc.here();
    assert_damage(
        &toc.text("a\0b"),
        None,
        at,
        "a text contains a NUL byte, in entry 1 of 1",
    );
}

#[test]
fn rows_are_given_without_their_end() {
    let rows = |archive: &Forge, step: usize| {
        let mut reader = Reader::new(&archive.0[..]).unwrap();
        let pgdumprs_archive::Block::Data(block) = reader.block(1).unwrap() else {
            unreachable!("a table")
        };
        let mut rows = block.into_rows();
        let mut buffer = vec![0; step];
        let mut found = Vec::new();
        loop {
            match rows.read_data(&mut buffer) {
                Ok(0) => return Ok(found),
                Ok(count) => found.extend_from_slice(&buffer[..count]),
                Err(error) => return Err((found, error.to_string())),
            }
        }
    };
    let start = table(COPY);
    let split = start
        .clone()
        .chunk(b"1\tx\n2\ty\n\\")
        .chunk(b".\n")
        .chunk(b"\n\n")
        .int(0);
    for step in [1, 3, 7, 1000] {
        assert_eq!(rows(&split, step).unwrap(), b"1\tx\n2\ty\n");
        assert_eq!(
            rows(&start.clone().chunk(b"\\.\n\n\n").int(0), step).unwrap(),
            b""
        );
        let (found, said) = rows(&start.clone().chunk(b"1\tx\n2\ty\n").int(0), step).unwrap_err();
        assert!(
            b"1\tx\n2\ty\n".starts_with(&found[..]) && said.contains("break off"),
            "{said}"
        );
        assert!(rows(&start.clone().chunk(b"1\tx\\.\n\n\n").int(0), step).is_err());
        for newlines in [1, 2, 8] {
            let behind = start
                .clone()
                .chunk(b"1\tx\n\\.")
                .chunk(&b"\n".repeat(newlines));
            assert_eq!(rows(&behind.int(0), step).unwrap(), b"1\tx\n");
        }
        for behind in [&b"\\.\n"[..], b"\n\n2"] {
            let more = start.clone().chunk(b"1\tx\n\\.\n").chunk(behind).int(0);
            assert!(rows(&more, step).unwrap_err().1.contains("follows"));
        }
    }
}
