//! Hosts with several addresses. What a name resolves to is the machine's business, so that the addresses are given here.

use std::net::{Ipv4Addr, SocketAddr};

use pgdumprs_testkit::{Major, Server};
use tokio::net::TcpListener;

use super::*;
use crate::parameters::ConnectParams;
use crate::wire::fake_server::message;

/// An address of this machine: all of 127.0.0.0/8 are.
fn local(last: u8, port: u16) -> Address {
    Address::Ip(SocketAddr::from((Ipv4Addr::new(127, 0, 0, last), port)))
}

/// Connects to a host that has these addresses.
async fn connect(addresses: &[Address], more: &str) -> Result<Session, HostFailure> {
    let params = ConnectParams::parse(&format!("host=db.example user=postgres {more}"));
    let plan = Arc::new(Plan::new(&params.unwrap()).unwrap());
    let host = plan.hosts[0].clone();
    connect_first(&plan, &host, addresses.to_vec(), ServerKind::Any).await
}

/// A listener on an address of its own that answers whoever comes with an error, if there is one, and says nothing otherwise.
async fn listener(last: u8, code: Option<&str>) -> Address {
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, last), 0))
        .await
        .unwrap();
    let address = Address::Ip(listener.local_addr().unwrap());
    let words = code.map(|code| {
        let body = format!("SFATAL\0C{code}\0Mnot now\0\0");
        message(b'E', body.as_bytes())
    });
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if let Some(words) = &words {
                // A client that has gone is the test's business.
                let _ = stream.read(&mut [0; 1024]).await;
                let _ = stream.write_all(words).await;
            }
            silent.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn the_next_address_is_tried() {
    let server = Server::get(Major::V15);
    let live = local(1, server.port());
    // A server that starts up, and one that never answers.
    let (starting, silent) = (listener(4, Some("57P03")).await, listener(5, None).await);
    let nobody = local(2, server.port());
    let last = std::slice::from_ref(&live);
    for before in [
        vec![],
        vec![nobody.clone()],
        vec![nobody.clone(), nobody],
        vec![silent],
    ] {
        let addresses = [&before, last].concat();
        let session = connect(&addresses, "sslmode=disable connect_timeout=6").await;
        let session = session.unwrap_or_else(|failure| panic!("{before:?}: {failure:?}"));
        assert_eq!(session.target().address, live.ip(), "{before:?}");
        // What follows does not ask the resolver again.
        let sibling = session.another().await.unwrap();
        assert_eq!(sibling.target(), session.target());
    }
    // As in libpq, a server that will not do now has the next host tried, and not the same one's next address.
    let failure = connect(&[starting, live], "sslmode=disable")
        .await
        .unwrap_err();
    assert!(!failure.last, "{failure:?}");
    assert_eq!(failure.errors[0].sqlstate(), Some("57P03"), "{failure:?}");
}

#[tokio::test]
async fn every_address_says_why_it_will_not_do() {
    let silent = listener(6, None).await;
    let Address::Ip(socket) = &silent else {
        panic!("{silent} is no address")
    };
    let port = socket.port();
    let addresses = [local(2, port), silent, local(3, port)];
    let failure = connect(&addresses, "sslmode=disable connect_timeout=1").await;
    let failure = failure.unwrap_err();
    assert!(!failure.last, "{failure:?}");
    let text = Error::of_all(failure.errors).to_string();
    for part in [
        format!("127.0.0.2:{port}: "),
        format!("127.0.0.3:{port}: "),
        "\"db.example\" (127.0.0.6), port".to_owned(),
        "within 1 s".to_owned(),
    ] {
        assert!(text.contains(&part), "{part:?} is not in {text}");
    }
}

#[tokio::test]
async fn an_answer_that_stands_ends_the_search() {
    let server = Server::get(Major::V15);
    let refusing = listener(7, Some("28000")).await;
    let addresses = [refusing, local(1, server.port())];
    let failure = connect(&addresses, "sslmode=disable").await.unwrap_err();
    assert!(failure.last, "{failure:?}");
    assert_eq!(failure.errors.len(), 1, "{failure:?}");
    assert_eq!(failure.errors[0].sqlstate(), Some("28000"), "{failure:?}");
}
