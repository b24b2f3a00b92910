//! What listens like a server and says what the test tells it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Something that answers each message of every client with the next of its words, and then hangs up.
pub(crate) struct Speaker {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Speaker {
    pub(crate) async fn start(words: Vec<Vec<u8>>) -> Speaker {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                for word in &words {
                    if stream.read(&mut [0; 1024]).await.is_err() {
                        break;
                    }
                    // A client that has gone is the test's business.
                    let _ = stream.write_all(word).await;
                }
            }
        });
        Speaker { port, connections }
    }

    /// How many clients have come.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// An ErrorResponse that ends a startup.
pub(crate) fn refusal(code: &str) -> Vec<u8> {
    let body = format!("SFATAL\0VFATAL\0C{code}\0Mnot now\0\0");
    let mut message = vec![b'E'];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body.as_bytes());
    message
}
