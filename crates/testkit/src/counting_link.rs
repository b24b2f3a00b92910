//! A link to an HTTP server that counts the bytes of answers, and on which things go wrong.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

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
    faults: Mutex<Vec<Fault>>,
}

/// What goes wrong with some requests.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// What the request's first line must have in it.
    pub(crate) request: String,
    pub(crate) kind: FaultKind,
    /// With how many requests.
    pub(crate) times: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum FaultKind {
    /// It is answered so in place of the server: the status, and the body.
    Answer(String, String),
    /// It comes to the server so much later.
    Delay(Duration),
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
                thread::spawn(move || up.requests(client, forth));
                thread::spawn(move || down.answers(server, back));
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

    pub(crate) fn fail(&self, fault: Fault) {
        let faults = &self.shared.faults;
        let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
        faults.push(fault);
    }
}

impl Shared {
    /// Passes requests on until one side ends, or the connection is cut.
    fn requests(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut piece = vec![0; PIECE];
        let mut sent = 0;
        while let Ok(read @ 1..) = client.read(&mut piece) {
            sent += read as u64;
            let limit = self.cut_after.load(Ordering::Relaxed);
            // Once.
            if limit > 0 && sent >= limit && self.cut_after.swap(0, Ordering::Relaxed) > 0 {
                break;
            }
            // A client sends a request when it has its answer to the last one, so that its first line is the first of a piece.
            match self.fault(&piece[..read]) {
                Some(FaultKind::Delay(time)) => thread::sleep(time),
                Some(FaultKind::Answer(status, body)) => {
                    drain(&mut client, &piece[..read]);
                    let length = body.len();
                    let _ = write!(
                        client,
                        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
                    );
                    break;
                }
                None => {}
            }
            if server.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        end(&server, &client);
    }

    fn answers(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut piece = vec![0; PIECE];
        while let Ok(read @ 1..) = server.read(&mut piece) {
            self.received.fetch_add(read as u64, Ordering::Relaxed);
            if client.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        end(&client, &server);
    }

    /// What is to go wrong with the request that begins a piece.
    fn fault(&self, piece: &[u8]) -> Option<FaultKind> {
        let line = piece.split(|&byte| byte == b'\r').next()?;
        let line = std::str::from_utf8(line).ok()?;
        if !line.ends_with(" HTTP/1.1") {
            return None;
        }
        let mut faults = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = faults.iter_mut();
        let fault = waiting.find(|fault| fault.times > 0 && line.contains(&fault.request))?;
        fault.times -= 1;
        Some(fault.kind.clone())
    }
}

/// Reads the rest of a request: an answer before its end would be lost with the connection.
fn drain(client: &mut TcpStream, begun: &[u8]) {
    let text = String::from_utf8_lossy(begun).to_ascii_lowercase();
    let head = text.find("\r\n\r\n").map_or(text.len(), |at| at + 4);
    let length = text[..head].split_once("content-length: ");
    let length = length.and_then(|(_, rest)| rest.split('\r').next()?.parse().ok());
    let left = length.unwrap_or(0_u64);
    let left = left.saturating_sub((begun.len() - head.min(begun.len())) as u64);
    let _ = std::io::copy(&mut client.take(left), &mut std::io::sink());
}

/// Ends both; either may be gone already.
fn end(one: &TcpStream, other: &TcpStream) {
    let _ = one.shutdown(Shutdown::Both);
    let _ = other.shutdown(Shutdown::Both);
}
