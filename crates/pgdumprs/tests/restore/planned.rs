//! A restore that is refused before it has changed anything.

use anyhow::{Context, Result, ensure};
use pgdumprs::{
    Adapt, AdaptKinds, Fate, Obstacle, Restore, RestoreEnd, RestoreError, RestoreOptions,
};
use pgdumprs_testkit::for_each_major;

use crate::{dump, run};

#[test]
fn what_cannot_be_restored_is_told_before_anything_is_changed() {
    for_each_major(|server| -> Result<()> {
        let owner = server.role("LOGIN");
        let source = server.database();
        source.execute_sql(
            "CREATE TABLE item AS SELECT generate_series(1, 100) AS id;
             CREATE FUNCTION on_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
             CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION on_event();
             COMMENT ON EVENT TRIGGER watch IS 'needs what cannot be made'",
        );
        let target = server.database();
        target.execute_sql(format!("ALTER DATABASE {} OWNER TO {owner}", target.name()));
        if server.major() >= pgdumprs_testkit::Major::V15 {
            target.execute_sql(format!("GRANT CREATE ON SCHEMA public TO {owner}"));
        }
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("a.dump");
        dump(&source, &archive)?;
        let restore = || -> Result<Restore> {
            let options = RestoreOptions {
                no_owner: true,
                ..RestoreOptions::default()
            };
            let conninfo = format!("{} user={owner}", target.conninfo());
            Ok(Restore::new(&conninfo)?.options(options))
        };
        let tables = || target.psql("SELECT count(*) FROM pg_tables WHERE tablename = 'item'");

        let runtime = tokio::runtime::Runtime::new()?;
        let error = runtime.block_on(restore()?.from_file(&archive));
        let error = error.err().context("it was not refused")?;
        let RestoreError::Impossible(plan) = &error else {
            return Err(error).context("refused for another reason");
        };
        ensure!(tables() == "0", "the refused restore has changed something");
        let superuser = Obstacle::NeedsSuperuser {
            what: "make event triggers",
        };
        let fates: Vec<_> = plan.entries.iter().map(|entry| &entry.fate).collect();
        ensure!(
            fates.contains(&&Fate::Impossible(vec![superuser])),
            "{plan:?}"
        );
        let said = error.to_string();
        for part in [
            "nothing has been changed",
            "only superusers make event triggers: EVENT TRIGGER - watch",
            "1 entry needs what cannot be made",
        ] {
            ensure!(said.contains(part), "no {part:?} in {said}");
        }
        let planned = runtime.block_on(restore()?.plan(&archive))?;
        ensure!(planned.entries == plan.entries, "{planned:?}");

        let report = run(restore()?.regardless(true), &archive)?;
        ensure!(report.end() == RestoreEnd::Incomplete, "{report:?}");
        ensure!(report.failures.len() == 2, "{:?}", report.failures);
        ensure!(tables() == "1" && target.psql("SELECT count(*) FROM item") == "100");

        target.execute_sql("DROP TABLE item; DROP FUNCTION on_event()");
        let adapt = Adapt {
            kinds: AdaptKinds::SUPERUSER,
            ..Adapt::default()
        };
        let report = run(restore()?.adapt(adapt), &archive)?;
        ensure!(report.end() == RestoreEnd::Adapted, "{report:?}");
        let said: Vec<_> = report
            .adaptations
            .iter()
            .flat_map(|entry| {
                entry
                    .adaptations
                    .iter()
                    .map(|said| format!("{}: {said}", entry.name))
            })
            .collect();
        let expected = [
            "EVENT TRIGGER - watch: left out: only superusers make event triggers",
            "COMMENT - EVENT TRIGGER watch: left out with EVENT TRIGGER - watch",
        ];
        ensure!(said == expected, "{said:#?}");
        ensure!(tables() == "1" && target.psql("SELECT count(*) FROM item") == "100");
        Ok(())
    });
}
