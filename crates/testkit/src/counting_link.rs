//! A link that counts the bytes of answers, and can be cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use anyhow::{Context, Result};

/// How much is passed on at a time.
const PIECE: usize = 64 << 10;

/// A link to a port on this machine.
#[derive(Debug)]
pub(crate) struct CountingLink {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    received: AtomicU64,
    /// After how many bytes of a connection's requests it is cut; 0 stands for never.
    cut_after: AtomicU64,
}

impl CountingLink {
    /// Opens a link, which lasts as long as the process.
    pub(crate) fn to(target: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("listening for the link")?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let of_clients = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A server that is gone shows as a closed connection on the other side.
                let Ok(server) = TcpStream::connect(("127.0.0.1", target)) else {
                    continue;
                };
                let (Ok(back), Ok(forth)) = (client.try_clone(), server.try_clone()) else {
                    continue;
                };
                let (up, down) = (of_clients.clone(), of_clients.clone());
                thread::spawn(move || {
                    let mut sent = 0;
                    pass(client, forth, |bytes| {
                        sent += bytes;
                        let limit = up.cut_after.load(Ordering::Relaxed);
                        let cuts = limit > 0 && sent >= limit;
                        // Once.
                        !cuts || up.cut_after.swap(0, Ordering::Relaxed) == 0
                    });
                });
                thread::spawn(move || {
                    pass(server, back, |bytes| {
                        down.received.fetch_add(bytes, Ordering::Relaxed);
                        true
                    });
                });
            }
        });
        Ok(CountingLink { port, shared })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn received(&self) -> u64 {
        self.shared.received.load(Ordering::Relaxed)
    }

    pub(crate) fn cut_after(&self, bytes: u64) {
        self.shared.cut_after.store(bytes, Ordering::Relaxed);
    }
}

/// Passes bytes on until one side ends or `goes_on` says no, and then ends both.
fn pass(mut from: TcpStream, mut to: TcpStream, mut goes_on: impl FnMut(u64) -> bool) {
    let mut piece = vec![0; PIECE];
    while let Ok(read @ 1..) = from.read(&mut piece) {
        if !goes_on(read as u64) || to.write_all(&piece[..read]).is_err() {
            break;
        }
    }
    // Either may be gone already.
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
