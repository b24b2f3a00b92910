//! Asking for a password that nothing has provided.

use std::fmt;
use std::io;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::session::target::Target;

/// What a password is asked for.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct PasswordRequest {
    /// The server that wants it, and the user to prove.
    pub target: Target,
    /// Why a password file that is there was not used.
    pub note: Option<String>,
}

type Ask = dyn Fn(&PasswordRequest) -> io::Result<String> + Send + Sync;

/// Someone to ask for a password.
#[derive(Clone)]
pub(crate) struct PasswordSource(Arc<Ask>);

impl PasswordSource {
    pub(crate) fn new(
        ask: impl Fn(&PasswordRequest) -> io::Result<String> + Send + Sync + 'static,
    ) -> Self {
        PasswordSource(Arc::new(ask))
    }

    /// Asks, without blocking the executor.
    ///
    /// A thread of its own rather than the executor's pool: nothing ends a person's thinking, and a runtime waits for the
    /// threads of its pool before it ends.
    pub(crate) async fn ask(&self, request: PasswordRequest) -> io::Result<String> {
        let (answer, answered) = oneshot::channel();
        let ask = self.0.clone();
        std::thread::Builder::new()
            .name("password".into())
            .spawn(move || {
                // Nobody is there for the answer where the connection was given up meanwhile.
                let _ = answer.send(ask(&request));
            })?;
        answered
            .await
            .unwrap_or_else(|_| Err(io::Error::other("asking for it ended without an answer")))
    }
}

impl PartialEq for PasswordSource {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for PasswordSource {}

impl fmt::Debug for PasswordSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordSource")
    }
}
