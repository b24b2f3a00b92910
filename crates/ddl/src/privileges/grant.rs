//! The statements that turn one set of privileges into another.
//!
//! Order and grouping are pg_dump's: they decide whether grants that rest on other grants can be restored.

use bstr::{BStr, BString};
use pgdumprs_catalog::AclItem;

use crate::text::sql;

/// What the statements are about.
#[derive(Debug)]
pub(crate) struct Target<'a> {
    /// What comes before each GRANT and REVOKE: empty, or `ALTER DEFAULT PRIVILEGES … `.
    pub(crate) prefix: BString,
    /// The key word for its kind: `TABLE`, or `TABLES` where the prefix makes it a default.
    pub(crate) kind: &'a str,
    /// Qualified and quoted name; empty for defaults.
    pub(crate) name: BString,
    /// Quoted name of the column that the privileges are on.
    pub(crate) column: Option<&'a BStr>,
    /// Name of the owner, unquoted; empty where there is none.
    pub(crate) owner: &'a BStr,
}

/// The statements that lead from `base` to `acl`, with role names quoted by `ident`.
pub(crate) fn commands(
    target: &Target<'_>,
    acl: &[AclItem],
    base: &[AclItem],
    ident: &dyn Fn(&BStr) -> BString,
) -> BString {
    let role = |name: &BString| match name.as_slice() {
        b"" => "PUBLIC".into(),
        name => ident(BStr::new(name)),
    };
    let mut first = BString::default();
    for item in base.iter().filter(|item| !acl.contains(item)) {
        let (all, _) = split(target, &item.privileges, false);
        if !all.is_empty() {
            statement(
                &mut first,
                target,
                "REVOKE",
                &all,
                "FROM",
                &role(&item.grantee),
                "",
            );
        }
    }
    let mut rest = BString::default();
    for item in acl.iter().filter(|item| !base.contains(item)) {
        let (plain, grantable) = split(target, &item.privileges, true);
        if plain.is_empty() && grantable.is_empty() {
            continue;
        }
        let by_owner = item.grantor == target.owner;
        // What the owner grants to itself comes first: other grants can rest on it.
        let text = if by_owner && item.grantee == target.owner {
            &mut first
        } else {
            &mut rest
        };
        // The grantor of a grant is who executes it; superusers count as the owner.
        if !by_owner {
            push!(
                *text,
                "SET SESSION AUTHORIZATION ",
                ident(item.grantor.as_ref()),
                ";\n"
            );
        }
        let grantee = role(&item.grantee);
        if !plain.is_empty() {
            statement(text, target, "GRANT", &plain, "TO", &grantee, "");
        }
        if !grantable.is_empty() {
            statement(
                text,
                target,
                "GRANT",
                &grantable,
                "TO",
                &grantee,
                " WITH GRANT OPTION",
            );
        }
        if !by_owner {
            push!(*text, "RESET SESSION AUTHORIZATION;\n");
        }
    }
    push!(first, rest);
    first
}

fn statement(
    text: &mut BString,
    target: &Target<'_>,
    verb: &str,
    privileges: &BString,
    preposition: &str,
    role: &BString,
    option: &str,
) {
    push!(
        *text,
        target.prefix,
        verb,
        " ",
        privileges,
        " ON ",
        target.kind,
        " "
    );
    if !target.name.is_empty() {
        push!(*text, target.name, " ");
    }
    push!(*text, preposition, " ", role, option, ";\n");
}

/// The key words for an item's privileges: those without and those with grant option. Unless `by_option`, all count as without.
///
/// Letters that mean nothing for the kind are left out. ALL stands for the whole set, which keeps the statement right on servers
/// that know more privileges or fewer.
fn split(target: &Target<'_>, letters: &BString, by_option: bool) -> (BString, BString) {
    let (mut plain, mut grantable) = (Vec::new(), Vec::new());
    let known = known(target);
    for &(letter, word) in known {
        let Some(at) = letters.iter().position(|&byte| byte == letter) else {
            continue;
        };
        if by_option && letters.get(at + 1) == Some(&b'*') {
            grantable.push(word);
        } else {
            plain.push(word);
        }
    }
    (
        list(target, &plain, known.len()),
        list(target, &grantable, known.len()),
    )
}

fn list(target: &Target<'_>, words: &[&str], known: usize) -> BString {
    let words = if words.len() == known {
        &["ALL"]
    } else {
        words
    };
    let suffix = target
        .column
        .map(|column| sql!["(", column, ")"])
        .unwrap_or_default();
    sql::join(words.iter().map(|word| sql![word, suffix]), ",")
}

/// The privileges that a kind knows, in the order in which they are written.
fn known(target: &Target<'_>) -> &'static [(u8, &'static str)] {
    const RELATION: &[(u8, &str)] = &[
        (b'r', "SELECT"),
        (b'a', "INSERT"),
        (b'x', "REFERENCES"),
        (b'd', "DELETE"),
        (b't', "TRIGGER"),
        (b'D', "TRUNCATE"),
        (b'm', "MAINTAIN"),
        (b'w', "UPDATE"),
    ];
    const COLUMN: &[(u8, &str)] = &[
        (b'r', "SELECT"),
        (b'a', "INSERT"),
        (b'x', "REFERENCES"),
        (b'w', "UPDATE"),
    ];
    match target.kind {
        "TABLE" | "TABLES" if target.column.is_some() => COLUMN,
        "TABLE" | "TABLES" => RELATION,
        "SEQUENCE" | "SEQUENCES" => &[(b'r', "SELECT"), (b'U', "USAGE"), (b'w', "UPDATE")],
        "FUNCTION" | "FUNCTIONS" | "PROCEDURE" | "PROCEDURES" => &[(b'X', "EXECUTE")],
        "SCHEMA" | "SCHEMAS" => &[(b'C', "CREATE"), (b'U', "USAGE")],
        "TABLESPACE" => &[(b'C', "CREATE")],
        "PARAMETER" => &[(b's', "SET"), (b'A', "ALTER SYSTEM")],
        "DATABASE" => &[(b'C', "CREATE"), (b'c', "CONNECT"), (b'T', "TEMPORARY")],
        "LARGE OBJECT" | "LARGE OBJECTS" => &[(b'r', "SELECT"), (b'w', "UPDATE")],
        "TYPE" | "TYPES" | "LANGUAGE" | "FOREIGN DATA WRAPPER" | "FOREIGN SERVER" => {
            &[(b'U', "USAGE")]
        }
        kind => unreachable!("every kind with privileges is listed here, {kind} has none"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use pgdumprs_catalog::Encoding;
    use proptest::prelude::*;

    use super::*;

    /// Who holds which privileges on a sequence, each with whether they may be passed on.
    type Held = BTreeMap<String, BTreeMap<String, bool>>;

    fn held(items: &[AclItem]) -> Held {
        let mut held = Held::new();
        for item in items {
            let role = held.entry(item.grantee.to_string()).or_default();
            for (letter, word) in [('r', "SELECT"), ('U', "USAGE"), ('w', "UPDATE")] {
                let letters = item.privileges.to_string();
                if let Some(at) = letters.find(letter) {
                    role.insert(word.into(), letters[at + 1..].starts_with('*'));
                }
            }
        }
        held.retain(|_, privileges| !privileges.is_empty());
        held
    }

    /// Does what a server does with the statements.
    fn execute(held: &mut Held, statements: &[String]) {
        for statement in statements {
            let words: Vec<&str> = statement.trim_end_matches(';').split(' ').collect();
            let role = held.entry(words[6].into()).or_default();
            let privileges = if words[1] == "ALL" {
                vec!["SELECT", "USAGE", "UPDATE"]
            } else {
                words[1].split(',').collect()
            };
            for privilege in privileges {
                if words[0] == "REVOKE" {
                    role.remove(privilege);
                } else {
                    *role.entry(privilege.into()).or_default() |= words.len() > 7;
                }
            }
        }
        held.retain(|_, privileges| !privileges.is_empty());
    }

    fn any_items() -> impl Strategy<Value = Vec<AclItem>> {
        let privileges = "(r\\*?)?(U\\*?)?(w\\*?)?";
        proptest::collection::btree_map("own|joe|sue|ann|bob", privileges, 0..5).prop_map(|roles| {
            let texts = roles
                .iter()
                .map(|(role, privileges)| format!("{role}={privileges}/own"));
            texts
                .map(|text| AclItem::parse(text.as_str().into()).expect("is an aclitem"))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_statements_lead_from_one_set_to_the_other(base in any_items(), acl in any_items()) {
            let ident = |name: &BStr| sql::ident(name, false, Encoding::Utf8);
            let text = commands(&target("SEQUENCE"), &acl, &base, &ident).to_string();
            let statements: Vec<String> = text.lines().map(str::to_owned).collect();
            let mut result = held(&base);
            execute(&mut result, &statements);
            prop_assert_eq!(result, held(&acl));
        }
    }

    fn items(texts: &[&str]) -> Vec<AclItem> {
        texts
            .iter()
            .map(|&text| AclItem::parse(text.into()).expect("is an aclitem"))
            .collect()
    }

    fn target(kind: &'static str) -> Target<'static> {
        Target {
            prefix: BString::default(),
            kind,
            name: "s.t".into(),
            column: None,
            owner: "own".into(),
        }
    }

    fn diff(target: &Target<'_>, acl: &[&str], base: &[&str]) -> Vec<String> {
        let ident = |name: &BStr| sql::ident(name, false, Encoding::Utf8);
        let text = commands(target, &items(acl), &items(base), &ident).to_string();
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn nothing_is_said_of_what_both_have() {
        let both = ["own=arwdDxtm/own", "joe=r/own"];
        assert!(diff(&target("TABLE"), &both, &both).is_empty());
    }

    #[test]
    fn revokes_come_first_and_then_the_owners_own() {
        assert_eq!(
            diff(
                &target("TABLE"),
                &["=r/own", "joe=ar*w/own", "own=r/own"],
                &["own=arwdDxtm/own", "old=w*/own"]
            ),
            [
                "REVOKE ALL ON TABLE s.t FROM own;",
                "REVOKE UPDATE ON TABLE s.t FROM old;",
                "GRANT SELECT ON TABLE s.t TO own;",
                "GRANT SELECT ON TABLE s.t TO PUBLIC;",
                "GRANT INSERT,UPDATE ON TABLE s.t TO joe;",
                "GRANT SELECT ON TABLE s.t TO joe WITH GRANT OPTION;",
            ]
        );
    }

    #[test]
    fn tables_of_servers_without_maintain_are_not_all() {
        assert_eq!(
            diff(
                &target("TABLE"),
                &["joe=arwdDxt/own", "sue=a*r*w*d*D*x*t*m*/own"],
                &[]
            ),
            [
                "GRANT SELECT,INSERT,REFERENCES,DELETE,TRIGGER,TRUNCATE,UPDATE ON TABLE s.t TO joe;",
                "GRANT ALL ON TABLE s.t TO sue WITH GRANT OPTION;",
            ]
        );
    }

    #[test]
    fn other_grantors_speak_for_themselves() {
        assert_eq!(
            diff(&target("SEQUENCE"), &["joe=rU*w/Mid"], &[]),
            [
                "SET SESSION AUTHORIZATION \"Mid\";",
                "GRANT SELECT,UPDATE ON SEQUENCE s.t TO joe;",
                "GRANT USAGE ON SEQUENCE s.t TO joe WITH GRANT OPTION;",
                "RESET SESSION AUTHORIZATION;",
            ]
        );
    }

    #[test]
    fn a_role_called_public_is_not_public() {
        assert_eq!(
            diff(
                &target("TYPE"),
                &["PUBLIC=U/own", "=U/own", "\"a;b\"=U/own"],
                &[]
            ),
            [
                "GRANT ALL ON TYPE s.t TO \"PUBLIC\";",
                "GRANT ALL ON TYPE s.t TO PUBLIC;",
                "GRANT ALL ON TYPE s.t TO \"a;b\";",
            ]
        );
    }

    #[test]
    fn columns_know_four_privileges() {
        let column = BString::from("\"C\"");
        let target = Target {
            column: Some(column.as_ref()),
            ..target("TABLE")
        };
        assert_eq!(
            diff(&target, &["joe=arwx/own", "sue=r*w/own"], &[]),
            [
                "GRANT ALL(\"C\") ON TABLE s.t TO joe;",
                "GRANT UPDATE(\"C\") ON TABLE s.t TO sue;",
                "GRANT SELECT(\"C\") ON TABLE s.t TO sue WITH GRANT OPTION;",
            ]
        );
    }

    #[test]
    fn defaults_have_a_prefix_and_no_name() {
        let target = Target {
            prefix: "ALTER DEFAULT PRIVILEGES FOR ROLE own ".into(),
            name: BString::default(),
            ..target("FUNCTIONS")
        };
        assert_eq!(
            diff(&target, &["own=X/own"], &["=X/own", "own=X/own"]),
            ["ALTER DEFAULT PRIVILEGES FOR ROLE own REVOKE ALL ON FUNCTIONS FROM PUBLIC;"]
        );
    }
}
