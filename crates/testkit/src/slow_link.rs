//! A link to a server that is slow in the way far networks are: what is sent arrives late, but as fast as it was sent.
//!
//! A proxy on 127.0.0.1 holds every byte back for the same time, whatever its number, so that only waiting for answers costs
//! more than on a fast link. It reads along and counts how often that happens. It can also break, at any byte.

mod conversation;
mod delay;
mod fault;

pub use fault::Fault;

use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::Server;
use conversation::Conversation;
use fault::Faults;

/// A link to one server; it takes no more connections once it is dropped.
#[derive(Debug)]
pub struct SlowLink {
    port: u16,
    shared: Arc<Shared>,
}

/// What the link and its connections share.
#[derive(Debug, Default)]
struct Shared {
    /// The server's port.
    target: AtomicU16,
    closed: AtomicBool,
    faults: Arc<Faults>,
    conversations: Mutex<Vec<Arc<Conversation>>>,
}

/// What was said over a link so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Connections that were opened.
    pub connections: usize,
    /// How often a client had all its answers and asked for more: each time, on a slow link, it waits for the link alone.
    /// Statements that are sent without waiting share one.
    pub round_trips: usize,
    /// Statements, each a message of its own.
    pub statements: usize,
}

impl SlowLink {
    /// Opens a link to a server's TCP port, on which each byte is under way for `delay`, in either direction. A round trip takes
    /// twice that.
    ///
    /// # Errors
    ///
    /// When no port can be listened on.
    pub fn open(server: &Server, delay: Duration) -> Result<SlowLink> {
        SlowLink::to_port(server.port(), delay)
    }

    fn to_port(target: u16, delay: Duration) -> Result<SlowLink> {
        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("listening for the slow link")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            target: target.into(),
            ..Shared::default()
        });
        let for_clients = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                if for_clients.closed.load(Ordering::Relaxed) {
                    return;
                }
                // A client that is gone already, or a server that refuses, shows as a closed connection on the other side.
                let target = for_clients.target.load(Ordering::Relaxed);
                let server = TcpStream::connect(("127.0.0.1", target));
                if let (Ok(client), Ok(server)) = (client, server)
                    && for_clients.faults.opened([&client, &server])
                {
                    let conversation = Arc::new(Conversation::default());
                    for_clients
                        .conversations
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(conversation.clone());
                    delay::join(client, server, delay, &conversation, &for_clients.faults);
                }
            }
        });
        Ok(SlowLink { port, shared })
    }

    /// The port to connect to instead of the server's.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Connection parameters in libpq's keyword form for a database of the server at the other end, as superuser.
    pub fn conninfo(&self, database: &str) -> String {
        format!(
            "host=127.0.0.1 port={} user={} dbname={database}",
            self.port,
            crate::server::SUPERUSER
        )
    }

    /// Lets `fault` happen when `after` bytes have arrived over the link, in either direction and over all connections, since it was opened.
    pub fn fail_after(&self, after: u64, fault: Fault) {
        self.shared.faults.plan(after, fault);
    }

    /// Leads connections that are opened from now on to another server.
    pub fn lead_to(&self, server: &Server) {
        self.shared.target.store(server.port(), Ordering::Relaxed);
    }

    /// Whether a fault has happened.
    pub fn has_failed(&self) -> bool {
        self.shared.faults.has_struck()
    }

    /// How many bytes have arrived, in either direction and over all connections.
    pub fn bytes(&self) -> u64 {
        self.shared.faults.delivered()
    }

    /// All that was said so far, over all connections.
    pub fn traffic(&self) -> Traffic {
        let conversations = self
            .shared
            .conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut traffic = Traffic {
            connections: conversations.len(),
            ..Traffic::default()
        };
        for conversation in conversations.iter() {
            let (round_trips, statements) = conversation.counts();
            traffic.round_trips += round_trips;
            traffic.statements += statements;
        }
        traffic
    }
}

impl Drop for SlowLink {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        self.shared.faults.end();
        // The thread that accepts wakes up for one more connection, and ends.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::time::Instant;

    use super::*;

    const DELAY: Duration = Duration::from_millis(30);

    /// A link to something that answers every byte with the same byte.
    fn echo() -> SlowLink {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        thread::spawn(move || {
            for client in listener.incoming() {
                let mut client = client.unwrap();
                let mut answers = client.try_clone().unwrap();
                thread::spawn(move || std::io::copy(&mut client, &mut answers));
            }
        });
        SlowLink::to_port(port, DELAY).unwrap()
    }

    fn connect(link: &SlowLink) -> TcpStream {
        TcpStream::connect(("127.0.0.1", link.port())).unwrap()
    }

    #[test]
    fn an_answer_takes_two_delays() {
        let link = echo();
        let mut client = connect(&link);
        for _ in 0..3 {
            let asked = Instant::now();
            client.write_all(b"x").unwrap();
            client.read_exact(&mut [0]).unwrap();
            let waited = asked.elapsed();
            assert!(waited >= DELAY * 2, "{waited:?}");
        }
    }

    #[test]
    fn what_is_sent_in_many_pieces_is_delayed_once() {
        let link = echo();
        let mut client = connect(&link);
        let asked = Instant::now();
        let pieces = 200;
        for piece in 0..pieces {
            client.write_all(&[piece as u8; 1000]).unwrap();
            thread::sleep(Duration::from_micros(100));
        }
        let mut answers = vec![0; pieces * 1000];
        client.read_exact(&mut answers).unwrap();
        let waited = asked.elapsed();
        for (piece, bytes) in answers.chunks(1000).enumerate() {
            assert!(bytes.iter().all(|&byte| byte == piece as u8), "{piece}");
        }
        // One after the other they would take 200 times as long.
        assert!(
            waited >= DELAY * 2 && waited < DELAY * 50,
            "{pieces} pieces took {waited:?}"
        );
    }

    #[test]
    fn a_link_breaks_at_the_byte_that_was_chosen() {
        for (fault, second) in [(Fault::Cut, "there"), (Fault::CutAll, "")] {
            let link = echo();
            // Both directions count: five bytes there, and two back.
            link.fail_after(7, fault);
            let mut client = connect(&link);
            client.write_all(b"hello").unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, "he", "{fault:?}");
            assert!(link.has_failed());
            assert_eq!(link.bytes(), 7);
            let mut client = connect(&link);
            // It may be closed by now.
            let _ = client.write_all(b"there");
            let _ = client.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = client.read_to_end(&mut answer);
            assert_eq!(answer, second.as_bytes(), "{fault:?}");
        }
    }

    #[test]
    fn a_silent_link_says_nothing_until_it_is_gone() {
        let link = echo();
        link.fail_after(5, Fault::Silence);
        let mut client = connect(&link);
        client.write_all(b"hello").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        client.set_read_timeout(Some(DELAY * 10)).unwrap();
        client.read_exact(&mut [0]).unwrap_err();
        client.set_read_timeout(None).unwrap();
        drop(link);
        let mut answer = Vec::new();
        let _ = client.read_to_end(&mut answer);
        assert!(answer.is_empty(), "{answer:?}");
    }

    #[test]
    fn the_end_of_a_connection_is_passed_on() {
        let link = echo();
        let mut client = connect(&link);
        client.write_all(b"last words").unwrap();
        client.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "last words");
        assert_eq!(link.traffic().connections, 1);
    }
}
