//! TLS and passwords, through a pooler.

use anyhow::{Result, ensure};
use pgdumprs_testkit::{Authority, Major, Server, checked_output, tool};

use crate::{Direct, SINCE, database, refusal, runtime};

const PASSWORD: &str = "open sesame";

#[test]
fn a_dump_goes_through_a_pooler_with_tls_and_scram() -> Result<()> {
    let authority = Authority::new("the host's authority")?;
    let identity = authority.sign_host("localhost")?;
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("root.crt");
    std::fs::write(&root, authority.pem())?;
    for major in Major::covered()?
        .into_iter()
        .filter(|major| *major >= SINCE)
    {
        let server = Server::builder(major)
            .access_rules("local all all scram-sha-256\nhost all all all scram-sha-256")
            .start()?;
        let role = server.role(&format!("SUPERUSER LOGIN PASSWORD '{PASSWORD}'"));
        let database = database(&server);
        let pooler = server
            .pooler()
            .user(&role, PASSWORD)
            .tls(&identity)
            .start()?;
        let parameters = |password: &str| {
            format!(
                "host=localhost port={} user={role} dbname={} password='{password}' sslmode=verify-full sslrootcert={}",
                pooler.port(),
                database.name(),
                root.display()
            )
        };
        runtime().block_on(async {
            let direct = Direct::new(&database, 1).await?;
            for jobs in [1, 4] {
                direct.is_given_well_by(&parameters(PASSWORD), jobs).await?;
            }
            let (said, _) = refusal(crate::prepare(&parameters("wrong"), 4)?).await;
            ensure!(said.contains("authentication failed"), "{said}");
            ensure!(
                !said.contains("wrong") && !said.contains(PASSWORD),
                "{said}"
            );
            anyhow::Ok(())
        })?;
        // Not that the pooler let anybody in.
        let mut psql = tool(Major::REFERENCE, "psql");
        psql.args(["-w", "-X", "-c", "SELECT 1", &parameters("wrong")]);
        ensure!(
            checked_output(&mut psql).is_err(),
            "a wrong password is as good as the right one"
        );
    }
    Ok(())
}
