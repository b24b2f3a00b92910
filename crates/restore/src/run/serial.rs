//! Steps one behind the other over one connection.

use bstr::ByteSlice;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_script::{Command, Session as Told};

use super::Crew;
use crate::Error;
use crate::load::feed::BoxedFeeder;
use crate::worker::{AHEAD, Turn, Worker};

impl Crew {
    /// Does the steps at these positions, in order. Where one goes into another database, `session` becomes one with that.
    pub(super) async fn serial<'s>(
        &'s self,
        session: &mut Session,
        params: &ConnectParams,
        mut told: Told<'s>,
        mut feeder: BoxedFeeder,
        steps: &[usize],
        begins: bool,
    ) -> Result<(Told<'s>, BoxedFeeder), Error> {
        let steps = self.open(steps);
        let mut steps = steps.as_slice();
        let mut left: Option<(usize, Vec<Command<'s>>)> = None;
        let mut begins = begins;
        loop {
            let mut worker = self.worker(session, told, feeder)?;
            if std::mem::take(&mut begins) {
                worker.begin().await?;
            }
            let mut turn = None;
            while turn.is_none() && !worker.is_held() {
                let next = match left.take() {
                    Some((step, commands)) => {
                        worker.set_own().await?;
                        Some((step, worker.go_on(step, commands).await?))
                    }
                    None => {
                        let Some((&step, rest)) = steps.split_first() else {
                            break;
                        };
                        worker.look_ahead(&steps[..steps.len().min(AHEAD)])?;
                        steps = rest;
                        Some((step, worker.perform(step).await?))
                    }
                };
                if let Some((step, Turn::Database(database, commands))) = next {
                    turn = Some((step, database, commands));
                }
            }
            worker.finish().await?;
            (told, feeder) = worker.into_parts();
            let Some((step, database, commands)) = turn else {
                return Ok((told, feeder));
            };
            let opened = open(params, session, &database.to_str_lossy()).await;
            let other = opened.map_err(|source| Error::Database { database, source })?;
            std::mem::replace(session, other).close().await;
            self.stay_at(session).await?;
            self.note_process(session).await?;
            left = Some((step, commands));
        }
    }

    /// Says what comes after the last step.
    pub(super) async fn finish<'s>(
        &'s self,
        session: &mut Session,
        (told, feeder): (Told<'s>, BoxedFeeder),
    ) -> Result<(), Error> {
        let mut worker = self.worker(session, told, feeder)?;
        if !worker.is_held() {
            worker.end().await?;
        }
        Ok(())
    }

    /// A worker on a session.
    pub(super) fn worker<'s, 'p>(
        &'s self,
        session: &'p mut Session,
        told: Told<'s>,
        feeder: BoxedFeeder,
    ) -> Result<Worker<'s, 'p>, Error> {
        let pipeline = session.statements(self.window);
        let pipeline = pipeline.map_err(|source| Error::Connection {
            entry: None,
            source,
        })?;
        Ok(Worker::new(
            self.task(),
            told,
            pipeline.copies_apart(self.is_pooled),
            feeder,
        ))
    }
}

/// Opens a session with another database of the server that this one is of: where several were given, only that has it.
pub(super) async fn open(
    params: &ConnectParams,
    session: &Session,
    database: &str,
) -> Result<Session, pgdumprs_connect::Error> {
    let mut there = session.at_same_server(params);
    // Its name, whatever that looks like: it was read in the archive, and nobody has given it in another's place.
    there.set_dbname(database);
    Session::connect(&there).await
}
