//! Steps over several connections, as soon as what they wait for has ended.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use pgdumprs_connect::Session;
use pgdumprs_script::{Parts, Session as Told};
use tokio::sync::Notify;
use tokio::task::{JoinError, JoinSet};

use super::Crew;
use crate::Error;
use crate::graph::Graph;
use crate::load::feed::BoxedFeeder;
use crate::schedule::{Next, Schedule};
use crate::worker::{AHEAD, Worker};

/// The steps that several connections do.
struct Shift {
    schedule: Mutex<Schedule>,
    /// The nodes of steps.
    nodes: HashMap<usize, usize>,
    /// The archive's sizes show only when it is read.
    is_read_once: bool,
    /// Data comes from another server.
    is_far: bool,
    /// Something has ended.
    changed: Notify,
}

impl Shift {
    fn lock(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A node that a connection was given, with its step. Where data is far away, others come with it that the connection can do as well, so that
    /// their rows can be asked for together.
    fn with_more(&self, connection: usize, node: usize) -> Vec<(usize, usize)> {
        let mut schedule = self.lock();
        let mut nodes = vec![node];
        while self.is_far && nodes.len() < AHEAD {
            match schedule.take(connection) {
                Next::Node(node) => nodes.push(node),
                Next::Wait | Next::Over => break,
            }
        }
        let with_step = |node| Some((node, schedule.step(node)?));
        nodes.into_iter().filter_map(with_step).collect()
    }

    fn end(&self, connection: usize, steps: &[usize]) {
        let mut schedule = self.lock();
        for node in steps.iter().filter_map(|step| self.nodes.get(step)) {
            schedule.end(connection, *node);
        }
        drop(schedule);
        if !steps.is_empty() {
            self.changed.notify_waiters();
        }
    }
}

impl Crew {
    /// How many connections may have something to do at the same time: one for each step, or all where several load one table.
    fn wanted_connections(&self, steps: &[usize]) -> usize {
        let may_be_shared = |&step: &usize| {
            let step = &self.script.steps()[step];
            let entry = self.script.entry(step);
            entry.descriptor == "TABLE DATA"
                && step.parts.contains(Parts::DATA)
                && self
                    .rules
                    .shared_from
                    .is_some_and(|from| self.source.may_be_shared(entry.dump_id, from))
        };
        match steps.iter().any(may_be_shared) {
            true => self.jobs,
            false => self.jobs.min(steps.len()),
        }
    }

    /// Does the steps at these positions, in the order that their dependencies and sizes give.
    pub(super) async fn parallel<'s>(
        self: &'s Arc<Self>,
        leader: &mut Session,
        told: Told<'s>,
        feeder: BoxedFeeder,
        steps: &[usize],
    ) -> Result<(Told<'s>, BoxedFeeder), Error> {
        let steps = &self.open(steps);
        if steps.is_empty() || self.ledger.is_held() {
            return Ok((told, feeder));
        }
        let graph = Graph::new(&self.script, steps, &self.source);
        let nodes = graph.nodes.iter().enumerate();
        let nodes = nodes
            .filter_map(|(node, of)| Some((of.step?, node)))
            .collect();
        let shift = Arc::new(Shift {
            schedule: Mutex::new(Schedule::new(graph, self.jobs)),
            nodes,
            is_read_once: self.source.is_read_once(),
            is_far: self.source.is_server(),
            changed: Notify::new(),
        });
        // What is still under way in this set when this function ends, ends with it.
        let mut others = JoinSet::new();
        for connection in 1..self.wanted_connections(steps) {
            let opening = leader.another();
            others.spawn(follow(
                Arc::clone(self),
                Arc::clone(&shift),
                connection,
                opening,
            ));
        }
        let mut worker = self.worker(leader, told, feeder)?;
        let mut leading = pin!(async {
            work(&shift, 0, &mut worker).await?;
            Ok(worker.into_parts())
        });
        let mut led = None;
        // The first connection that was lost. What is under way over the others comes to its end.
        let mut lost = None;
        while led.is_none() || !others.is_empty() {
            let ended = tokio::select! {
                parts = &mut leading, if led.is_none() => match parts {
                    Ok(parts) => {
                        led = Some(Some(parts));
                        Ok(())
                    }
                    Err(error) => {
                        led = Some(None);
                        Err(error)
                    }
                },
                Some(followed) = others.join_next() => match followed.map_err(JoinError::try_into_panic) {
                    Ok(followed) => followed,
                    Err(Ok(panic)) => std::panic::resume_unwind(panic),
                    // The runtime ends, and this future with it.
                    Err(Err(_)) => std::future::pending().await,
                },
            };
            if let Err(error) = ended {
                if !self.can_go_on_after(&error) {
                    return Err(error);
                }
                self.ledger.interrupt();
                shift.changed.notify_waiters();
                lost.get_or_insert(error);
            }
        }
        match (led.flatten(), lost) {
            (_, Some(error)) => Err(error),
            (Some(parts), None) => Ok(parts),
            (None, None) => unreachable!("a leader without an end has lost its connection"),
        }
    }
}

/// Opens another connection and works over it.
async fn follow(
    crew: Arc<Crew>,
    shift: Arc<Shift>,
    connection: usize,
    opening: impl Future<Output = Result<Session, pgdumprs_connect::Error>>,
) -> Result<(), Error> {
    let mut session = match opening.await {
        Ok(session) => session,
        Err(error) => {
            crew.ledger.fewer_connections(error.with_causes());
            return Ok(());
        }
    };
    crew.note_process(&mut session).await?;
    let mut worker = crew.worker(&mut session, crew.script.session(), crew.feeder())?;
    worker.begin().await?;
    work(&shift, connection, &mut worker).await?;
    drop(worker);
    crew.check_committed(&session)?;
    session.close().await;
    Ok(())
}

/// Takes what is to be done next until all is.
async fn work(shift: &Shift, connection: usize, worker: &mut Worker<'_, '_>) -> Result<(), Error> {
    loop {
        // Whatever ends from here on is heard of.
        let mut changed = pin!(shift.changed.notified());
        changed.as_mut().enable();
        let mut opened = pin!(worker.help_is_wanted());
        opened.as_mut().enable();
        shift.end(connection, &worker.take_ended());
        if worker.is_held() {
            break;
        }
        let next = shift.lock().take(connection);
        match next {
            Next::Over => break,
            Next::Node(node) => {
                let nodes = shift.with_more(connection, node);
                let steps: Vec<usize> = nodes.iter().map(|(_, step)| *step).collect();
                for (at, &(node, step)) in nodes.iter().enumerate() {
                    worker.look_ahead(&steps[at..])?;
                    worker.perform(step).await?;
                    let bytes = worker.take_bytes();
                    if shift.is_read_once {
                        shift.lock().weigh(node, bytes);
                    }
                    shift.end(connection, &worker.take_ended());
                    if worker.is_held() {
                        break;
                    }
                }
            }
            Next::Wait if worker.under_way() > 0 => worker.wait().await?,
            // The others may wait for its locks, and it for them.
            Next::Wait if worker.is_left_in_transaction() => return Err(Error::LeftOpen),
            Next::Wait => match worker.table_to_help_with() {
                Some(table) => worker.help(&table).await?,
                None => tokio::select! {
                    () = changed => {}
                    () = opened => {}
                },
            },
        }
    }
    worker.finish().await?;
    shift.end(connection, &worker.take_ended());
    shift.changed.notify_waiters();
    Ok(())
}
