//! TLS and passwords, through a pooler.

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{Major, Server, checked_output, tool};
use rcgen::{CertificateParams, KeyPair};

use crate::{SINCE, database, dump, refusal, runtime};

const PASSWORD: &str = "open sesame";

#[test]
fn a_dump_goes_through_a_pooler_with_tls_and_scram() -> Result<()> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?.self_signed(&key)?;
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("root.crt");
    std::fs::write(&root, certificate.pem())?;
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
            .tls(certificate.pem(), key.serialize_pem())
            .start()?;
        let parameters = |password: &str| {
            format!(
                "host=localhost port={} user={role} dbname={} password='{password}' sslmode=verify-full sslrootcert={}",
                pooler.port(),
                database.name(),
                root.display()
            )
        };
        let (direct, pooled) = (
            folder.path().join("direct.dump"),
            folder.path().join("pooled.dump"),
        );
        runtime().block_on(async {
            dump(&database.conninfo(), 1, &direct).await?;
            for jobs in [1, 4] {
                let (_, warnings) = dump(&parameters(PASSWORD), jobs, &pooled)
                    .await
                    .with_context(|| format!("-j {jobs}"))?;
                ensure!(warnings.is_empty(), "{warnings:?}");
                ensure!(
                    std::fs::read(&direct)? == std::fs::read(&pooled)?,
                    "-j {jobs}: other bytes"
                );
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
