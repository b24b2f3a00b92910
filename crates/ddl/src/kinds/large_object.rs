//! Large objects, in either of the two forms that archives know ([`LargeObjectForm`]).
//!
//! Grouped, a "BLOB METADATA" entry lists up to a thousand large objects of the same owner and privileges, and a "BLOBS" entry
//! holds their contents. Single, each has a "BLOB" entry that creates it, and one "BLOBS" entry holds the contents of all.

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{Acl, CatalogId, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::{DataJob, Toc};
use crate::privileges::acl::{self, Privileges};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object};
use crate::{Components, Error, LargeObjectForm};

/// Name of the one entry that holds all contents in the single form.
const ALL_CONTENTS: &str = "BLOBS";

/// Makes objects of large objects and of their contents.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.dumps_large_objects() || dump.listing.large_objects.is_empty() {
        return;
    }
    match dump.options.large_object_form {
        LargeObjectForm::Grouped => {
            for group in 0..dump.listing.large_objects.len() {
                collect_group(dump, group);
            }
        }
        LargeObjectForm::Single => collect_singly(dump),
    }
}

fn collect_group(dump: &mut Dump, index: usize) {
    let group = &dump.listing.large_objects[index];
    let name = group_name(&group.oids);
    let id = add(
        dump,
        Kind::LargeObject(index),
        group.oids[0],
        name.clone(),
        &group.acl.clone(),
    );
    for &oid in &dump.listing.large_objects[index].oids {
        dump.objects
            .alias(CatalogId::new(class::PG_LARGEOBJECT, oid), id);
    }
    let contents = add_contents(dump, index, name);
    dump.objects.add_dependency(contents, id);
}

fn collect_singly(dump: &mut Dump) {
    for index in 0..dump.listing.large_objects.len() {
        let acl = dump.listing.large_objects[index].acl.clone();
        for member in 0..dump.listing.large_objects[index].oids.len() {
            let oid = dump.listing.large_objects[index].oids[member];
            add(
                dump,
                Kind::SingleLargeObject(index),
                oid,
                oid.to_string().into(),
                &acl,
            );
        }
    }
    add_contents(dump, 0, ALL_CONTENTS.into());
}

/// Adds a large object or a group, named after its first.
fn add(dump: &mut Dump, kind: Kind, oid: u32, name: BString, acl: &Acl) -> DumpId {
    let catalog_id = CatalogId::new(class::PG_LARGEOBJECT, oid);
    let id = dump.objects.add(kind, catalog_id, name, None);
    let object = dump.objects.get_mut(id);
    object.components |= Components::DATA;
    if acl.acl.is_some() {
        object.components |= Components::ACL;
    }
    id
}

fn add_contents(dump: &mut Dump, index: usize, name: BString) -> DumpId {
    let id = dump.objects.add(
        Kind::LargeObjectData(index),
        CatalogId::default(),
        name,
        None,
    );
    dump.objects.get_mut(id).components |= Components::DATA;
    id
}

/// `16400`, or `16400..16423` for several; numbers between the two need not be among them.
fn group_name(oids: &[u32]) -> BString {
    match oids {
        [only] => only.to_string().into(),
        [first, .., last] => format!("{first}..{last}").into(),
        [] => unreachable!("groups of large objects have members"),
    }
}

/// Renders a group: what makes its members, and their comments, labels and privileges.
pub(crate) fn render_group(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let group = &dump.listing.large_objects[index];
    let owner = dump.role(object, group.owner)?;
    if object.dumps(Components::DEFINITION) {
        let mut list = String::with_capacity(group.oids.len() * 8);
        for oid in &group.oids {
            list.push_str(&oid.to_string());
            list.push('\n');
        }
        toc.push(Entry {
            tag: Some(object.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(list.into()),
            // pg_restore makes the real statements from the list, but only where there is a text.
            drop: Some("-- dummy".into()),
            ..Toc::entry_of(object, "BLOB METADATA", Section::Data)
        });
    }
    if object.dumps(Components::COMMENT | Components::SECLABEL) {
        for &oid in &group.oids {
            render_annotations(dump, toc, object, &subject(object, owner, oid));
        }
    }
    if object.dumps(Components::ACL) {
        // The statements are the first member's; by the tag, pg_restore knows to repeat them for all.
        let subject = subject(object, owner, group.oids[0]);
        let tag = match group.oids.len() {
            1 => sql!["LARGE OBJECT ", object.name],
            _ => sql!["LARGE OBJECTS ", object.name],
        };
        acl::render_tagged(dump, toc, &subject, &privileges(&group.acl), tag);
    }
    Ok(())
}

/// Renders one large object in the form that archives had before 1.16.
pub(crate) fn render_single(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let group = &dump.listing.large_objects[index];
    let owner = dump.role(object, group.owner)?;
    let oid = &object.name;
    if object.dumps(Components::DEFINITION) {
        toc.push(Entry {
            tag: Some(oid.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(sql!["SELECT pg_catalog.lo_create('", oid, "');\n"]),
            drop: Some(sql!["SELECT pg_catalog.lo_unlink('", oid, "');\n"]),
            ..Toc::entry_of(object, "BLOB", Section::PreData)
        });
    }
    let subject = subject(object, owner, object.catalog_id.oid);
    render_annotations(dump, toc, object, &subject);
    if object.dumps(Components::ACL) {
        acl::render(dump, toc, &subject, &privileges(&group.acl));
    }
    Ok(())
}

fn subject<'a>(object: &Object, owner: &'a BStr, oid: u32) -> Subject<'a> {
    Subject {
        kind: "LARGE OBJECT",
        name: oid.to_string().into(),
        namespace: None,
        owner,
        catalog_id: CatalogId::new(class::PG_LARGEOBJECT, oid),
        dump_id: object.id,
    }
}

/// Extensions cannot own large objects, so that nothing but the built-in default comes before.
fn privileges(acl: &Acl) -> Privileges<'_> {
    Privileges {
        acl: acl.acl.as_deref(),
        default: &acl.default,
        initial: None,
    }
}

fn render_annotations(dump: &Dump, toc: &mut Toc, object: &Object, subject: &Subject<'_>) {
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, subject);
    }
}

/// Renders the entry for contents, and the job that reads them.
pub(crate) fn render_contents(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let groups = &dump.listing.large_objects;
    let dump_id = object.id.as_i32();
    let (owner, dependencies, oids) = match dump.options.large_object_form {
        LargeObjectForm::Grouped => (
            Some(dump.role(object, groups[index].owner)?.to_owned()),
            object.dependencies.iter().map(|id| id.as_i32()).collect(),
            groups[index].oids.clone(),
        ),
        // What creates them is restored before any data, so that no dependencies are needed.
        LargeObjectForm::Single => (
            None,
            Vec::new(),
            groups
                .iter()
                .flat_map(|group| &group.oids)
                .copied()
                .collect(),
        ),
    };
    toc.push(Entry {
        had_dumper: true,
        tag: Some(object.name.clone()),
        owner,
        dependencies,
        ..Toc::entry_of(object, "BLOBS", Section::Data)
    });
    toc.data.push(DataJob::LargeObjects { dump_id, oids });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_named_after_their_ends() {
        assert_eq!(group_name(&[7]), "7");
        assert_eq!(group_name(&[7, 9, 4_000_000_000]), "7..4000000000");
    }
}
