//! Privileges: the GRANTs and REVOKEs that lead from what a new object has to what this one has.
//!
//! What a new object has is what `pg_init_privs` noted of it, where initdb or an extension makes it, and otherwise the built-in
//! default for its kind and owner.

use std::borrow::Cow;

use bstr::{BStr, BString};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{Acl, AclItem, CatalogId};

use crate::Components;
use crate::annotations::comment::Subject;
use crate::contents::toc::Toc;
use crate::privileges::grant::{self, Target};
use crate::state::dump::Dump;
use crate::state::object::DumpId;

/// What is known of the privileges of one object.
#[derive(Debug)]
pub(crate) struct Privileges<'a> {
    /// What the object has; `None` stands for the default.
    pub(crate) acl: Option<&'a [AclItem]>,
    /// What the built-in default for its kind and owner is.
    pub(crate) default: &'a [AclItem],
    /// What initdb or its extension gave it (`pg_init_privs`), where that is known.
    pub(crate) initial: Option<Cow<'a, [AclItem]>>,
}

impl<'a> Privileges<'a> {
    /// The privileges of a whole object, with its initial ones looked up.
    pub(crate) fn of(dump: &'a Dump, catalog_id: CatalogId, acl: &'a Acl) -> Self {
        Self {
            acl: acl.acl.as_deref(),
            default: &acl.default,
            initial: dump
                .details
                .initial_privileges
                .get(&catalog_id)
                .map(Cow::from),
        }
    }

    /// The statements that lead to these privileges; empty where nothing needs to be said.
    pub(crate) fn commands(&self, dump: &Dump, target: &Target<'_>) -> BString {
        let (acl, base) = match (&self.initial, self.acl) {
            (Some(initial), acl) => (acl.unwrap_or(self.default), initial.as_ref()),
            (None, Some(acl)) => (acl, self.default),
            (None, None) => return BString::default(),
        };
        grant::commands(target, acl, base, &|name| dump.ident(name))
    }
}

/// Marks the tables whose columns have privileges of their own: to say those is reason enough to render a table.
pub(crate) fn collect(dump: &mut Dump) {
    for &table in dump.details.column_acls.keys() {
        // Other relations can have columns too: TOAST tables, say.
        if let Some(table) = dump.find_table(table) {
            dump.objects.get_mut(dump.table_ids[table]).components |= Components::ACL;
        }
    }
}

/// Writes the entry for an object's privileges, where they differ from what it starts with. Returns the entry's id.
///
/// The subject's kind must be what GRANT calls it: `TABLE` for anything that has columns, `FOREIGN SERVER` for a server.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    privileges: &Privileges<'_>,
) -> Option<DumpId> {
    render_tagged(
        dump,
        toc,
        subject,
        privileges,
        sql![subject.kind, " ", subject.name],
    )
}

/// As [`render`], with a tag that is not made from the subject's kind and name.
pub(crate) fn render_tagged(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    privileges: &Privileges<'_>,
    tag: BString,
) -> Option<DumpId> {
    // Privileges belong to the schema, but those on large objects to the data.
    let wanted = dump.options.schema || subject.kind == "LARGE OBJECT";
    if !dump.options.privileges || !wanted {
        return None;
    }
    let commands = privileges.commands(dump, &target(dump, subject, None));
    push_entry(toc, subject, tag, &[subject.dump_id], commands)
}

/// Writes the entries for privileges on the columns of a relation, one a column.
///
/// The subject is the relation, with `TABLE` for its kind; `relation_acl` is what [`render`] returned for it.
pub(crate) fn render_columns(
    dump: &Dump,
    toc: &mut Toc,
    subject: &Subject<'_>,
    relation_acl: Option<DumpId>,
) {
    let Some(columns) = dump.details.column_acls.get(&subject.catalog_id.oid) else {
        return;
    };
    if !dump.options.privileges || !dump.options.schema {
        return;
    }
    // A REVOKE on the relation takes the privileges on its columns along, so it has to be done first.
    let parents: Vec<DumpId> = std::iter::once(subject.dump_id)
        .chain(relation_acl)
        .collect();
    for row in columns {
        let column = dump.ident(&row.column);
        let privileges = Privileges {
            acl: row.acl.as_deref(),
            default: &[],
            initial: row.initial.as_deref().map(Cow::from),
        };
        let commands = privileges.commands(dump, &target(dump, subject, Some(column.as_ref())));
        push_entry(
            toc,
            subject,
            sql!["COLUMN ", subject.name, ".", column],
            &parents,
            commands,
        );
    }
}

fn target<'a>(dump: &Dump, subject: &'a Subject<'_>, column: Option<&'a BStr>) -> Target<'a> {
    let qualifier = subject
        .namespace
        .map(|name| sql![dump.ident(name), "."])
        .unwrap_or_default();
    Target {
        prefix: BString::default(),
        kind: subject.kind,
        name: sql![qualifier, subject.name],
        column,
        owner: subject.owner,
    }
}

fn push_entry(
    toc: &mut Toc,
    subject: &Subject<'_>,
    tag: BString,
    parents: &[DumpId],
    commands: BString,
) -> Option<DumpId> {
    if commands.is_empty() {
        return None;
    }
    let entry = toc.entry_on("ACL", parents);
    let id = DumpId(u32::try_from(entry.dump_id).expect("dump ids are positive"));
    toc.push(Entry {
        tag: Some(tag),
        namespace: subject.namespace.map(BStr::to_owned),
        owner: Some(subject.owner.to_owned()),
        definition: Some(commands),
        ..entry
    });
    Some(id)
}

/// What schema `public` has in a new database since 15: everything for the owner, USAGE for PUBLIC.
pub(crate) fn public_schema_default(owner: &BStr) -> Vec<AclItem> {
    let item = |grantee: &BStr, privileges: &str| AclItem {
        grantee: grantee.to_owned(),
        privileges: privileges.into(),
        grantor: owner.to_owned(),
    };
    vec![item(owner, "UC"), item(BStr::new(""), "U")]
}
