//! Carrying bytes late.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::conversation::Conversation;
use super::fault::Faults;

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// Pieces that may be under way in one direction: what a link of a gigabyte per second holds in 60 ms. Beyond that the link pushes
/// back, as a real one does.
const UNDER_WAY: usize = 1024;

/// Bytes, and when they are due at the other end.
type Piece = (Instant, Vec<u8>);

/// Carries bytes between two ends until both have closed; returns at once.
pub(super) fn join(
    client: TcpStream,
    server: TcpStream,
    delay: Duration,
    conversation: &Arc<Conversation>,
    faults: &Arc<Faults>,
) {
    let (Ok(client_again), Ok(server_again)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    for end in [&client, &server] {
        // Otherwise the kernel waits for more before it sends a short piece, and adds a delay of its own. What does not take the
        // option is no TCP socket any more, and reading will tell.
        let _ = end.set_nodelay(true);
    }
    let (asking, answering) = (conversation.clone(), conversation.clone());
    carry(client, server_again, delay, faults, move |bytes, sent| {
        if sent {
            asking.client_says(bytes);
        }
    });
    carry(server, client_again, delay, faults, move |bytes, sent| {
        if !sent {
            answering.server_says(bytes);
        }
    });
}

/// Carries bytes one way. `watch` sees each piece twice: when it is sent, and when it is about to arrive.
fn carry(
    from: TcpStream,
    to: TcpStream,
    delay: Duration,
    faults: &Arc<Faults>,
    watch: impl Fn(&[u8], bool) + Send + Sync + 'static,
) {
    let watch = Arc::new(watch);
    let watch_sent = watch.clone();
    let (sender, receiver) = sync_channel(UNDER_WAY);
    thread::spawn(move || read(from, &sender, delay, |bytes| watch_sent(bytes, true)));
    let faults = faults.clone();
    thread::spawn(move || deliver(to, &receiver, &faults, |bytes| watch(bytes, false)));
}

fn read(mut from: TcpStream, sender: &SyncSender<Piece>, delay: Duration, watch: impl Fn(&[u8])) {
    let mut buffer = vec![0; PIECE];
    // Whatever ends the reading, the other side sees the connection end.
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let due = Instant::now() + delay;
        watch(&buffer[..length]);
        if sender.send((due, buffer[..length].to_vec())).is_err() {
            return;
        }
    }
}

fn deliver(mut to: TcpStream, receiver: &Receiver<Piece>, faults: &Faults, watch: impl Fn(&[u8])) {
    for (due, bytes) in receiver {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let passage = faults.pass(bytes.len());
        let bytes = &bytes[..passage.bytes];
        watch(bytes);
        if to.write_all(bytes).is_err() || !passage.goes_on {
            // Nobody reads any more, so nobody needs to send either.
            let _ = to.shutdown(Shutdown::Both);
            faults.cut();
            return;
        }
    }
    // What comes after a silence is silence too.
    faults.pass(0);
    let _ = to.shutdown(Shutdown::Write);
}
