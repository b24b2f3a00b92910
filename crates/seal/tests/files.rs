//! Files that were encrypted, opened again: whole, in parts, and damaged.

use std::io::{Cursor, Read, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use pgdumprs_seal::{Error, Head, Identities, Passphrase, Recipients, Sealer, is_sealed};

const CHUNK: usize = 64 << 10;

/// A key, and what encrypts to it.
fn key() -> (Identities, Recipients, String) {
    let identity = Identity::generate();
    let text = identity.to_string().expose_secret().to_owned();
    let (mut identities, mut recipients) = (Identities::new(), Recipients::new());
    identities.add(&text).unwrap();
    recipients.add(&identity.to_public().to_string()).unwrap();
    (identities, recipients, text)
}

/// Bytes that tell where they stand.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Encrypts something whose first bytes are written again at the end, turned round.
fn patched(recipients: &Recipients, head: usize, rest: usize) -> (Vec<u8>, Vec<u8>) {
    let mut expected = bytes(head + rest);
    let ending = Head::default();
    let placed = Arc::new(AtomicBool::new(false));
    let tell = placed.clone();
    let mut output = Cursor::new(b"before".to_vec());
    output.set_position(6);
    let tell = move || tell.store(true, Ordering::Relaxed);
    let mut sealer = Sealer::seekable(output, recipients, ending.clone(), tell).unwrap();
    // An archive's writer keeps the last byte back, and writes all of the head again.
    sealer.write_all(&expected[..head - 1]).unwrap();
    ending.end();
    sealer.write_all(&expected[head - 1..]).unwrap();
    expected[..head].reverse();
    sealer.seek(SeekFrom::Start(0)).unwrap();
    sealer.write_all(&expected[..head]).unwrap();
    sealer.seek(SeekFrom::Start(expected.len() as u64)).unwrap();
    let (output, length) = sealer.finish().unwrap();
    assert_eq!(output.position(), output.get_ref().len() as u64);
    let room = (head - 1 + CHUNK).div_ceil(CHUNK) * CHUNK;
    assert_eq!(placed.load(Ordering::Relaxed), head + rest > room);
    let sealed = output.into_inner().split_off(6);
    assert_eq!(sealed.len() as u64, length);
    (expected, sealed)
}

#[test]
fn the_head_is_patched_whatever_its_length_and_that_of_what_follows() {
    let (identities, recipients, _) = key();
    for head in [1, 10, CHUNK - 1, CHUNK, 3 * CHUNK + 5] {
        for rest in [
            0,
            1,
            CHUNK,
            7 * CHUNK,
            7 * CHUNK + 1,
            8 * CHUNK - head % CHUNK,
        ] {
            let (expected, sealed) = patched(&recipients, head, rest);
            assert!(is_sealed(&sealed));
            let mut found = Vec::new();
            let mut opened = identities.open(&sealed[..]).unwrap();
            opened.read_to_end(&mut found).unwrap();
            assert!(found == expected, "{head} and {rest}");
            // The crate's own reader takes it, too.
            let mut opened = identities.open(Cursor::new(&sealed)).unwrap();
            assert_eq!(opened.length().unwrap(), expected.len() as u64);
            for at in [0, head, expected.len() / 2, expected.len() - 1] {
                opened.seek(SeekFrom::Start(at as u64)).unwrap();
                let mut piece = vec![0; (expected.len() - at).min(CHUNK + 3)];
                opened.read_exact(&mut piece).unwrap();
                assert!(
                    piece == expected[at..at + piece.len()],
                    "{head} and {rest}: {at}"
                );
            }
        }
    }
}

#[test]
fn what_is_written_front_to_back_is_what_age_writes() {
    let (identities, recipients, _) = key();
    for length in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK] {
        let mut sealer = Sealer::streaming(Vec::new(), &recipients).unwrap();
        sealer.write_all(&bytes(length)).unwrap();
        let (sealed, written) = sealer.finish().unwrap();
        assert_eq!(sealed.len() as u64, written);
        let mut found = Vec::new();
        identities
            .open(&sealed[..])
            .unwrap()
            .read_to_end(&mut found)
            .unwrap();
        assert!(found == bytes(length), "{length}");
    }
}

#[test]
fn what_was_encrypted_is_not_written_again() {
    let (_, recipients, _) = key();
    let head = Head::default();
    head.end();
    let mut sealer = Sealer::seekable(Cursor::new(Vec::new()), &recipients, head, || {}).unwrap();
    sealer.write_all(&bytes(3 * CHUNK)).unwrap();
    sealer.seek(SeekFrom::Start(CHUNK as u64 - 1)).unwrap();
    let error = sealer.write_all(b"ab").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[test]
fn damage_is_told_wherever_it_is() {
    let (identities, recipients, _) = key();
    let (_, sealed) = patched(&recipients, 10, 4 * CHUNK);
    let read = |file: &[u8], by_length: bool| {
        let mut opened = identities
            .open(Cursor::new(file))
            .map_err(|error| error.to_string())?;
        if by_length {
            opened.length().map_err(|error| error.to_string())?;
        }
        let read = opened.read_to_end(&mut Vec::new());
        read.map(drop).map_err(|error| error.to_string())
    };
    let before = sealed.len() - (4 * CHUNK + 10) - 5 * 16;
    let payload = [before, before + 2 * CHUNK, sealed.len() - 1];
    for at in (0..before).chain(payload) {
        let mut flipped = sealed.clone();
        flipped[at] ^= 4;
        let error = read(&flipped, false).unwrap_err();
        let words: &[&str] = match at < before - 16 {
            true => &["header is damaged", "other recipients"],
            false => &["damaged, or was changed"],
        };
        assert!(
            words.iter().any(|words| error.contains(words)),
            "{at}: {error}"
        );
    }
    for length in [
        0,
        1,
        25,
        before - 1,
        before,
        before + 7,
        before + CHUNK + 16,
        sealed.len() - 1,
    ] {
        for by_length in [false, true] {
            let error = read(&sealed[..length], by_length).unwrap_err();
            let words = ["header is damaged", "end", "damaged, or"];
            assert!(
                words.iter().any(|words| error.contains(words)),
                "{length}: {error}"
            );
        }
    }
    // Headers without an end, in one line and in many, are not read to the end of time.
    for line in [&b"A"[..], b"-> X25519 A\nA\n"] {
        let endless = [b"age-encryption.org/v1\n", &line.repeat(10 << 20)[..]].concat();
        assert!(
            read(&endless, false)
                .unwrap_err()
                .contains("header is damaged")
        );
    }
    let longer = [&sealed[..], b"more"].concat();
    assert!(read(&longer, true).is_err());
    let mut swapped = sealed.clone();
    let (first, second) = swapped[before..].split_at_mut(CHUNK + 16);
    first.swap_with_slice(&mut second[..CHUNK + 16]);
    assert!(
        read(&swapped, false)
            .unwrap_err()
            .contains("damaged, or was changed")
    );
}

#[test]
fn passphrases_open_what_they_have_encrypted_and_are_asked_for_once() {
    let passphrase = || Passphrase::new("a long one".to_owned()).unwrap();
    let recipients = Recipients::passphrase(passphrase());
    let mut sealer = Sealer::streaming(Vec::new(), &recipients).unwrap();
    sealer.write_all(b"secret").unwrap();
    let (sealed, _) = sealer.finish().unwrap();
    let identities = Identities::new().passphrase_from(Box::new(move || Ok(passphrase())));
    for _ in 0..3 {
        let mut found = String::new();
        let mut opened = identities.clone().open(&sealed[..]).unwrap();
        opened.read_to_string(&mut found).unwrap();
        assert_eq!(found, "secret");
    }
    let other = || Ok(Passphrase::new("another".to_owned()).unwrap());
    let others = Identities::new().passphrase_from(Box::new(other));
    let open = |identities: &Identities| identities.open(&sealed[..]).map(drop).unwrap_err();
    assert!(matches!(open(&others), Error::WrongPassphrase));
    assert!(matches!(
        open(&Identities::new()),
        Error::PassphraseNeeded(None)
    ));
}

#[test]
fn files_of_keys_are_read_and_what_is_wrong_with_them_is_told_without_them() {
    let (_, recipients, text) = key();
    let mut sealer = Sealer::streaming(Vec::new(), &recipients).unwrap();
    sealer.write_all(b"secret").unwrap();
    let (sealed, _) = sealer.finish().unwrap();
    let file = format!("# created: today\n\n{text}\n");
    // As it is, and encrypted with a passphrase.
    let by = Recipients::passphrase(Passphrase::first_line("one\r\ntwo").unwrap());
    let mut sealer = Sealer::streaming(Vec::new(), &by).unwrap();
    sealer.write_all(file.as_bytes()).unwrap();
    let (locked, _) = sealer.finish().unwrap();
    for content in [file.as_bytes(), &locked] {
        let source = || Ok(Passphrase::new("one".to_owned()).unwrap());
        let mut identities = Identities::new().passphrase_from(Box::new(source));
        identities.add_file(content, "\"key.txt\"").unwrap();
        identities.open(&sealed[..]).unwrap();
        assert!(!format!("{identities:?}").contains("AGE-SECRET"));
    }
    let (others, _, _) = key();
    assert!(matches!(
        others.open(&sealed[..]),
        Err(Error::OtherRecipients)
    ));
    assert!(matches!(
        Identities::new().open(&sealed[..]),
        Err(Error::Locked)
    ));
    let armored = b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl";
    assert!(is_sealed(armored));
    assert!(matches!(others.open(&armored[..]), Err(Error::Armored)));

    let broken = &text[..text.len() - 1];
    for content in ["", "# nothing", "age1abc", "ssh-ed25519 AAAA", broken] {
        let error = Identities::new()
            .add_file(content.as_bytes(), "\"k\"")
            .unwrap_err();
        let error = format!("{error} {error:?}");
        assert!(
            error.contains("\"k\"") && !error.contains(&text[20..40]),
            "{error}"
        );
    }
    for recipient in [
        "",
        "bob",
        "age1abc",
        "ssh-ed25519 AAAA",
        text.as_str(),
        broken,
    ] {
        let error = Recipients::new().add(recipient).unwrap_err();
        let error = format!("{error} {error:?}");
        assert!(!error.contains(&text[20..40]), "{error}");
    }
    // As many recipients as a header may have, the last of whom opens it; and more.
    let (last, _, text) = key();
    let recipient = text.parse::<Identity>().unwrap().to_public().to_string();
    let others = format!("{}\n", Identity::generate().to_public()).repeat(600);
    let mut many = Recipients::new();
    many.add_lines(&others, "others").unwrap();
    many.add(&recipient).unwrap();
    let sealer = Sealer::streaming(Vec::new(), &many).unwrap();
    let (sealed, _) = sealer.finish().unwrap();
    last.open(&sealed[..]).unwrap();
    many.add_lines(&others, "others").unwrap();
    let sealer = Sealer::streaming(Vec::new(), &many);
    assert!(matches!(sealer, Err(Error::TooMany(1201))));
    let mut several = Recipients::new();
    let public = Identity::generate().to_public();
    several
        .add_lines(&format!("# us\n{public}\n\n{public}\n"), "r")
        .unwrap();
    assert_eq!(several.count(), 2);
    assert!(several.add_lines("# none\n", "r").is_err());
    assert!(matches!(
        Sealer::streaming(Vec::new(), &Recipients::new()),
        Err(Error::NoRecipient)
    ));
}
