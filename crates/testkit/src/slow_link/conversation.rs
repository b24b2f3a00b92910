//! Counting what a client says and waits for.
//!
//! The protocol is described in PostgreSQL's manual, "Frontend/Backend Protocol": messages of a type byte, a length that counts
//! itself and a body, but for those that open a connection, which have no type byte.

use std::sync::{Mutex, PoisonError};

/// Codes in place of a protocol version that ask for encryption; the server's answer is one byte.
const ENCRYPTION_REQUESTS: [u32; 2] = [80877103, 80877104];

/// Authentication messages that need no answer: all is well, and the last word of SASL.
const AUTHENTICATION_NOTICES: [u32; 2] = [0, 12];

/// One connection's messages. Encrypted ones cannot be read, and count for nothing.
#[derive(Debug, Default)]
pub(super) struct Conversation {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: Messages,
    answered: Messages,
    /// Whether the client has said who it is; from then on its messages have a type byte.
    started: bool,
    /// Answers of one byte that the server owes before anything else.
    single_bytes: usize,
    /// Answers that the server owes, of any kind.
    owed: usize,
    round_trips: usize,
    statements: usize,
}

impl Conversation {
    /// Takes in what the client sends.
    pub(super) fn client_says(&self, bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.asked.add(bytes);
        loop {
            let typed = state.started;
            let Some(message) = state.asked.next(typed) else {
                return;
            };
            state.client_message(message);
        }
    }

    /// Takes in what reaches the client.
    pub(super) fn server_says(&self, mut bytes: &[u8]) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while state.single_bytes > 0 && !bytes.is_empty() {
            state.single_bytes -= 1;
            state.owed -= 1;
            bytes = &bytes[1..];
        }
        state.answered.add(bytes);
        while let Some(message) = state.answered.next(true) {
            state.server_message(message);
        }
    }

    /// Round trips and statements so far.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.round_trips, state.statements)
    }
}

impl State {
    fn client_message(&mut self, message: Message) {
        match message.tag {
            0 if ENCRYPTION_REQUESTS.contains(&message.start) => self.single_bytes += 1,
            0 => self.started = true,
            b'Q' => self.statements += 1,
            // A password, a function call, and the end of a batch of the extended protocol.
            b'p' | b'F' | b'S' => {}
            // Nothing answers the others by themselves.
            _ => return,
        }
        if self.owed == 0 {
            self.round_trips += 1;
        }
        self.owed += 1;
    }

    fn server_message(&mut self, message: Message) {
        let wants_answer = match message.tag {
            b'Z' => true,
            b'R' => !AUTHENTICATION_NOTICES.contains(&message.start),
            _ => false,
        };
        if wants_answer {
            self.owed = self.owed.saturating_sub(1);
        }
    }
}

/// What is needed of a message.
struct Message {
    /// The type byte, 0 where there is none.
    tag: u8,
    /// The body's first four bytes as a number; 0 where it is shorter.
    start: u32,
}

/// Cuts a stream into messages, without keeping their bodies.
#[derive(Debug, Default)]
struct Messages {
    /// Bytes that have come and are not passed over.
    bytes: Vec<u8>,
    /// Where in them the next message begins.
    at: usize,
    /// Bytes to pass over before the next message begins.
    skip: usize,
}

impl Messages {
    fn add(&mut self, bytes: &[u8]) {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        self.bytes.drain(..self.at);
        self.at = 0;
        self.bytes.extend_from_slice(&bytes[skipped..]);
    }

    /// The next message of which all that is needed has come.
    fn next(&mut self, typed: bool) -> Option<Message> {
        let bytes = &self.bytes[self.at..];
        let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        let type_bytes = usize::from(typed);
        let length = number(type_bytes)? as usize + type_bytes;
        if bytes.len() < length.min(type_bytes + 8) {
            return None;
        }
        let message = Message {
            tag: if typed { bytes[0] } else { 0 },
            start: number(type_bytes + 4)
                .filter(|_| length >= type_bytes + 8)
                .unwrap_or(0),
        };
        let there = length.min(bytes.len());
        self.at += there;
        self.skip = length - there;
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: &[u8], body: &[u8]) -> Vec<u8> {
        let length = (body.len() as u32 + 4).to_be_bytes();
        [tag, &length, body].concat()
    }

    fn query() -> Vec<u8> {
        message(b"Q", b"SELECT 1\0")
    }

    fn answer() -> Vec<u8> {
        let rows = message(b"D", &[b'x'; 5000]);
        [rows, message(b"C", b"SELECT 1\0"), message(b"Z", b"T")].concat()
    }

    /// A connection that was opened with a password, after a refused request for encryption: three round trips.
    fn opened() -> Conversation {
        let conversation = Conversation::default();
        conversation.client_says(&message(b"", &80877103_u32.to_be_bytes()));
        conversation.server_says(b"N");
        conversation.client_says(&message(b"", b"\0\x03\0\0user\0postgres\0\0"));
        conversation.server_says(&message(b"R", &[0, 0, 0, 3]));
        conversation.client_says(&message(b"p", b"secret\0"));
        conversation.server_says(&message(b"R", &[0, 0, 0, 0]));
        conversation.server_says(&message(b"Z", b"I"));
        assert_eq!(conversation.counts(), (3, 0));
        conversation
    }

    #[test]
    fn statements_that_wait_for_each_other_are_a_round_trip_each() {
        let conversation = opened();
        for _ in 0..10 {
            conversation.client_says(&query());
            conversation.server_says(&answer());
        }
        assert_eq!(conversation.counts(), (13, 10));
    }

    #[test]
    fn statements_that_are_sent_ahead_share_one() {
        let conversation = opened();
        conversation.client_says(&[query(), query()].concat());
        conversation.server_says(&answer());
        conversation.client_says(&query());
        conversation.server_says(&answer());
        conversation.server_says(&answer());
        assert_eq!(conversation.counts(), (4, 3));
    }

    #[test]
    fn messages_may_come_in_any_pieces() {
        let conversation = opened();
        for _ in 0..2 {
            for byte in query() {
                conversation.client_says(&[byte]);
            }
            for byte in answer() {
                conversation.server_says(&[byte]);
            }
        }
        conversation.client_says(&message(b"X", b""));
        assert_eq!(conversation.counts(), (5, 2));
    }
}
