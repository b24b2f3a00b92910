//! Many connections into one file: the same bytes whatever their number, and what stock pg_restore makes of them.

mod bounds;
mod cutting;
mod files;
mod locks;
mod methods;
mod others;

use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use pgdumprs::{Compression, CreationTime, Dump, Event, Report};
use pgdumprs_testkit::{Database, Server};

/// Bytes of a part: small, so that tables of a few MB have many.
const PART: u64 = 128 * 1024;

/// A database with tables of many parts, and what else there is to data.
fn database(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(
        r"CREATE TABLE narrow (id integer, amount numeric, at timestamptz);
          INSERT INTO narrow SELECT g, g * 1.25, '2024-02-29 12:00+00'::timestamptz + g * interval '1 s' FROM generate_series(1, 30000) g;
          -- Rows that are gone and rows that stand elsewhere than where they were.
          DELETE FROM narrow WHERE id % 7 = 0;
          UPDATE narrow SET amount = -amount WHERE id % 11 = 0;
          ALTER TABLE narrow DROP COLUMN at, ADD COLUMN note text DEFAULT E'tab\tand \\.', ADD COLUMN twice numeric GENERATED ALWAYS AS (amount * 2) STORED;
          CREATE TABLE toasted (id integer, plain text, packed text);
          ALTER TABLE toasted ALTER plain SET STORAGE EXTERNAL;
          INSERT INTO toasted SELECT g, repeat(md5(g::text), 150), repeat('packed ' || g, 3000) FROM generate_series(1, 300) g;
          -- A value far longer than a part, in between.
          UPDATE toasted SET plain = repeat('long', 200000) WHERE id = 150;
          CREATE TABLE parted (id integer, t text) PARTITION BY RANGE (id);
          CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (20000);
          CREATE TABLE parted_2 (t text, dropped bytea, id integer);
          ALTER TABLE parted_2 DROP COLUMN dropped;
          ALTER TABLE parted ATTACH PARTITION parted_2 FOR VALUES FROM (20000) TO (30000);
          INSERT INTO parted SELECT g, md5(g::text) FROM generate_series(12000, 27999) g;
          CREATE TABLE heir (more integer) INHERITS (narrow);
          INSERT INTO heir (id, amount, more) SELECT g, g, g FROM generate_series(1, 20000) g;
          CREATE TABLE without_columns ();
          INSERT INTO without_columns SELECT FROM generate_series(1, 1000);
          CREATE TABLE empty (id integer);
          DO $$ BEGIN
              FOR i IN 1..80 LOOP
                  EXECUTE format('CREATE TABLE %I AS SELECT g FROM generate_series(1, %s) g', 'Small ' || i, i % 5);
              END LOOP;
          END $$;
          SELECT lo_from_bytea(100000 + g, convert_to(repeat('x' || g, g % 300), 'UTF8')) FROM generate_series(0, 600) g;
          SELECT lo_from_bytea(200000, decode(repeat(md5('long'), 50000), 'hex'));",
    );
    database
}

/// Dumps with parts that are small and a time that is fixed; returns what was warned of as well.
fn dump_with(
    database: &Database,
    path: &Path,
    jobs: usize,
    change: impl FnOnce(Dump) -> Dump,
) -> Result<(Report, Vec<String>)> {
    let (sender, warnings) = std::sync::mpsc::channel();
    let dump = Dump::new(&database.conninfo())?
        .jobs(jobs)
        .part_bytes(PART)
        .created(CreationTime::default())
        .watch(move |event| {
            if let Event::Warning(warning) = event {
                // The receiver lives as long as the dump.
                let _ = sender.send(warning);
            }
        });
    let report = tokio::runtime::Runtime::new()?
        .block_on(change(dump).to_file(path))
        .context("dumping with pgdumprs")?;
    Ok((report, warnings.into_iter().collect()))
}

/// A writer that takes its time, as a slow disk does.
struct Slow<W>(W);

impl<W: Write> Write for Slow<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        std::thread::sleep(Duration::from_millis(2));
        self.0.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// All methods.
const METHODS: [Compression; 5] = [
    Compression::None,
    Compression::GZIP,
    Compression::LZ4,
    Compression::ZSTD,
    Compression::Zstd {
        level: 1,
        long: true,
    },
];
