//! What happens during a dump, as a stream.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use crate::Event;
use crate::watch::Watcher;

/// The events of a dump, for a task of its own: see [`Dump::events`](crate::Dump::events).
///
/// The dump never waits for whoever takes them. Those that nobody has taken wait, a few for each table; of several
/// [`Event::Progress`] in a row only the last does. The stream ends when the dump has ended, whether well or not.
#[derive(Debug)]
pub struct Events(Arc<Queue>);

#[derive(Debug, Default)]
struct Queue(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Event>,
    waker: Option<Waker>,
    /// Nothing more will come.
    ended: bool,
    /// Nobody will take anything.
    dropped: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that events are put in at.
struct Sender(Arc<Queue>);

impl Sender {
    fn send(&self, event: Event) {
        let mut state = self.0.lock();
        if state.dropped {
            return;
        }
        match (state.waiting.back_mut(), event) {
            (Some(last @ Event::Progress(_)), event @ Event::Progress(_)) => *last = event,
            (_, event) => state.waiting.push_back(event),
        }
        wake(state);
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.ended = true;
        wake(state);
    }
}

/// Wakes whoever waits, without the lock that it will want.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.waker.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Events {
    /// A watcher, and the events that it will see.
    pub(crate) fn new() -> (Watcher, Self) {
        let queue = Arc::new(Queue::default());
        let sender = Sender(Arc::clone(&queue));
        (Box::new(move |event| sender.send(event)), Self(queue))
    }

    /// The next event, when there is one; `None` when the dump has ended.
    pub async fn next(&mut self) -> Option<Event> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let mut state = self.0.lock();
        if let Some(event) = state.waiting.pop_front() {
            return Poll::Ready(Some(event));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Stream for Events {
    type Item = Event;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.get_mut().poll(context)
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.dropped = true;
        state.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Progress;

    fn progress(raw_bytes: u64) -> Event {
        Event::Progress(Progress {
            raw_bytes,
            ..Progress::default()
        })
    }

    #[tokio::test]
    async fn events_come_in_order_and_progress_does_not_pile_up() {
        let (mut watcher, mut events) = Events::new();
        watcher(Event::ReadingCatalogs);
        for bytes in 1..1000 {
            watcher(progress(bytes));
        }
        watcher(Event::Syncing);
        watcher(progress(1000));
        assert_eq!(events.0.lock().waiting.len(), 4);
        assert_eq!(events.next().await, Some(Event::ReadingCatalogs));
        assert_eq!(events.next().await, Some(progress(999)));
        assert_eq!(events.next().await, Some(Event::Syncing));
        assert_eq!(events.next().await, Some(progress(1000)));
        drop(watcher);
        assert_eq!(events.next().await, None);
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_by_an_event_and_by_the_end() {
        let (mut watcher, mut events) = Events::new();
        let waiting = tokio::spawn(async move { (events.next().await, events.next().await) });
        tokio::task::yield_now().await;
        watcher(Event::Syncing);
        tokio::task::yield_now().await;
        drop(watcher);
        assert_eq!(waiting.await.unwrap(), (Some(Event::Syncing), None));
    }

    #[test]
    fn nothing_is_kept_for_nobody() {
        let (mut watcher, events) = Events::new();
        watcher(Event::Syncing);
        let queue = Arc::clone(&events.0);
        drop(events);
        watcher(Event::Syncing);
        assert!(queue.lock().waiting.is_empty());
    }
}
