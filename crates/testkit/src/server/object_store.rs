//! A throwaway server that speaks S3's protocol.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::account::Account;
use super::place::{folder, on_free_port};
use super::watchdog::{Launch, Running};
use crate::counting_link::{CountingLink, Fault, FaultKind};
use crate::provision::{effective_uid, moto};

/// Who asks for what tests want to know. The signature is not looked at.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=tester/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// Runs moto's server. The watchdog stops it by SIGQUIT, which its shell has programs ignore; and of one that a signal has ended, the shell
/// would have to tell a process that may be gone, before it has cleaned up.
///
/// Its clock is behind by as many seconds as a file says.
const SERVER: &str = "import datetime, os, signal, sys
from moto.s3 import models
from moto.server import main
now = models.utcnow
def behind():
    try:
        with open(sys.argv[1]) as file:
            return datetime.timedelta(seconds=int(file.read()))
    except OSError:
        return datetime.timedelta()
models.utcnow = lambda: now() - behind()
signal.signal(signal.SIGQUIT, lambda *_: os._exit(0))
main(sys.argv[2:])";

/// The file that says how far the clock is behind.
const BEHIND: &str = "behind";

/// A running object store with one bucket, called `bucket`; it stops when dropped. It takes any credentials, until [`ObjectStore::lock`].
#[derive(Debug)]
pub struct ObjectStore {
    running: Running,
    port: u16,
    link: CountingLink,
}

/// What clients and an object store have said to each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreTraffic {
    /// Method and path of each request.
    pub requests: Vec<String>,
    /// Bytes of answers.
    pub received: u64,
}

impl ObjectStore {
    /// Starts a store.
    ///
    /// # Errors
    ///
    /// When moto cannot be provisioned, or does not start; the message holds its log.
    pub fn start() -> Result<Self> {
        let store = on_free_port(|port| {
            // Other users may not reach the Python that it was made with.
            let account = Account::Own(effective_uid()?);
            let folder = folder("pgdumprs-store-", account, false)?;
            let port_text = port.to_string();
            let program = moto()?.display().to_string();
            let behind = folder.path().join(BEHIND).display().to_string();
            let server = [&program, "-c", SERVER, &behind, "-H", "127.0.0.1", "-p"];
            let server = server.into_iter().chain([&*port_text]);
            let launch = Launch {
                command_line: server.map(str::to_owned).collect(),
                // From here on the watchdog removes the folder.
                folder: folder.keep(),
                account,
            };
            Ok(ObjectStore {
                running: launch.start(|| TcpStream::connect(("127.0.0.1", port)).is_ok())?,
                port,
                link: CountingLink::to(port)?,
            })
        })?;
        store.request("PUT", "/bucket")?;
        Ok(store)
    }

    /// Where clients find it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.link.port())
    }

    /// Variables of the environment that lead clients to it.
    pub fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_ACCESS_KEY_ID", "tester".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "geheim".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
        ]
    }

    /// Lets nobody in any more.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn lock(&self) -> Result<()> {
        self.send("POST", "/moto-api/reset-auth", b"0").map(drop)
    }

    /// An object's content, or what else a path stands for.
    ///
    /// # Errors
    ///
    /// When it is not there, or the server does not answer.
    pub fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.request("GET", path)
    }

    /// Makes an object.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn put(&self, path: &str, content: &[u8]) -> Result<()> {
        self.send("PUT", path, content).map(drop)
    }

    /// Removes an object.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn delete(&self, path: &str) -> Result<()> {
        self.request("DELETE", path).map(drop)
    }

    /// The keys of the objects that begin with `prefix`, in order. There are not more than a thousand.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn keys(&self, prefix: &str) -> Result<Vec<String>> {
        let listed = self.request("GET", &format!("/bucket?prefix={prefix}"))?;
        let listed = String::from_utf8(listed)?;
        let keys = listed.split("<Key>").skip(1);
        Ok(keys
            .filter_map(|key| Some(key.split_once("</Key>")?.0.to_owned()))
            .collect())
    }

    /// Sets its clock back by so much against that of this machine: what comes there from now on is older than it is.
    ///
    /// # Errors
    ///
    /// When its folder cannot be written to.
    pub fn set_back(&self, time: Duration) -> Result<()> {
        let path = self.running.folder().join(BEHIND);
        let unfinished = path.with_extension("new");
        fs::write(&unfinished, time.as_secs().to_string())?;
        Ok(fs::rename(unfinished, path)?)
    }

    /// Begins an upload, whenever that is: the store says of each that it was begun years ago. Gives what parts of it are put to, but for their number.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn begin_upload(&self, path: &str) -> Result<String> {
        let answer = self.request("POST", &format!("{path}?uploads"))?;
        let answer = String::from_utf8(answer)?;
        let id = answer
            .split_once("<UploadId>")
            .and_then(|(_, rest)| rest.split_once("</UploadId>"));
        let (id, _) = id.context("the object store has begun no upload")?;
        Ok(format!("{path}?uploadId={id}&partNumber="))
    }

    /// How many uploads were begun and neither completed nor aborted.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn unfinished(&self) -> Result<usize> {
        let listed = self.request("GET", "/bucket?uploads")?;
        Ok(String::from_utf8_lossy(&listed).matches("<Upload>").count())
    }

    /// What was said through [`ObjectStore::url`], and what else was asked for, since the server runs.
    ///
    /// # Errors
    ///
    /// When its log cannot be read.
    pub fn traffic(&self) -> Result<StoreTraffic> {
        let log = fs::read_to_string(self.running.folder().join("log"))?;
        let requests = log.lines().filter_map(|line| {
            let (_, rest) = line.split_once('"')?;
            let (request, _) = rest.split_once(" HTTP/")?;
            // Those that were refused are coloured.
            Some(
                request
                    .trim_start_matches(|c: char| !c.is_ascii_uppercase())
                    .to_owned(),
            )
        });
        Ok(StoreTraffic {
            requests: requests.collect(),
            received: self.link.received(),
        })
    }

    /// Cuts the next connection that has sent so many bytes.
    pub fn cut_after(&self, bytes: u64) {
        self.link.cut_after(bytes);
    }

    /// Has so many requests, whose method, path and parameters have `request` in them, answered by an error in S3's form rather than by the store.
    pub fn answer(&self, request: &str, status: &str, code: &str, message: &str, times: usize) {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
        );
        self.link.fail(Fault {
            request: request.to_owned(),
            kind: FaultKind::Answer(status.to_owned(), body),
            times,
        });
    }

    /// Has such requests come to the store so much later.
    pub fn delay(&self, request: &str, time: Duration, times: usize) {
        self.link.fail(Fault {
            request: request.to_owned(),
            kind: FaultKind::Delay(time),
            times,
        });
    }

    fn request(&self, method: &str, path: &str) -> Result<Vec<u8>> {
        self.send(method, path, b"")
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nAuthorization: {AUTHORIZATION}\r\nContent-Length: {}\r\n\r\n",
            self.port,
            body.len()
        )?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        let end = end.context("the object store gave no answer")?;
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).unwrap_or_default();
        ensure!(status.starts_with('2'), "{method} {path}: {head}");
        Ok(answer.split_off(end + 4))
    }
}
