//! A server of a few lines for unit tests: it says what the test tells it to, whatever the client
//! sends.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc;

use crate::parameters::ConnectParams;
use crate::parameters::plan::Plan;
use crate::session::attempt::Route;
use crate::session::cancel::CancelToken;
use crate::session::{ServerState, Session};
use crate::wire::Wire;
use crate::wire::protocol::CancelKey;
use crate::wire::transport::Address;

/// A message as it goes over the wire.
pub(crate) fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}

/// The server's end of a pipe.
pub(crate) struct FakeServer {
    words: Option<mpsc::UnboundedSender<Vec<u8>>>,
    client: Option<DuplexStream>,
}

impl FakeServer {
    /// Starts a server that passes its words on in small pieces and swallows what the client sends.
    pub(crate) fn new() -> Self {
        let (client, server) = duplex(64);
        let (words, mut heard) = mpsc::unbounded_channel::<Vec<u8>>();
        let (mut receive, mut send) = tokio::io::split(server);
        tokio::spawn(async move {
            let mut swallowed = [0; 1024];
            while receive
                .read(&mut swallowed)
                .await
                .is_ok_and(|length| length > 0)
            {}
        });
        tokio::spawn(async move {
            while let Some(bytes) = heard.recv().await {
                for piece in bytes.chunks(7) {
                    // A client that has gone is the test's business.
                    let _ = send.write_all(piece).await;
                }
            }
            let _ = send.shutdown().await;
        });
        FakeServer {
            words: Some(words),
            client: Some(client),
        }
    }

    /// The session with this server, its startup left out.
    pub(crate) async fn session(&mut self) -> Session {
        let params = ConnectParams::parse("host=127.0.0.1 user=tester").unwrap();
        let plan = std::sync::Arc::new(Plan::new(&params).unwrap());
        let host = plan.hosts[0].clone();
        let target = plan.target(&host);
        let address = Address::Socket("nowhere".into());
        let cancel = CancelToken::new(
            Route {
                plan,
                host,
                address,
                connector: None,
            },
            CancelKey::default(),
        );
        let mut state = ServerState::default();
        state
            .parameters
            .insert("server_version".into(), "17.2".into());
        let mut wire = Wire::new(Box::new(self.client.take().expect("one session a server")));
        wire.lift_limit();
        Session::new(wire, target, state, cancel).unwrap()
    }

    /// Sends messages.
    pub(crate) fn say(&self, messages: &[Vec<u8>]) {
        let words = self.words.as_ref().expect("the server has not hung up");
        words
            .send(messages.concat())
            .expect("the server runs as long as the test");
    }

    /// Closes the connection after what has been said.
    pub(crate) fn hang_up(&mut self) {
        self.words = None;
    }
}
