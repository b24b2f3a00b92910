//! What a connection has locked to read a table, and how it lets go of it.
//!
//! The leader holds the locks of all tables to the end. What reading one locks beside that is needed for as long as it is read: a follower's
//! own lock of the table, and the indexes that the server looks at to plan a SELECT. Kept, they would fill the server's lock table, which all
//! sessions share and whose end they all meet. So tables are read behind a savepoint: to go back to it releases all locks taken since, and
//! leaves the snapshot and the settings of the transaction.

use bstr::BString;
use pgdumprs_connect::{Error, Session};

use crate::plan::{Extent, Part, Plan, table_statement};
use crate::{Format, Work};

const SAVE: &[u8] = b"SAVEPOINT pgdumprs_table; ";
const GO_BACK: &[u8] = b"ROLLBACK TO SAVEPOINT pgdumprs_table; ";

/// The locks that a connection's transaction holds behind the savepoint, when all that was sent has been done.
pub(crate) struct Locks {
    follows: bool,
    behind: Behind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    /// There is no savepoint yet.
    Unsaved,
    Nothing,
    /// Those of a job's table.
    Table(usize),
    /// The transaction may have failed since.
    Failure,
}

impl Locks {
    /// Those of the leader, who has locked all tables.
    pub(crate) fn of_leader() -> Self {
        let (follows, behind) = (false, Behind::Unsaved);
        Self { follows, behind }
    }

    /// Those of a follower, who has locked nothing.
    pub(crate) fn of_follower() -> Self {
        let (follows, behind) = (true, Behind::Unsaved);
        Self { follows, behind }
    }

    /// Reads over what a follower has sent ahead and has been left to the leader: statements that failed with the transaction, and the rows of
    /// those that began by undoing the failure. Whether the session can go on then.
    pub(crate) async fn pass_over_sent(&mut self, session: &mut Session) -> bool {
        loop {
            match session.next_copy_out().await {
                Ok(None) => {
                    self.behind = Behind::Failure;
                    return true;
                }
                Ok(Some(mut copy)) => while let Ok(Some(_)) = copy.next().await {},
                Err(Error::Statement { .. }) => {}
                Err(_) => return false,
            }
        }
    }

    /// What reads a part of a table in one message: lets go of another table, locks this one and copies.
    ///
    /// Parts of a table that follow one another keep its lock: otherwise, whoever queues up for a large table in the midst of it would leave
    /// all of the rest to the leader.
    pub(crate) fn read_table(&mut self, plan: &Plan, part: &Part, format: Format) -> BString {
        let Work::Table(table) = &plan.jobs[part.job].work else {
            unreachable!("large objects are not locked");
        };
        let is_planned = matches!(part.extent, Extent::Pages(..));
        let mut sql = if self.follows || is_planned {
            self.turn_to(Some(part.job))
        } else {
            self.turn_to(None)
        };
        if self.follows {
            sql.extend_from_slice(b"LOCK TABLE ONLY ");
            sql.extend_from_slice(&table.name);
            sql.extend_from_slice(b" IN ACCESS SHARE MODE NOWAIT; ");
        }
        sql.extend_from_slice(&table_statement(table, &part.extent, format));
        sql
    }

    /// What reads large objects in one message, which lets go of the table before.
    pub(crate) fn read_large_objects(&mut self, statement: &[u8]) -> BString {
        let mut sql = self.turn_to(None);
        sql.extend_from_slice(statement);
        sql
    }

    /// What has to be said before a job's table is locked behind the savepoint, or before something else is read.
    fn turn_to(&mut self, job: Option<usize>) -> BString {
        let behind = match (self.behind, job) {
            (Behind::Unsaved, None) => Behind::Unsaved,
            (_, None) => Behind::Nothing,
            (_, Some(job)) => Behind::Table(job),
        };
        let before = std::mem::replace(&mut self.behind, behind);
        let said = match before {
            _ if before == behind => b"".as_slice(),
            Behind::Unsaved => SAVE,
            Behind::Nothing => b"",
            Behind::Table(_) | Behind::Failure => GO_BACK,
        };
        said.into()
    }
}
