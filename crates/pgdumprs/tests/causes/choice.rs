//! What the server refuses of what was chosen.

use anyhow::{Result, ensure};
use pgdumprs::{Choice, Dump, Error, ErrorKind};
use pgdumprs_testkit::{Major, Server, for_each_major};

use crate::runtime;

async fn refusal(dump: Dump) -> Error {
    let dumped = dump.to_std_writer(std::io::sink()).await;
    dumped.map(drop).expect_err("there is a dump")
}

/// The error has the choice for programs, and says that the same again will fail again.
#[test]
fn a_choice_is_given_back() -> Result<()> {
    for_each_major(|server| {
        let database = server.database();
        let connection = database.conninfo();
        for (dump, expected, kind) in [
            (
                Dump::new(&connection)?.role("nosuch"),
                Choice::Role("nosuch".into()),
                ErrorKind::Invalid,
            ),
            (
                Dump::new(&connection)?.encoding("nosuch").jobs(1),
                Choice::Encoding("nosuch".into()),
                ErrorKind::Invalid,
            ),
            (
                Dump::new(&connection)?.snapshot("nosuch"),
                Choice::Snapshot("nosuch".into()),
                ErrorKind::Invalid,
            ),
            (
                Dump::new(&connection)?.lock_wait_timeout("soon"),
                Choice::LockWaitTimeout("soon".into()),
                ErrorKind::Invalid,
            ),
        ] {
            let error = runtime().block_on(refusal(dump));
            let Error::Choice { choice, .. } = &error else {
                anyhow::bail!("{error:?}");
            };
            ensure!(*choice == expected && error.kind() == kind, "{error:?}");
            ensure!(error.sqlstate() == Some("22023"), "{error:?}");
            ensure!(error.hint().is_some(), "{error:?}");
        }
        Ok(())
    });
    let server = Server::get(Major::REFERENCE);
    let (database, role) = (server.database(), server.role("LOGIN"));
    let connection = format!("{} user={role}", database.conninfo());
    let error = runtime().block_on(refusal(Dump::new(&connection)?.role("postgres")));
    ensure!(error.kind() == ErrorKind::Forbidden, "{error:?}");
    Ok(())
}
