//! Memory stays within its bound, and threads of the runtime are not needed.

use std::io::{self, Write};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Compression, CreationTime, Dump};
use pgdumprs_testkit::for_each_major;

use crate::{PART, Slow, database, dump_with};

/// Little memory, a slow writer and many connections: everybody waits for everybody, and nobody for ever. What comes out is what
/// comes out otherwise.
#[test]
fn little_memory_and_a_slow_writer_change_nothing() {
    for_each_major(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.dump");
        dump_with(&database, &path, 2, |dump| {
            dump.compression(Compression::None)
        })?;
        let dump = Dump::new(&database.conninfo())?
            .jobs(8)
            .memory(16 << 20)
            .part_bytes(PART)
            .created(CreationTime::default())
            .compression(Compression::None);
        // A pool of one thread is the least there is, and the runtime's own tasks may need it.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .max_blocking_threads(1)
            .enable_all()
            .build()?;
        let (Slow(written), _) = runtime.block_on(dump.to_std_writer(Slow(Vec::new())))?;
        let expected = std::fs::read(&path).context("reading the archive")?;
        // Offsets are patched into the file and not into the stream, in as many bytes.
        ensure!(
            written.len() == expected.len(),
            "{} bytes, not {}",
            written.len(),
            expected.len()
        );
        let differing = written
            .iter()
            .zip(&expected)
            .filter(|(a, b)| a != b)
            .count();
        ensure!(differing < 9 * 200, "{differing} bytes differ");
        Ok(())
    });
}

/// A writer that fails ends the dump with its error, with whatever number of connections.
#[test]
fn a_writer_that_fails_ends_the_dump() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self
                .0
                .checked_sub(bytes.len())
                .ok_or_else(|| io::Error::other("no space left in the test"))?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for_each_major(|server| {
        let database = database(server);
        for room in [0, 100_000, 3_000_000] {
            let dump = Dump::new(&database.conninfo())?
                .jobs(4)
                .part_bytes(PART)
                .compression(Compression::None);
            let result: Result<_, pgdumprs::Error> =
                tokio::runtime::Runtime::new()?.block_on(dump.to_std_writer(Full(room)));
            let error = result.err().context("the dump succeeds")?;
            let text = format!("{:#}", anyhow::Error::new(error));
            ensure!(text.contains("no space left in the test"), "{text}");
        }
        Ok(())
    });
}
