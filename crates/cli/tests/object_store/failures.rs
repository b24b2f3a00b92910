//! What fails leaves what was there, and says why in one line.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pgdumprs_testkit::{Database, Major, ObjectStore, Server};

use crate::alike::succeeds;
use crate::support::{assert_one_error, assert_says, failure, pgdumprs};
use crate::{CONTENT, PLACE, with};

/// Where the archive is, as the store has it.
const PATH: &str = "/bucket/nightly/shop.dump";

/// A store with yesterday's archive, and a database.
fn beginning() -> (ObjectStore, Database) {
    let store = ObjectStore::start().unwrap();
    store.put(PATH, b"yesterday's").unwrap();
    let database = Server::get(Major::REFERENCE).database();
    (store, database)
}

/// Checks that the store has what it had, and nothing else.
fn assert_untouched(store: &ObjectStore) {
    assert_eq!(store.get(PATH).unwrap(), b"yesterday's");
    assert_eq!(store.unfinished().unwrap(), 0);
}

#[test]
fn a_dump_that_fails_leaves_what_was_there() {
    let (store, database) = beginning();
    database.execute_sql(CONTENT);
    // Its rows come behind those of the large table.
    database.execute_sql(
        "CREATE FUNCTION fails(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no more''; END'",
    );
    let said = failure(with(&store).args([
        "-q",
        "-j",
        "1",
        "-d",
        &database.conninfo(),
        "--where",
        "small: public.fails(id)",
        "-f",
        PLACE,
    ]));
    assert_says(&said, &["no more", "public.small"]);
    assert_untouched(&store);
    let begun = store.traffic().unwrap().requests;
    assert!(
        begun
            .iter()
            .any(|request| request.starts_with("PUT /bucket/nightly")),
        "{begun:?}"
    );
}

#[test]
fn a_dump_that_is_interrupted_leaves_what_was_there() {
    let (store, database) = beginning();
    database.execute_sql(CONTENT);
    database.execute_sql(
        "CREATE FUNCTION slow(integer) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(1); RETURN true; END'",
    );
    for (signal, forgets) in [("INT", true), ("KILL", false)] {
        let before = store.traffic().unwrap().requests.len();
        let mut child = with(&store)
            .args([
                "-q",
                "-j",
                "1",
                "-d",
                &database.conninfo(),
                "--where",
                "small: public.slow(id)",
                "-f",
                PLACE,
            ])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let until = Instant::now() + Duration::from_secs(60);
        // A part is there, and rows are waited for.
        while store.traffic().unwrap().requests[before..]
            .iter()
            .filter(|request| request.contains("partNumber"))
            .count()
            < 1
        {
            assert!(Instant::now() < until, "no parts have come");
            std::thread::sleep(Duration::from_millis(20));
        }
        let kill = Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status();
        assert!(kill.unwrap().success());
        child.wait().unwrap();
        assert_eq!(store.get(PATH).unwrap(), b"yesterday's");
        // Parts of a process that was killed are in nobody's way, until the next dump is complete.
        assert_eq!(
            store.unfinished().unwrap(),
            usize::from(!forgets),
            "{signal}"
        );
    }
    let other = [
        "-q",
        "-s",
        "-d",
        &database.conninfo(),
        "-f",
        "s3://bucket/nightly/shop.dump.old",
    ];
    succeeds(with(&store).args(other));
    assert_eq!(store.unfinished().unwrap(), 1);
    succeeds(with(&store).args(["-q", "-s", "-d", &database.conninfo(), "-f", PLACE]));
    assert_eq!(store.unfinished().unwrap(), 0);
}

#[test]
fn what_passes_is_waited_for() {
    let (store, database) = beginning();
    database.execute_sql(CONTENT);
    store.cut_after(3 << 20);
    store.delay("partNumber=2", Duration::from_secs(3), 1);
    let slow_down = [
        "503 Slow Down",
        "SlowDown",
        "Please reduce your request rate.",
    ];
    let [status, code, message] = slow_down;
    store.answer("partNumber=1&", status, code, message, 3);
    store.answer("POST /bucket/nightly", status, code, message, 1);
    succeeds(with(&store).args(["-d", &database.conninfo(), "-f", PLACE]));
    let puts = store.traffic().unwrap().requests;
    let parts = puts.iter().filter(|request| request.contains("partNumber"));
    assert!(parts.count() >= 3, "{puts:?}");
    store.answer("GET /bucket/nightly", status, code, message, 2);
    store.answer(
        "GET /bucket/nightly",
        "500 Internal Server Error",
        "InternalError",
        "We failed.",
        1,
    );
    succeeds(with(&store).args(["verify", PLACE]));
}

/// Whatever a store says in the middle of a dump or of a restore is said on, with what it was about.
#[test]
fn what_does_not_pass_is_said() {
    let (store, database) = beginning();
    database.execute_sql(CONTENT);
    let conninfo = database.conninfo();
    for (request, status, code, message, begins) in [
        (
            "POST /bucket/nightly/shop.dump?uploads",
            "403 Forbidden",
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
            "could not begin to write s3://",
        ),
        (
            "partNumber=2",
            "403 Forbidden",
            "QuotaExceeded",
            "The quota of the bucket is used up.",
            "could not write part 2 of s3://",
        ),
        (
            "partNumber=1&",
            "404 Not Found",
            "NoSuchBucket",
            "The specified bucket does not exist.",
            "could not write part 1 of s3://",
        ),
        (
            "POST /bucket/nightly/shop.dump?uploadId",
            "403 Forbidden",
            "AccessDenied",
            "Access Denied.",
            "could not complete s3://",
        ),
    ] {
        store.answer(request, status, code, message, 1);
        let said = failure(with(&store).args(["-d", &conninfo, "-f", PLACE]));
        assert_says(&said, &[begins, message.trim_end_matches('.'), code]);
        assert_untouched(&store);
    }
    succeeds(with(&store).args(["-d", &conninfo, "-f", PLACE]));
    let range = "GET /bucket/nightly/shop.dump";
    // The bucket vanishes when it was asked twice.
    store.delay(range, Duration::ZERO, 2);
    store.answer(
        range,
        "404 Not Found",
        "NoSuchBucket",
        "The specified bucket does not exist.",
        1,
    );
    let said = failure(with(&store).args(["verify", PLACE]));
    assert_says(
        &said,
        &[
            "could not read on in s3://",
            "does not exist (NoSuchBucket)",
        ],
    );
}

#[test]
fn profiles_of_awss_tools_are_read() {
    let (store, database) = beginning();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".aws");
    std::fs::create_dir(&folder).unwrap();
    let runs = home.path().join("runs");
    let process = format!(
        r#"echo >>'{}'; echo '{{"Version":1,"AccessKeyId":"by-process","SecretAccessKey":"geheim"}}'"#,
        runs.display()
    );
    let config = format!(
        "[default]\nregion = eu-west-1\nendpoint_url = {0}\n[profile printed]\nendpoint_url = {0}\ncredential_process = {process}\n\
         [profile sso]\nendpoint_url = {0}\nsso_session = a\n",
        store.url()
    );
    std::fs::write(folder.join("config"), config).unwrap();
    let key = "[default]\naws_access_key_id = by-file\naws_secret_access_key = geheim\n";
    std::fs::write(folder.join("credentials"), key).unwrap();
    let with_profile = |name: Option<&str>| {
        let mut command = with(&store);
        for (name, _) in store.environment() {
            command.env_remove(name);
        }
        command
            .env("HOME", home.path())
            .envs(name.map(|name| ("AWS_PROFILE", name)));
        command.args(["-d", &database.conninfo(), "-f", PLACE]);
        command
    };
    succeeds(&mut with_profile(None));
    succeeds(&mut with_profile(Some("printed")));
    assert_eq!(std::fs::read(&runs).unwrap(), b"\n", "it was run once");
    let said = failure(&mut with_profile(Some("sso")));
    assert_says(
        &said,
        &[
            "could not use s3://",
            "sso_session",
            "aws configure export-credentials --profile sso",
        ],
    );
    let said = failure(&mut with_profile(Some("nobody")));
    assert_says(&said, &["could not use s3://", "\"nobody\""]);
}

#[test]
fn what_a_store_refuses_is_one_line_without_a_secret() {
    let (store, database) = beginning();
    let conninfo = database.conninfo();
    let dump = |place: &str| {
        let said = failure(with(&store).args(["-d", &conninfo, "-f", place]));
        assert!(!said.contains("geheim"), "{said}");
        said
    };
    let said = dump("s3://nowhere/shop.dump");
    assert_says(
        &said,
        &[
            "could not begin to write s3://nowhere/shop.dump",
            "does not exist (NoSuchBucket)",
        ],
    );
    assert_says(
        &dump("s3://bucket"),
        &["could not use s3://bucket", "a key must follow"],
    );
    assert!(!dump("s3://key:geheim@bucket/shop.dump").contains("@"));
    for format in ["-Fp", "-Ft", "-Fd"] {
        let said = failure(with(&store).args([format, "-d", &conninfo, "-f", PLACE]));
        assert_says(&said, &["custom format alone"]);
    }
    let said = failure(with(&store).args(["--verify", "-d", &conninfo, "-f", PLACE]));
    assert_says(&said, &["cannot be read back before it is complete"]);
    for command in ["list", "verify"] {
        let said = failure(with(&store).args([command, "s3://bucket/nothing.dump"]));
        assert_says(
            &said,
            &["could not read s3://bucket/nothing.dump", "NoSuchKey"],
        );
    }
    let said = failure(with(&store).args(["restore", "s3://bucket/nothing.dump", "-d", &conninfo]));
    assert_says(
        &said,
        &["could not read s3://bucket/nothing.dump", "NoSuchKey"],
    );
    let said = failure(with(&store).args(["list", PLACE]));
    assert_says(&said, &[PLACE, "archive"]);
    assert_untouched(&store);

    for (name, value) in [
        ("AWS_ACCESS_KEY_ID", "geheim\n"),
        ("AWS_SECRET_ACCESS_KEY", "geheim\r\n"),
        ("AWS_SESSION_TOKEN", "geheim\n"),
        ("AWS_ENDPOINT_URL", "minio:9000"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:99999"),
    ] {
        let said = failure(with(&store).env(name, value).args(["list", PLACE]));
        assert!(!said.contains("geheim"), "{said}");
        assert_says(&said, &[PLACE, name]);
    }
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "geheim\n").unwrap();
    let name = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    let said = failure(with(&store).env(name, token.path()).args(["list", PLACE]));
    assert!(!said.contains("geheim"), "{said}");
    assert_says(&said, &[PLACE, name]);

    store.lock().unwrap();
    let said = dump("s3://bucket/shop.dump");
    assert_says(
        &said,
        &[
            "could not begin to write s3://bucket/shop.dump",
            "does not allow it",
            "InvalidAccessKeyId",
        ],
    );
}

#[test]
fn an_object_that_is_removed_or_replaced_is_not_read_on() {
    let (store, database) = beginning();
    database.execute_sql(CONTENT);
    for (is_removed, reason) in [
        (true, "NoSuchKey"),
        (false, "another object has taken its place"),
    ] {
        succeeds(with(&store).args(["-d", &database.conninfo(), "-f", PLACE]));
        let mut cat = with(&store);
        cat.args(["cat", PLACE, "large"]);
        cat.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = cat.spawn().unwrap();
        let mut rows = child.stdout.take().unwrap();
        rows.read_exact(&mut [0; 100]).unwrap();
        // It waits for its reader now, far from the end.
        match is_removed {
            true => store.delete(PATH).unwrap(),
            false => store.put(PATH, &vec![b'x'; 30 << 20]).unwrap(),
        }
        std::io::copy(&mut rows, &mut std::io::sink()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_one_error(&said);
        assert_says(
            &said,
            &["could not read on in s3://bucket/nightly/shop.dump", reason],
        );
    }
}

#[test]
fn settings_that_are_wrong_are_named() {
    /// A place, variables, and what is said.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "geheim").unwrap();
    let path = file.path().to_str().unwrap();
    let cases: [Case<'_>; 6] = [
        ("az://c/x", &[], &["AZURE_STORAGE_ACCOUNT_NAME"]),
        (
            "az://c/x",
            &[
                ("AZURE_STORAGE_ACCOUNT_NAME", "a"),
                ("AZURE_STORAGE_ACCOUNT_KEY", "geheim is no base64!"),
            ],
            &["AZURE_STORAGE_ACCOUNT_KEY", "base64"],
        ),
        (
            "az://c/x",
            &[
                ("AZURE_STORAGE_ACCOUNT_NAME", "a"),
                ("AZURE_STORAGE_SAS_TOKEN", "geheim"),
            ],
            &["AZURE_STORAGE_SAS_TOKEN"],
        ),
        (
            "gs://b/x",
            &[("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/key.json")],
            &[
                "\"/nowhere/key.json\" (GOOGLE_APPLICATION_CREDENTIALS) could not be read: No such file",
            ],
        ),
        (
            "gs://b/x",
            &[("GOOGLE_APPLICATION_CREDENTIALS", path)],
            &[path, "GOOGLE_APPLICATION_CREDENTIALS", "JSON"],
        ),
        (
            "gs://b/x",
            &[("GOOGLE_SERVICE_ACCOUNT_KEY", "{\"private_key\": \"geheim\"")],
            &["GOOGLE_SERVICE_ACCOUNT_KEY", "JSON"],
        ),
    ];
    for (place, variables, parts) in cases {
        let mut command = pgdumprs();
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("AZURE_") || name.starts_with("GOOGLE_") {
                command.env_remove(name);
            }
        }
        let variables = variables.iter().copied();
        let said = failure(command.args(["list", place]).envs(variables));
        assert_one_error(&said);
        assert_says(&said, parts);
        assert!(!said.contains("geheim"), "{said}");
    }
}
