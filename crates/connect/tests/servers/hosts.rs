//! Several hosts: which one is taken, and what is said when none will do.

use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;

use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Major, Server};

use crate::secured::closed_port;
use crate::speaker::{Speaker, refusal};

/// A primary and its hot standby.
struct Pair {
    primary: Server,
    standby: Server,
}

fn pair(major: Major) -> Pair {
    let primary = Server::get(major);
    let standby = primary.standby().start().unwrap();
    Pair { primary, standby }
}

/// Servers that report their state by themselves.
fn reporting() -> &'static Pair {
    static PAIR: OnceLock<Pair> = OnceLock::new();
    PAIR.get_or_init(|| pair(Major::V17))
}

/// Opens a session with one of these ports of this machine.
async fn connect(ports: &[u16], more: &str) -> Result<Session, Error> {
    let hosts = vec!["127.0.0.1"; ports.len()].join(",");
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    let ports = ports.join(",");
    let conninfo = format!("host={hosts} port={ports} user=postgres {more}");
    Session::connect(&ConnectParams::parse(&conninfo).unwrap()).await
}

/// The port that a session was opened with.
async fn chosen(ports: &[u16], more: &str) -> u16 {
    let session = connect(ports, more).await.unwrap();
    session.target().port.unwrap()
}

#[tokio::test]
async fn servers_are_chosen_by_what_they_are() {
    // Servers before 14 do not report whether they are standbys: they are asked.
    for pair in [&pair(Major::V13), reporting()] {
        let (primary, standby) = (pair.primary.port(), pair.standby.port());
        for ports in [[primary, standby], [standby, primary]] {
            for (kind, expected) in [
                ("any", ports[0]),
                ("read-write", primary),
                ("primary", primary),
                ("read-only", standby),
                ("standby", standby),
                ("prefer-standby", standby),
            ] {
                let more = format!("target_session_attrs={kind}");
                assert_eq!(chosen(&ports, &more).await, expected, "{kind} of {ports:?}");
            }
        }
        let alone = "target_session_attrs=prefer-standby";
        assert_eq!(chosen(&[closed_port(), primary], alone).await, primary);
        let read_only = "options='-c default_transaction_read_only=on'";
        let more = format!("target_session_attrs=read-only {read_only}");
        assert_eq!(chosen(&[primary], &more).await, primary);
        let more = format!("target_session_attrs=read-write {read_only}");
        let error = connect(&[primary], &more).await.unwrap_err();
        assert!(error.to_string().contains("is read-only"), "{error}");
    }
}

#[tokio::test]
async fn every_host_says_why_it_will_not_do() {
    let pair = reporting();
    let (primary, dead) = (pair.primary.port(), closed_port());
    let error = connect(&[dead, primary], "target_session_attrs=standby")
        .await
        .unwrap_err();
    let Error::NoServer { failures } = &error else {
        panic!("{error}")
    };
    assert!(matches!(failures[0], Error::Unreachable { .. }), "{error}");
    assert!(matches!(failures[1], Error::WrongServer { .. }), "{error}");
    let text = error.to_string();
    for part in [
        &format!("127.0.0.1:{dead}: "),
        "is not a standby",
        "target_session_attrs=standby",
    ] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn hosts_that_are_not_there_are_passed_over() {
    let live = reporting().primary.port();
    assert_eq!(chosen(&[closed_port(), live], "").await, live);
    // The kernel takes the connection, and nobody answers on it.
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let silent = silent.local_addr().map(|address| (address.port(), silent));
    let (silent_port, _silent) = silent.unwrap();
    assert_eq!(
        chosen(&[silent_port, live], "connect_timeout=6").await,
        live
    );
    let starting = Speaker::start(vec![refusal("57P03")]).await;
    let gone = Speaker::start(vec![Vec::new()]).await;
    for speaker in [&starting, &gone] {
        let ports = [speaker.port, live];
        assert_eq!(chosen(&ports, "sslmode=disable").await, live);
        assert_eq!(speaker.connections(), 1);
    }
    let conninfo = format!("host=no-such-host.invalid,127.0.0.1 port={live} user=postgres");
    let params = ConnectParams::parse(&conninfo).unwrap();
    Session::connect(&params).await.unwrap();
}

#[tokio::test]
async fn a_host_that_refuses_ends_the_search() {
    let refusing = Speaker::start(vec![refusal("28000")]).await;
    let ports = [closed_port(), refusing.port, reporting().primary.port()];
    let error = connect(&ports, "sslmode=disable").await.unwrap_err();
    assert_eq!(error.sqlstate(), Some("28000"), "{error}");
    assert!(
        matches!(&error, Error::NoServer { failures } if failures.len() == 2),
        "{error}"
    );
}

#[tokio::test]
async fn load_is_balanced_and_siblings_stay_together() {
    let pair = reporting();
    let ports = [pair.primary.port(), pair.standby.port()];
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        let session = connect(&ports, "load_balance_hosts=random").await.unwrap();
        let sibling = session.another().await.unwrap();
        assert_eq!(session.target(), sibling.target());
        seen.insert(session.target().port.unwrap());
    }
    // That one of two is never chosen in 40 throws happens once in 500 billion runs.
    assert_eq!(seen.len(), 2);
    assert_eq!(chosen(&ports, "load_balance_hosts=disable").await, ports[0]);
}

#[tokio::test]
async fn passwords_of_the_password_file_are_each_for_their_host() {
    let right = crate::secured::secured();
    let password = crate::secured::PASSWORD
        .replace('\\', "\\\\")
        .replace(':', "\\:");
    let folder = tempfile::tempdir().unwrap();
    let passfile = folder.path().join("passwords");
    let dead = closed_port();
    let lines = format!(
        "*:{dead}:*:*:wrong\n*:{}:*:*:{password}\n",
        right.server.port()
    );
    fs::write(&passfile, lines).unwrap();
    fs::set_permissions(&passfile, fs::Permissions::from_mode(0o600)).unwrap();
    let conninfo = format!(
        "host=127.0.0.1,127.0.0.1 port={dead},{} user=scram dbname=postgres passfile={}",
        right.server.port(),
        passfile.display()
    );
    Session::connect(&ConnectParams::parse(&conninfo).unwrap())
        .await
        .unwrap();
    fs::write(&passfile, "*:*:*:*:wrong\n").unwrap();
    let error = Session::connect(&ConnectParams::parse(&conninfo).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.sqlstate(), Some("28P01"), "{error}");
    let path = passfile.to_str().unwrap();
    assert!(
        error.to_string().contains(path),
        "the file is named: {error}"
    );
}
