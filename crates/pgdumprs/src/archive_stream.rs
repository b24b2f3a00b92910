//! An archive as a stream of bytes.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use futures_core::stream::FusedStream;
use tokio::task::JoinSet;
use tracing::Instrument;

use crate::pipe::{PipeReader, pipe};
use crate::{Dump, Error, Report};

/// The bytes of an archive that is being made: see [`Dump::to_stream`].
///
/// An error is the last item. Dropping the stream cancels the dump.
pub struct ArchiveStream {
    /// Until somebody asks for something.
    dump: Option<Box<Dump>>,
    /// Until it has ended. The set holds the dump's task, and ends it when it is dropped.
    running: Option<(PipeReader, JoinSet<Result<Report, Error>>)>,
    report: Option<Report>,
}

impl ArchiveStream {
    pub(crate) fn new(dump: Dump) -> Self {
        Self {
            dump: Some(Box::new(dump)),
            running: None,
            report: None,
        }
    }

    /// What the dump came to, when the stream has ended well.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Error>> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        if let Some(dump) = self.dump.take() {
            self.running = Some(start(*dump));
        }
        let Some((reader, task)) = &mut self.running else {
            return Poll::Ready(None);
        };
        if let Some(piece) = ready!(reader.poll_next(context)) {
            return Poll::Ready(Some(Ok(piece)));
        }
        let ended = ready!(task.poll_join_next(context));
        self.running = None;
        Poll::Ready(match ended {
            Some(Ok(Ok(report))) => {
                self.report = Some(report);
                None
            }
            Some(Ok(Err(error))) => Some(Err(error)),
            Some(Err(error)) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Some(Err(Error::RuntimeEnded)),
            },
            None => None,
        })
    }
}

/// Starts the dump in a task of its own, so that it reads on while its pieces wait.
fn start(mut dump: Dump) -> (PipeReader, JoinSet<Result<Report, Error>>) {
    let (writer, reader) = pipe();
    let mut task = JoinSet::new();
    let dumping = async move {
        dump.check(true)?;
        let begin = dump.beginning();
        let (_, report) = dump.run(move |contents| begin.on(writer, contents)).await?;
        Ok(report)
    };
    task.spawn(dumping.instrument(tracing::info_span!("dump")));
    (reader, task)
}

impl Stream for ArchiveStream {
    type Item = Result<Bytes, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl FusedStream for ArchiveStream {
    fn is_terminated(&self) -> bool {
        self.dump.is_none() && self.running.is_none()
    }
}

impl fmt::Debug for ArchiveStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveStream")
            .field("dump", &self.dump)
            .field("is_running", &self.running.is_some())
            .field("report", &self.report)
            .finish()
    }
}
