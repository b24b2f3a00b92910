//! A service that hands out backups by HTTP: the archive is the body of the response, made while it is sent.
//!
//! ```console
//! $ cargo run -p pgdumprs --example backup_service -- "host=/run/postgresql dbname=shop" 127.0.0.1:8080
//! $ curl --fail --remote-name --remote-header-name http://127.0.0.1:8080/backup
//! ```
//!
//! A dump that fails on the way breaks the response off, so that clients find it incomplete, and a client that goes away cancels the dump.
//! Whoever may ask gets all data: put authentication before it.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::StreamExt;
use futures_util::stream::once;
use pgdumprs::{Compression, Dump, Error};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let connection = arguments.next().unwrap_or_default();
    let address = arguments.next().unwrap_or("127.0.0.1:8080".to_owned());
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{}/backup", listener.local_addr()?);
    axum::serve(listener, service(&connection)).await?;
    Ok(())
}

/// The service for the database that a connection string names.
pub(crate) fn service(connection: &str) -> Router {
    Router::new()
        .route("/backup", get(backup))
        .with_state(Arc::from(connection))
}

/// Answers with a backup.
async fn backup(State(connection): State<Arc<str>>) -> Response {
    match body(&connection).await {
        Ok(body) => {
            let headers = [
                (header::CONTENT_TYPE, "application/octet-stream"),
                (
                    header::CONTENT_DISPOSITION,
                    "attachment; filename=\"backup.dump\"",
                ),
            ];
            (headers, body).into_response()
        }
        Err(error) => {
            // What the server said is for the log, not for the client.
            eprintln!("no backup: {}", with_causes(&error));
            let status = if error.kind().is_transient() {
                StatusCode::SERVICE_UNAVAILABLE
            } else {
                StatusCode::INTERNAL_SERVER_ERROR
            };
            (status, "the backup could not be made\n").into_response()
        }
    }
}

/// The archive, as soon as there is something of it: what fails before then has a status of its own.
async fn body(connection: &str) -> Result<Body, Error> {
    let mut archive = Dump::new(connection)?
        .compression(Compression::ZSTD)
        .to_stream();
    let first = archive.next().await.transpose()?.unwrap_or_default();
    // An error in the stream makes the server break the response off without the end that chunked encoding asks for.
    let archive = archive.inspect(|piece| {
        if let Err(error) = piece {
            eprintln!("the backup broke off: {}", with_causes(error));
        }
    });
    Ok(Body::from_stream(once(async { Ok(first) }).chain(archive)))
}

/// An error with its causes.
fn with_causes(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
