//! Archives of entries that no server would think of, and options for them, all from a seed.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;
use bstr::BString;
use fastrand::Rng;
use pgdumprs_archive::{
    ArchiveVersion, CatalogId, Compression, CreationTime, Entry, Header, Section, Writer,
};

/// Kinds of entries, among them some that are no more, and some that never were.
const DESCRIPTORS: &[&str] = &[
    "<Init>",
    "ACCESS METHOD",
    "ACL",
    "ACL",
    "ACL LANGUAGE",
    "AGGREGATE",
    "BLOB",
    "BLOB COMMENTS",
    "BLOB METADATA",
    "BLOBS",
    "CAST",
    "CHECK CONSTRAINT",
    "COLLATION",
    "COMMENT",
    "COMMENT",
    "CONSTRAINT",
    "CONVERSION",
    "DATABASE",
    "DATABASE PROPERTIES",
    "DEFAULT",
    "DEFAULT ACL",
    "DOMAIN",
    "ENCODING",
    "EVENT TRIGGER",
    "EXTENDED STATISTICS DATA",
    "EXTENSION",
    "FK CONSTRAINT",
    "FOREIGN DATA WRAPPER",
    "FOREIGN TABLE",
    "FUNCTION",
    "INDEX",
    "INDEX",
    "INDEX ATTACH",
    "LOST",
    "MATERIALIZED VIEW",
    "MATERIALIZED VIEW DATA",
    "OPERATOR",
    "OPERATOR CLASS",
    "OPERATOR FAMILY",
    "POLICY",
    "PROCEDURAL LANGUAGE",
    "PROCEDURE",
    "PUBLICATION",
    "PUBLICATION TABLE",
    "PUBLICATION TABLES IN SCHEMA",
    "ROW SECURITY",
    "RULE",
    "SCHEMA",
    "SEARCHPATH",
    "SECURITY LABEL",
    "SEQUENCE",
    "SEQUENCE OWNED BY",
    "SEQUENCE SET",
    "SERVER",
    "SHELL TYPE",
    "STATISTICS",
    "STATISTICS DATA",
    "STATISTICS DATA",
    "STDSTRINGS",
    "SUBSCRIPTION",
    "SUBSCRIPTION TABLE",
    "TABLE",
    "TABLE",
    "TABLE",
    "TABLE ATTACH",
    "TABLE DATA",
    "TABLE DATA",
    "TEXT SEARCH CONFIGURATION",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TRANSFORM",
    "TRIGGER",
    "TYPE",
    "USER MAPPING",
    "VIEW",
    "WARNING",
];

/// Kinds that stock knows no owner for: with one of these it stops unless owners are left out.
const WITHOUT_OWNER: &[&str] = &["EXTENSION", "LOST", "TABLE ATTACH", "ACCESS METHOD"];

const NAMES: &[&[u8]] = &[
    b"a",
    b"b",
    b"public",
    b"pg_catalog",
    b"Odd \"name\"",
    b"line\nbreak\r",
    b"back\\slash 'q'",
    b"select",
    b"caf\xc3\xa9",
    b"\xe9\xa4",
    b"\x95\x5c",
    b"\xf0\x9f\x98\x80",
    b"f(integer, text)",
    b"",
    b"none\t",
    b"a_rather_long_name_that_goes_on_for_quite_a_while_in_fact_64",
];

/// A random archive with as many entries as there are numbers, and options for it.
pub(crate) fn write(seed: u64, archive: &Path) -> Result<Vec<String>> {
    let mut rng = Rng::with_seed(seed);
    let count = rng.i32(1..30);
    let mut dump_ids: Vec<i32> = (1..=count)
        .map(|number| number * 2 - rng.i32(0..2))
        .collect();
    rng.shuffle(&mut dump_ids);
    let mut entries: Vec<Entry> = Vec::new();
    for &dump_id in &dump_ids {
        let entry = entry(&mut rng, dump_id, &dump_ids, &entries);
        entries.push(entry);
    }
    let version = *choose(
        &mut rng,
        &[
            ArchiveVersion::V1_14,
            ArchiveVersion::V1_15,
            ArchiveVersion::V1_16,
        ],
    );
    let header = Header {
        version,
        compression: if rng.bool() {
            Compression::gzip(1)?
        } else {
            Compression::None
        },
        created: CreationTime {
            second: 0,
            minute: 30,
            hour: 12,
            day: 24,
            month: 11,
            year: 126,
            is_dst: 0,
        },
        database: Some("shop".into()),
        server_version: rng.bool().then(|| "17.5".into()),
        dumper_version: rng.bool().then(|| "18.1\n--".into()),
    };
    let mut writer = Writer::seekable(File::create(archive)?, &header, &entries)?;
    for entry in entries.iter().filter(|entry| entry.had_dumper) {
        if entry.descriptor == "BLOBS" {
            writer.begin_blobs(entry.dump_id)?;
            for oid in 0..rng.u32(0..3) {
                writer.begin_blob(70000 + oid)?;
                writer.write(&vec![rng.u8(..); rng.usize(0..40000)])?;
                writer.end_blob()?;
            }
        } else {
            writer.begin_data(entry.dump_id)?;
            writer.write(b"1\n\\.\n\n\n")?;
        }
        writer.end()?;
    }
    writer.finish()?;
    options(&mut rng, &entries, &archive.with_extension("list"))
}

fn entry(rng: &mut Rng, dump_id: i32, dump_ids: &[i32], before: &[Entry]) -> Entry {
    let descriptor = *choose(rng, DESCRIPTORS);
    let is_data = matches!(descriptor, "TABLE DATA" | "BLOBS" | "BLOB COMMENTS");
    let groups: Vec<i32> = before
        .iter()
        .filter(|entry| entry.descriptor == "BLOB METADATA")
        .map(|entry| entry.dump_id)
        .collect();
    let mut tag = BString::from(*choose(rng, NAMES));
    let mut dependencies: Vec<i32> = (0..rng.usize(0..4))
        .map(|_| *choose(rng, dump_ids))
        .collect();
    dependencies.retain(|other| *other != dump_id);
    let mut definition = definition(rng, descriptor);
    match descriptor {
        "ACL" | "COMMENT" | "SECURITY LABEL" => {
            let abouts = [
                "DATABASE ",
                "LARGE OBJECT ",
                "EVENT TRIGGER ",
                "POLICY ",
                "PUBLICATION ",
                "SUBSCRIPTION ",
                "TABLE ",
            ];
            let about = *choose(rng, &abouts);
            tag = [about.as_bytes(), &tag].concat().into();
            if descriptor == "ACL" && !groups.is_empty() && rng.bool() {
                tag = "LARGE OBJECTS 1..3".into();
                dependencies.insert(0, *choose(rng, &groups));
                definition = Some("REVOKE ALL ON LARGE OBJECT 1 FROM \"a;LARGE OBJECT 2\";\nGRANT ALL ON LARGE OBJECT 1 TO b;\n".into());
            }
        }
        "<Init>" if rng.bool() => tag = "Max OID".into(),
        // The server would have none of these.
        "DATABASE" | "DATABASE PROPERTIES" if rng.u8(0..10) > 0 => {
            tag.retain(|byte| !b"\r\n".contains(byte))
        }
        _ => {}
    }
    let text = |rng: &mut Rng| (rng.u8(0..4) > 0).then(|| BString::from(*choose(rng, NAMES)));
    let drop = drop_statement(rng, descriptor);
    let is_partitioned = descriptor == "TABLE" && rng.bool();
    let owner = text(rng);
    let rarely_owned = WITHOUT_OWNER.contains(&descriptor) && rng.u8(0..20) > 0;
    Entry {
        dump_id,
        had_dumper: is_data,
        catalog_id: CatalogId {
            tableoid: rng.u32(..),
            oid: rng.u32(..),
        },
        tag: Some(tag),
        descriptor: descriptor.into(),
        section: *choose(
            rng,
            &[
                Section::None,
                Section::PreData,
                Section::Data,
                Section::PostData,
            ],
        ),
        definition,
        drop: drop.filter(|_| !rarely_owned),
        copy: text(rng)
            .map(|_| "COPY public.a FROM stdin;\n".into())
            .filter(|_| is_data),
        namespace: text(rng),
        tablespace: text(rng),
        table_am: text(rng),
        relkind: if is_partitioned { b'p' } else { 0 },
        owner,
        dependencies,
    }
}

fn definition(rng: &mut Rng, descriptor: &str) -> Option<BString> {
    let text = match descriptor {
        "ENCODING" => *choose(
            rng,
            &[
                "SET client_encoding = 'UTF8';\n",
                "'utf-8'",
                "'latin 1'",
                "'SJIS'",
                "'Big5'",
                "'sql_ascii'",
            ],
        ),
        "STDSTRINGS" => *choose(
            rng,
            &[
                "SET standard_conforming_strings = 'on';\n",
                "x 'off'",
                "'on'",
            ],
        ),
        "SEARCHPATH" => "SELECT pg_catalog.set_config('search_path', '', false);\n",
        "BLOB METADATA" => *choose(rng, &["1\n2\n3\n", "4", "\n", "5\n6"]),
        "SCHEMA" => *choose(
            rng,
            &[
                "CREATE SCHEMA a AUTHORIZATION b;\n",
                "-- *not* creating schema\n",
            ],
        ),
        "TABLE DATA" => *choose(rng, &["-- load via partition root a.b", "", "SELECT 1;\n"]),
        _ => *choose(
            rng,
            &[
                "",
                "CREATE a;\n",
                "CREATE a;\nALTER b;\n;;",
                "caf\u{e9}; \"a;\"\n\n",
            ],
        ),
    };
    // What must say something, says it.
    let must = [
        "ENCODING",
        "STDSTRINGS",
        "SEARCHPATH",
        "BLOB METADATA",
        "SCHEMA",
    ]
    .contains(&descriptor);
    (must || rng.u8(0..5) > 0).then(|| text.into())
}

fn drop_statement(rng: &mut Rng, descriptor: &str) -> Option<BString> {
    let usual = format!("DROP {descriptor} a.b;\n");
    let statement = match rng.u8(0..8) {
        0 => return None,
        1 => "",
        2 => "ALTER TABLE ONLY a.b DROP CONSTRAINT c;\n",
        3 => "ALTER TABLE a.b ALTER COLUMN c DROP DEFAULT;\n",
        4 => "CREATE OR REPLACE VIEW a.b AS SELECT 1;\n",
        5 => "-- nothing",
        _ => &usual,
    };
    // Stock takes the owner's object from behind the word, whatever the word is.
    let named_by_it = ["AGGREGATE", "FUNCTION", "PROCEDURE"].contains(&descriptor)
        || descriptor.starts_with("OPERATOR");
    Some(
        if named_by_it {
            usual
        } else {
            statement.to_owned()
        }
        .into(),
    )
}

fn options(rng: &mut Rng, entries: &[Entry], list: &Path) -> Result<Vec<String>> {
    const PLAIN: &[&str] = &[
        "-a",
        "-s",
        "-c",
        "-c",
        "-C",
        "-C",
        "-O",
        "-x",
        "-v",
        "-1",
        "--if-exists",
        "--transaction-size=1",
        "--transaction-size=2",
        "--transaction-size=5",
        "--section=pre-data",
        "--section=data",
        "--section=post-data",
        "--no-data",
        "--no-schema",
        "--no-statistics",
        "--statistics",
        "--statistics-only",
        "--disable-triggers",
        "-Ssuper",
        "--enable-row-security",
        "--role=Odd role",
        "--use-set-session-authorization",
        "--use-set-session-authorization",
        "--no-comments",
        "--no-policies",
        "--no-publications",
        "--no-subscriptions",
        "--no-security-labels",
        "--no-tablespaces",
        "--no-table-access-method",
        "--strict-names",
    ];
    let mut words: Vec<String> = (0..rng.usize(0..6))
        .map(|_| (*choose(rng, PLAIN)).to_owned())
        .collect();
    // Most sets of options ought to be such as are taken.
    if words.iter().any(|word| word == "--if-exists") && rng.u8(0..10) > 0 {
        words.push("-c".into());
    }
    for option in ["-n", "-N", "-t", "-I", "-P", "-T"] {
        while rng.u8(0..6) == 0 {
            let name = choose(rng, entries);
            let name = if rng.bool() {
                &name.tag
            } else {
                &name.namespace
            };
            let name = name
                .as_ref()
                .and_then(|name| std::str::from_utf8(name).ok())
                .unwrap_or("a");
            // getopt takes the next word for the name where there is none.
            if !name.is_empty() {
                words.push(format!("{option}{name}"));
            }
        }
    }
    if rng.u8(0..4) == 0 {
        let mut lines: Vec<_> = entries
            .iter()
            .map(|entry| format!("{}; {}\n", entry.dump_id, entry.descriptor))
            .collect();
        rng.shuffle(&mut lines);
        lines.truncate(rng.usize(1..=lines.len()));
        if rng.u8(0..4) == 0 {
            lines.insert(
                0,
                (*choose(rng, &["x\n", "1\n", " 2 3;\n", "-1", "4294967297\n"])).into(),
            );
        }
        fs::write(list, lines.concat())?;
        words.push(format!("-L{}", list.display()));
    }
    // With strict names, stock does not find what is asked for twice.
    words.sort();
    words.dedup();
    Ok(words)
}

fn choose<'a, T>(rng: &mut Rng, from: &'a [T]) -> &'a T {
    &from[rng.usize(..from.len())]
}
