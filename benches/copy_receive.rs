//! Receiving COPY data: from a socket to pieces ready to be compressed.

use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use divan::Bencher;
use divan::counter::BytesCount;
use pgdumprs_benches::copy_text;
use pgdumprs_connect::{ConnectParams, Session};
use tokio::runtime::{Builder, Runtime};

/// COPY data of one answer.
const BYTES: usize = 32 << 20;

fn main() {
    divan::main();
}

/// One message for each row, as servers send them: of 50 bytes, and of 8 kB.
#[divan::bench(args = [50, 8192], sample_count = 20)]
fn rows_of(bencher: Bencher<'_, '_>, row: usize) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be made");
    let mut session = connect(&runtime, row);
    bencher
        .counter(BytesCount::new(BYTES))
        .bench_local(|| runtime.block_on(receive(&mut session)));
}

async fn receive(session: &mut Session) -> usize {
    let mut copy = session
        .copy_out("COPY t TO STDOUT")
        .await
        .expect("the server agrees to everything");
    let mut received = 0;
    while let Some(piece) = copy.next().await.expect("the server keeps talking") {
        received += divan::black_box(piece).len();
    }
    assert!(received >= BYTES);
    received
}

/// A session with a server that answers every query with the same rows.
fn connect(runtime: &Runtime, row: usize) -> Session {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it listens").port();
    thread::spawn(move || {
        let (client, _) = listener.accept().expect("the client comes");
        serve(client, &answer(row));
    });
    let conninfo = format!("host=127.0.0.1 port={port} user=bench sslmode=disable");
    let params = ConnectParams::parse(&conninfo).expect("the parameters are right");
    runtime
        .block_on(Session::connect(&params))
        .expect("the server accepts everybody")
}

/// Speaks as much of the protocol as is needed, until the client goes.
fn serve(mut client: TcpStream, answer: &[u8]) {
    let mut requests = BufReader::new(client.try_clone().expect("a socket has two ends"));
    let mut length = [0; 4];
    // The client's first message has no type byte.
    if read_message(&mut requests, &mut length).is_err() {
        return;
    }
    let welcome = [
        message(b'R', &[0; 4]),
        message(b'S', b"server_version\x0017.0\0"),
        message(b'S', b"server_encoding\0UTF8\0"),
        message(b'K', &[0; 8]),
        message(b'Z', b"I"),
    ];
    if client.write_all(&welcome.concat()).is_err() {
        return;
    }
    let mut tag = [0];
    while requests.read_exact(&mut tag).is_ok() && read_message(&mut requests, &mut length).is_ok()
    {
        if tag == *b"Q" && client.write_all(answer).is_err() {
            return;
        }
    }
}

/// Reads a message's length and passes over its body.
fn read_message(from: &mut impl Read, length: &mut [u8; 4]) -> std::io::Result<()> {
    from.read_exact(length)?;
    let body = u64::from(u32::from_be_bytes(*length)).saturating_sub(4);
    std::io::copy(&mut from.take(body), &mut std::io::sink()).map(drop)
}

/// All that a server says to a COPY.
fn answer(row: usize) -> Vec<u8> {
    let text = copy_text(BYTES);
    let mut answer = message(b'H', &[0, 0, 1, 0, 0]);
    for row in text.chunks(row) {
        answer.extend(message(b'd', row));
    }
    for (tag, body) in [(b'c', &b""[..]), (b'C', b"COPY 1\0"), (b'Z', b"I")] {
        answer.extend(message(tag, body));
    }
    answer
}

fn message(tag: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![tag];
    message.extend((body.len() as u32 + 4).to_be_bytes());
    message.extend(body);
    message
}
