//! Objects of several roles, restored by one that may act for them in one way or another.

use anyhow::{Context, Result, ensure};
use pgdumprs_plan::Obstacle;
use pgdumprs_script::Options;
use pgdumprs_testkit::{Major, for_each_major};

use crate::case::Source;

/// By default before roles knew who inherits from whom, and since then.
#[test]
fn what_belongs_to_others_is_told() {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    for_each_major(|server| -> Result<()> {
        let is_milestone = matches!(server.major(), Major::V15 | Major::V16);
        if !is_milestone && !is_thorough {
            return Ok(());
        }
        let source = Source::new(server, include_str!("owners.sql"))?;
        let boss = &source.boss;
        let told = |attributes: &str, prepare: &str| {
            let member = server.role(&format!("LOGIN {attributes} IN ROLE {boss}"));
            let target = server.database();
            target.execute_sql(format!(
                "ALTER DATABASE {} OWNER TO {member}; GRANT ALL ON SCHEMA public TO {member}; {prepare}",
                target.name()
            ));
            let case = source.case(&target, &member, Options::default(), &[]);
            let plan = case
                .check()
                .with_context(|| format!("{attributes} {prepare}"))?;
            let obstacles = plan.obstacles().into_iter();
            anyhow::Ok(
                obstacles
                    .map(|(obstacle, _)| obstacle.clone())
                    .collect::<Vec<_>>(),
            )
        };
        let open = format!("GRANT ALL ON SCHEMA public TO {boss}");
        let not_inherited = Obstacle::NotInherited {
            role: boss.as_str().into(),
        };
        let lacks = |schema: &str| Obstacle::OwnerLacksPrivilege {
            role: boss.as_str().into(),
            privilege: format!("make anything in the schema \"{schema}\"").into(),
        };
        // Who inherits acts for the owner once the object is given away; who does not can give it away, and is then shut out.
        let inherits = told("INHERIT", &open)?;
        ensure!(!inherits.contains(&not_inherited), "{inherits:#?}");
        ensure!(inherits.contains(&lacks("outer_room")), "{inherits:#?}");
        ensure!(!inherits.contains(&lacks("public")), "{inherits:#?}");
        let told_to_stranger = told("NOINHERIT", &open)?;
        ensure!(
            told_to_stranger.contains(&not_inherited),
            "{told_to_stranger:#?}"
        );
        // Since 15 nobody may make anything in that schema unasked.
        let closed = told("INHERIT", "REVOKE CREATE ON SCHEMA public FROM PUBLIC")?;
        ensure!(closed.contains(&lacks("public")), "{closed:#?}");
        Ok(())
    });
}
