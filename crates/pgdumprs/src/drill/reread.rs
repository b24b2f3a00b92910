//! The archive's rows, loaded beside those that were restored: for tables whose text is not the same.
//!
//! The text of a value depends on settings that an archive does not tell: the time zone of whoever dumped it, digits of numbers, a currency. Where the
//! server reads both texts as the same values, it writes them alike.

use bstr::BString;
use pgdumprs_archive::Block;
use pgdumprs_connect::{ConnectParams, Error, Session};
use tokio::sync::mpsc;

use super::compare::{self, Restored};
use crate::failure_line::with_causes;
use crate::{ArchiveSource, Checksum};

/// Bytes read together, and how many pieces of them may wait.
const ROOM: usize = 64 * 1024;
const WAITING: usize = 8;

/// What is loaded again.
pub(super) struct Reread<'a> {
    pub(super) params: &'a ConnectParams,
    pub(super) archive: &'a ArchiveSource,
    pub(super) encoding: Option<&'a str>,
    /// The entries, and the columns of each, in parentheses.
    pub(super) entries: &'a [(i32, BString)],
    pub(super) table: &'a BString,
    pub(super) columns: &'a BString,
}

impl Reread<'_> {
    /// The sums of the archive's rows and of those in the table, both as this server writes them.
    pub(super) async fn run(&self) -> Result<(Checksum, Checksum), String> {
        let mut session = Session::connect(self.params)
            .await
            .map_err(|error| with_causes(&error))?;
        let sums = self.load(&mut session).await;
        // The temporary table is gone with the session.
        session.close().await;
        sums
    }

    async fn load(&self, session: &mut Session) -> Result<(Checksum, Checksum), String> {
        let of_server = |error: Error| with_causes(&error);
        let encoding =
            pgdumprs_sql::literal(self.encoding.unwrap_or("UTF8"), session.client_encoding());
        let restored = Restored::find(session, self.table, self.columns)
            .await
            .map_err(of_server)?;
        let table = restored.query();
        let again = BString::from("pg_temp.pgdumprs_again");
        session
            .pipeline(&[
                &b"SET search_path = pg_catalog"[..],
                b"SET datestyle = ISO",
                b"SET intervalstyle = postgres",
                b"SET extra_float_digits = 3",
                b"SET row_security = off",
                &[b"SET client_encoding = ", encoding.as_slice()].concat(),
                &[
                    b"CREATE TEMPORARY TABLE pgdumprs_again AS ",
                    &table[..],
                    b" LIMIT 0",
                ]
                .concat(),
            ])
            .await
            .map_err(of_server)?;
        for (dump_id, columns) in self.entries {
            let mut pieces = read(self.archive, *dump_id);
            let copy = [b"COPY ", again.as_slice(), b" ", columns, b" FROM STDIN"].concat();
            let mut copy = session.copy_in(&copy).await.map_err(of_server)?;
            while let Some(piece) = pieces.recv().await {
                match piece {
                    Ok(bytes) => copy.send(&bytes).await.map_err(of_server)?,
                    Err(error) => {
                        let _ = copy.fail("the archive could not be read").await;
                        return Err(with_causes(&error));
                    }
                }
            }
            copy.finish().await.map_err(of_server)?;
        }
        let loaded = Restored::find(session, &again, self.columns)
            .await
            .map_err(of_server)?;
        let loaded = loaded.query();
        let archived = compare::sum(session, &loaded).await.map_err(of_server)?;
        let restored = compare::sum(session, &table).await.map_err(of_server)?;
        Ok((archived, restored))
    }
}

/// Reads the rows of an entry in a thread of its own.
fn read(
    archive: &ArchiveSource,
    dump_id: i32,
) -> mpsc::Receiver<Result<Vec<u8>, pgdumprs_archive::Error>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let archive = archive.clone();
    tokio::task::spawn_blocking(move || {
        let send = |piece| sender.blocking_send(piece).is_ok();
        let read = || {
            let mut reader = archive.open()?;
            let Block::Data(block) = reader.block(dump_id)? else {
                return Ok(());
            };
            let mut rows = block.into_rows();
            let mut buffer = vec![0; ROOM];
            loop {
                match rows.read_data(&mut buffer)? {
                    0 => return Ok(()),
                    count if !send(Ok(buffer[..count].to_vec())) => return Ok(()),
                    _ => {}
                }
            }
        };
        if let Err(error) = read() {
            send(Err(error));
        }
    });
    receiver
}
