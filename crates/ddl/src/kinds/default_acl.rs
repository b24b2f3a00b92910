//! Default privileges: ALTER DEFAULT PRIVILEGES.

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, DefaultAcl, class};

use crate::contents::toc::Toc;
use crate::privileges::acl::Privileges;
use crate::privileges::grant::Target;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object, Tie};
use crate::{Components, Error};

/// Makes an object of every row. They borrow the letter of their kind for a name and sort by role within it.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.default_acls.len() {
        let row = &dump.listing.default_acls[i];
        let namespace = match row.namespace {
            None => None,
            Some(oid) => Some(dump.find_namespace(oid, || "default privileges".into())?),
        };
        let selected = match namespace {
            Some(namespace) => dump.namespace_object(namespace).dump_contains,
            None => selection::everything(dump),
        };
        let name = BString::from(vec![row.objtype]);
        let role = dump.listing.role(row.role).unwrap_or_default().to_owned();
        let catalog_id = CatalogId::new(class::PG_DEFAULT_ACL, row.oid);
        let id = dump
            .objects
            .add(Kind::DefaultAcl(i), catalog_id, name, namespace);
        let object = dump.objects.get_mut(id);
        object.components |= Components::ACL;
        object.tie = Tie::Name(role);
        object.dump = selected;
    }
    Ok(())
}

/// Renders default privileges. They count as privileges, although their entry is a definition.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let wanted = dump.options.schema && dump.options.privileges;
    if !wanted || !object.dumps(Components::ACL) {
        return Ok(());
    }
    let row = &dump.listing.default_acls[index];
    let kind = kind(row).ok_or_else(|| Error::Unsupported {
        object: object.to_string(),
        reason: format!(
            "default privileges for objects of type {:?} are not known",
            char::from(row.objtype)
        ),
    })?;
    let role = dump.role(object, row.role)?;
    let namespace = dump.namespace_name(object);
    let mut prefix = sql!["ALTER DEFAULT PRIVILEGES FOR ROLE ", dump.ident(role), " "];
    if let Some(namespace) = namespace {
        push!(prefix, "IN SCHEMA ", dump.ident(namespace), " ");
    }
    let target = Target {
        prefix,
        kind,
        name: BString::default(),
        column: None,
        owner: role,
    };
    let privileges = Privileges {
        acl: row.acl.acl.as_deref(),
        default: &row.acl.default,
        initial: None,
    };
    toc.push(Entry {
        tag: Some(sql!["DEFAULT PRIVILEGES FOR ", kind]),
        namespace: namespace.map(BStr::to_owned),
        owner: Some(role.to_owned()),
        definition: Some(privileges.commands(dump, &target)),
        ..Toc::entry_of(object, "DEFAULT ACL", Section::PostData)
    });
    Ok(())
}

fn kind(row: &DefaultAcl) -> Option<&'static str> {
    Some(match row.objtype {
        b'r' => "TABLES",
        b'S' => "SEQUENCES",
        b'f' => "FUNCTIONS",
        b'T' => "TYPES",
        b'n' => "SCHEMAS",
        b'L' => "LARGE OBJECTS",
        _ => return None,
    })
}
