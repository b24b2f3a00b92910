//! Which role is a member of which.

use std::collections::HashSet;

use bstr::BString;
use pgdumprs_catalog::{Globals, Membership};

use super::quoting::Quoting;

/// Statements that make the memberships, each after the one that lets its grantor grant it.
pub(super) fn render(globals: &Globals, quoting: Quoting, warnings: &mut Vec<String>) -> BString {
    let mut text = BString::default();
    for group in globals
        .memberships
        .chunk_by(|one, other| one.role == other.role)
    {
        render_group(group, quoting, &mut text, warnings);
    }
    text
}

/// Those in one role.
fn render_group(
    group: &[Membership],
    quoting: Quoting,
    text: &mut BString,
    warnings: &mut Vec<String>,
) {
    let mut administrators: HashSet<&BString> = HashSet::new();
    let mut waiting: Vec<&Membership> = group.iter().collect();
    while !waiting.is_empty() {
        let before = waiting.len();
        let mut later = Vec::new();
        for row in waiting {
            let (Some(role), Some(member)) = (&row.role, &row.member) else {
                warnings.push(orphan(row));
                continue;
            };
            // Before 16, whoever may grant may grant all, and grantors are kept for no purpose.
            let grantor = row.grantor.as_ref().filter(|_| row.options.is_some());
            let is_allowed =
                grantor.is_none_or(|grantor| row.by_bootstrap || administrators.contains(grantor));
            if !is_allowed {
                later.push(row);
                continue;
            }
            if row.admin {
                administrators.insert(member);
            }
            push!(*text, statement(row, role, member, grantor, quoting));
        }
        if later.len() == before {
            for row in later {
                let (Some(role), Some(member)) = (&row.role, &row.member) else {
                    continue;
                };
                warnings.push(format!(
                    "the membership of role \"{member}\" in \"{role}\" was granted by a role that may not grant it: whoever restores it \
                     will be its grantor"
                ));
                push!(*text, statement(row, role, member, None, quoting));
            }
            return;
        }
        waiting = later;
    }
}

fn statement(
    row: &Membership,
    role: &BString,
    member: &BString,
    grantor: Option<&BString>,
    quoting: Quoting,
) -> BString {
    let mut options = Vec::new();
    if row.admin {
        options.push("ADMIN OPTION");
    }
    if let Some(found) = row.options {
        options.push(if found.inherit {
            "INHERIT TRUE"
        } else {
            "INHERIT FALSE"
        });
        if !found.set {
            options.push("SET FALSE");
        }
    }
    let mut text = sql!["GRANT ", quoting.ident(role), " TO ", quoting.ident(member)];
    if !options.is_empty() {
        push!(text, " WITH ", options.join(", "));
    }
    if let Some(grantor) = grantor {
        push!(text, " GRANTED BY ", quoting.ident(grantor));
    }
    push!(text, ";\n");
    text
}

/// What is said of a membership of which one side is gone.
fn orphan(row: &Membership) -> String {
    let whose = match (&row.role, &row.member) {
        (Some(role), _) => format!("a member of role \"{role}\" that does not exist any more"),
        (None, Some(member)) => format!("role \"{member}\" in one that does not exist any more"),
        (None, None) => "a role that does not exist any more".to_owned(),
    };
    format!("the catalog has a membership left of {whose}: it is not dumped")
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::MembershipOptions;

    use super::*;
    use crate::GlobalsOptions;

    fn row(member: &str, grantor: &str, admin: bool) -> Membership {
        Membership {
            role: Some("grp".into()),
            member: Some(member.into()),
            grantor: Some(grantor.into()),
            by_bootstrap: grantor == "boss",
            admin,
            options: Some(MembershipOptions {
                inherit: true,
                set: true,
            }),
        }
    }

    fn rendered(memberships: Vec<Membership>) -> (Vec<String>, usize) {
        let globals = Globals {
            memberships,
            ..Globals::default()
        };
        let mut warnings = Vec::new();
        let quoting = Quoting::of(&globals, &GlobalsOptions::default());
        let text = render(&globals, quoting, &mut warnings).to_string();
        let members = text.lines().map(|line| {
            let words: Vec<_> = line.trim_end_matches(';').split(' ').collect();
            format!("{}<{}", words[3], words.last().unwrap())
        });
        (members.collect(), warnings.len())
    }

    #[test]
    fn who_grants_was_allowed_to_before() {
        let rows = vec![
            row("a", "m", false),
            row("b", "z", true),
            row("m", "b", true),
            row("z", "boss", true),
        ];
        assert_eq!(
            rendered(rows),
            (
                ["z<boss", "b<z", "m<b", "a<m"].map(String::from).to_vec(),
                0
            )
        );
    }

    #[test]
    fn a_damaged_catalog_is_said_and_loses_no_membership() {
        let mut orphan = row("c", "boss", false);
        orphan.member = None;
        let (members, warnings) = rendered(vec![row("a", "b", true), orphan, row("b", "a", true)]);
        assert_eq!(members, ["a<TRUE", "b<TRUE"]);
        assert_eq!(warnings, 3);
    }
}
