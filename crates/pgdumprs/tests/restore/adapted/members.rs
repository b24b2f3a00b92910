//! Owners that the role that restores may act for, one way or another.

use anyhow::{Result, ensure};
use pgdumprs::{Adapt, AdaptKinds, RestoreEnd, RestoreError};

use super::{Move, said};
use crate::{dump, run};

/// By a member, on a server with the archive's roles, that does not inherit the owner's rights: what is given away can be filled no more, so that it is kept.
pub(super) fn by_a_member(moved: &Move) -> Result<()> {
    let boss = moved.role("boss");
    let source = moved.source.server().database();
    source.execute_sql(format!(
        "CREATE TABLE given AS SELECT generate_series(1, 10) AS id; ALTER TABLE given OWNER TO {boss};
         CREATE INDEX ON given (id); CREATE SCHEMA room AUTHORIZATION {boss}; CREATE TABLE room.kept ();
         ALTER TABLE room.kept OWNER TO {boss}"
    ));
    let archive = moved.folder.path().join("members.dump");
    dump(&source, &archive)?;
    let (target, me) = moved.target();
    target.execute_sql(format!(
        "ALTER ROLE {me} NOINHERIT; GRANT {boss} TO {me}; GRANT CREATE ON SCHEMA public TO {boss}, {me}"
    ));
    let runtime = tokio::runtime::Runtime::new()?;
    let restore = moved.restore(&target, &me, &Adapt::default())?;
    let refused = runtime.block_on(restore.from_file(&archive)).err();
    let Some(RestoreError::Impossible(plan)) = refused else {
        anyhow::bail!("not refused: {refused:?}");
    };
    let expected =
        format!("what it is about belongs to \"{boss}\", whose rights you do not inherit");
    ensure!(plan.to_string().contains(&expected), "{plan}");

    let adapt = Adapt {
        kinds: AdaptKinds::OWNERS,
        ..Adapt::default()
    };
    let report = run(moved.restore(&target, &me, &adapt)?, &archive)?;
    ensure!(
        report.end() == RestoreEnd::Adapted,
        "{:#?}",
        report.failures
    );
    let owned = format!("it belongs to the role that makes it, rather than to \"{boss}\"");
    let said = said(&report);
    for name in ["TABLE public given", "SCHEMA - room", "TABLE room kept"] {
        ensure!(
            said.contains(&format!("{name}: {owned}")),
            "no {name} in {said:#?}"
        );
    }
    let rows = target.psql("SELECT count(*) FROM given");
    ensure!(rows == "10", "{rows}");
    Ok(())
}
