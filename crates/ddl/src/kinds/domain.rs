//! Domains and their constraints.

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, DomainConstraint, Oid, class, contype};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, LoopRole, Object, Tie};
use crate::{Components, Error, Sections};

/// Makes an object of every constraint of a domain that is dumped.
pub(crate) fn collect_constraints(dump: &mut Dump, domain: DumpId, oid: Oid) {
    let namespace = dump.objects.get(domain).namespace;
    let mut has_not_null = false;
    for i in constraints(dump, oid) {
        let row = &dump.listing.type_system.domain_constraints[i];
        let (name, is_validated) = (row.name.clone(), row.is_validated);
        // Servers of 17 accept several, which say the same; those of 18 refuse them, and pg_dump crashes.
        if row.contype == contype::NOT_NULL && std::mem::replace(&mut has_not_null, true) {
            if dump.options.defines(Sections::PRE_DATA) {
                let object = dump.objects.get(domain);
                dump.warnings.push(format!(
                    "{object} is NOT NULL more than once; left out: constraint \"{name}\""
                ));
            }
            continue;
        }
        let catalog_id = CatalogId::new(class::PG_CONSTRAINT, row.oid);
        let id = dump
            .objects
            .add(Kind::DomainConstraint(i), catalog_id, name, namespace);
        let object = dump.objects.get_mut(id);
        object.part_of = Some(domain);
        object.tie = Tie::Part;
        object.loop_role = LoopRole::Check;
        // One that is not validated can only be added later, so the domain need not wait for it.
        object.separate = !is_validated;
        if is_validated {
            dump.objects.add_dependency(domain, id);
        }
    }
}

/// Indexes of a domain's constraints in the listing, which is sorted by domain.
fn constraints(dump: &Dump, domain: Oid) -> std::ops::Range<usize> {
    let rows = &dump.listing.type_system.domain_constraints;
    let first = rows.partition_point(|row| row.domain < domain);
    let count = rows[first..].partition_point(|row| row.domain == domain);
    first..first + count
}

/// The constraints of a domain that are part of it, by name, with their objects.
fn inner_constraints<'a>(
    dump: &'a Dump,
    domain: &Object,
) -> impl Iterator<Item = (&'a DomainConstraint, &'a Object)> {
    constraints(dump, domain.catalog_id.oid).filter_map(|i| {
        let row = &dump.listing.type_system.domain_constraints[i];
        let object = dump.objects.find_object(class::PG_CONSTRAINT, row.oid)?;
        (!object.separate).then_some((row, object))
    })
}

/// The statement that creates a domain.
pub(crate) fn definition(dump: &Dump, object: &Object) -> Result<BString, Error> {
    let domain = details(dump, &dump.details.type_system.domains, object)?;
    let collate = type_system::collate(dump, domain.collation.as_ref());
    let name = dump.qualified(object);
    let mut text = sql!["CREATE DOMAIN ", name, " AS ", domain.base_type, collate];
    if domain.not_null {
        push!(text, not_null(dump, object)?);
    }
    if let Some(default) = &domain.default {
        push!(text, " DEFAULT ", type_system::default(dump, default));
    }
    for (row, constraint) in inner_constraints(dump, object) {
        if row.contype == contype::CHECK {
            let definition = constraint_definition(dump, constraint)?;
            push!(
                text,
                "\n\tCONSTRAINT ",
                dump.ident(&row.name),
                " ",
                definition
            );
        }
    }
    push!(text, ";\n");
    Ok(text)
}

/// The NOT NULL of a domain that has it. Before 17 it has no name; since then, the name that the server gives by itself is
/// not said.
fn not_null(dump: &Dump, object: &Object) -> Result<BString, Error> {
    let mut rows = constraints(dump, object.catalog_id.oid)
        .map(|i| &dump.listing.type_system.domain_constraints[i]);
    if !rows.any(|row| row.contype == contype::NOT_NULL) {
        return Ok(sql![" NOT NULL"]);
    }
    let inner = inner_constraints(dump, object).find(|(row, _)| row.contype == contype::NOT_NULL);
    let Some((row, constraint)) = inner else {
        return Ok(BString::default());
    };
    if row.name == sql![object.name, "_not_null"] {
        return Ok(sql![" NOT NULL"]);
    }
    let definition = constraint_definition(dump, constraint)?;
    Ok(sql![" CONSTRAINT ", dump.ident(&row.name), " ", definition])
}

fn constraint_definition<'a>(dump: &'a Dump, object: &Object) -> Result<&'a BStr, Error> {
    let row = details(dump, &dump.details.type_system.domain_constraints, object)?;
    Ok(row.definition.as_ref())
}

/// Writes the comments on the constraints that are part of the domain: CHECK by name, then NOT NULL.
pub(crate) fn render_constraint_comments(
    dump: &Dump,
    toc: &mut Toc,
    domain: &Object,
    owner: &BStr,
) {
    for wanted in [contype::CHECK, contype::NOT_NULL] {
        for (_, object) in inner_constraints(dump, domain).filter(|(row, _)| row.contype == wanted)
        {
            render_comment(dump, toc, domain, object, owner, domain.id);
        }
    }
}

/// Writes the comment on a constraint; the entry hangs on `dump_id`.
fn render_comment(
    dump: &Dump,
    toc: &mut Toc,
    domain: &Object,
    constraint: &Object,
    owner: &BStr,
    dump_id: DumpId,
) {
    if constraint.dumps(Components::COMMENT) {
        let name = dump.ident(&domain.name);
        let subject = Subject {
            catalog_id: constraint.catalog_id,
            dump_id,
            ..Subject::of(dump, domain, "CONSTRAINT", name, owner)
        };
        comment::render_within(
            dump,
            toc,
            &subject,
            "ON DOMAIN",
            dump.ident(&constraint.name).as_ref(),
        );
    }
}

/// Renders a constraint that could not be part of its domain.
pub(crate) fn render_constraint(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema || !object.separate {
        return Ok(());
    }
    let row = &dump.listing.type_system.domain_constraints[index];
    let missing = || dump.missing(object, format!("domain with OID {}", row.domain));
    let domain = dump
        .objects
        .find_object(class::PG_TYPE, row.domain)
        .ok_or_else(missing)?;
    let Kind::Type(type_index) = domain.kind else {
        return Err(missing());
    };
    let owner = dump.role(object, dump.listing.type_system.types[type_index].owner)?;
    if object.dumps(Components::DEFINITION) {
        let (name, alter) = (
            dump.ident(&row.name),
            sql!["ALTER DOMAIN ", dump.qualified(domain)],
        );
        let descriptor = if row.contype == contype::CHECK {
            "CHECK CONSTRAINT"
        } else {
            "CONSTRAINT"
        };
        let definition = constraint_definition(dump, object)?;
        let entry = type_system::entry(
            dump,
            object,
            descriptor,
            Some(owner),
            sql![alter, "\n    ADD CONSTRAINT ", name, " ", definition, ";\n"],
            sql![alter, " DROP CONSTRAINT ", name, ";\n"],
        );
        toc.push(Entry {
            tag: Some(sql![domain.name, " ", row.name]),
            section: Section::PostData,
            ..entry
        });
    }
    render_comment(dump, toc, domain, object, owner, object.id);
    Ok(())
}
