//! The database itself, for `pg_restore --create`.

use bstr::BString;
use pgdumprs_archive::{CatalogId as EntryCatalogId, Entry, Section};
use pgdumprs_catalog::{CatalogId, Database, DatabaseSetting, LocaleProvider, class};

use crate::Error;
use crate::annotations::comment::Subject;
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::privileges::acl::{self, Privileges};
use crate::state::dump::Dump;
use crate::state::object::DumpId;
use crate::text::{guc, sql};

/// The tablespace that a database is in unless it says otherwise.
const DEFAULT_TABLESPACE: &str = "pg_default";

/// Writes the database, its comment, labels and privileges, and the properties that can only be set once it is there.
///
/// They are written whatever the options say: pg_restore decides by its own `--create` whether to use them.
pub(crate) fn render(dump: &Dump, toc: &mut Toc) -> Result<(), Error> {
    let row = &dump.listing.database;
    let owner = dump.role(&format!("database {}", row.name), row.owner)?;
    let name = dump.ident(&row.name);
    let id = toc.new_id();
    toc.push(Entry {
        dump_id: id.as_i32(),
        catalog_id: EntryCatalogId {
            tableoid: class::PG_DATABASE,
            oid: row.oid,
        },
        tag: Some(row.name.clone()),
        descriptor: "DATABASE".into(),
        section: Section::PreData,
        owner: Some(owner.to_owned()),
        definition: Some(create(dump, row, &name)),
        drop: Some(sql!["DROP DATABASE ", name, ";\n"]),
        ..Entry::default()
    });
    let subject = Subject {
        kind: "DATABASE",
        name: name.clone(),
        namespace: None,
        owner,
        catalog_id: CatalogId::new(class::PG_DATABASE, row.oid),
        dump_id: id,
    };
    render_comment(dump, toc, &subject);
    render_labels(dump, toc, &subject);
    let privileges = Privileges {
        acl: row.acl.acl.as_deref(),
        default: &row.acl.default,
        initial: None,
    };
    acl::render(dump, toc, &subject, &privileges);
    render_properties(dump, toc, &subject);
    Ok(())
}

fn create(dump: &Dump, row: &Database, name: &BString) -> BString {
    let mut text = sql!["CREATE DATABASE ", name, " WITH TEMPLATE = template0"];
    let property = |text: &mut BString, key: &str, value: &BString| {
        if !value.is_empty() {
            push!(*text, " ", key, " = ", dump.literal(value));
        }
    };
    property(&mut text, "ENCODING", &row.encoding);
    let provider = match row.locale_provider {
        LocaleProvider::Libc => "libc",
        LocaleProvider::Icu => "icu",
        LocaleProvider::Builtin => "builtin",
    };
    // Servers before 15 have one provider and no word for it.
    if dump.listing.server.version >= 150000 {
        push!(text, " LOCALE_PROVIDER = ", provider);
    }
    if row.collate == row.ctype {
        property(&mut text, "LOCALE", &row.collate);
    } else {
        property(&mut text, "LC_COLLATE", &row.collate);
        property(&mut text, "LC_CTYPE", &row.ctype);
    }
    if let Some(locale) = &row.locale {
        let builtin = row.locale_provider == LocaleProvider::Builtin;
        let key = if builtin {
            "BUILTIN_LOCALE"
        } else {
            "ICU_LOCALE"
        };
        push!(text, " ", key, " = ", dump.literal(locale));
    }
    if let Some(rules) = &row.icu_rules {
        push!(text, " ICU_RULES = ", dump.literal(rules));
    }
    if row.tablespace != DEFAULT_TABLESPACE && dump.options.tablespaces {
        push!(text, " TABLESPACE = ", dump.ident(&row.tablespace));
    }
    push!(text, ";\n");
    text
}

/// Comments on databases stand in a catalog of their own, since all databases share it.
fn render_comment(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>) {
    let comment = dump
        .listing
        .database
        .comment
        .as_ref()
        .filter(|text| !text.is_empty());
    let Some(text) = comment.filter(|_| dump.options.comments) else {
        return;
    };
    let entry = toc.entry_on("COMMENT", &[subject.dump_id]);
    toc.push(Entry {
        tag: Some(sql!["DATABASE ", subject.name]),
        owner: Some(subject.owner.to_owned()),
        definition: Some(sql![
            "COMMENT ON DATABASE ",
            subject.name,
            " IS ",
            dump.literal(text),
            ";\n"
        ]),
        ..entry
    });
}

fn render_labels(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>) {
    if !dump.options.security_labels {
        return;
    }
    let target = sql!["DATABASE ", subject.name];
    let mut commands = BString::default();
    for row in &dump.listing.database_labels {
        let label = literal(dump, &row.label);
        push!(
            commands,
            seclabel::command(dump, row.provider.as_ref(), &target, &label)
        );
    }
    seclabel::push_entry(toc, subject, commands);
}

/// Properties have an entry of their own because CREATE DATABASE must be alone in its transaction.
fn render_properties(dump: &Dump, toc: &mut Toc, subject: &Subject<'_>) {
    let row = &dump.listing.database;
    let (mut definition, mut drop) = (BString::default(), BString::default());
    if row.connection_limit != -1 {
        let limit = row.connection_limit.to_string();
        push!(
            definition,
            "ALTER DATABASE ",
            subject.name,
            " CONNECTION LIMIT = ",
            limit,
            ";\n"
        );
    }
    if row.is_template {
        push!(
            definition,
            "ALTER DATABASE ",
            subject.name,
            " IS_TEMPLATE = true;\n"
        );
        // A template cannot be dropped, and there is no ALTER DATABASE IF EXISTS.
        push!(
            drop,
            "UPDATE pg_catalog.pg_database SET datistemplate = false WHERE datname = ",
            dump.literal(&row.name),
            ";\n"
        );
    }
    for setting in &dump.listing.database_settings {
        push!(definition, set_command(dump, &subject.name, setting));
    }
    if definition.is_empty() {
        return;
    }
    let id: DumpId = toc.new_id();
    toc.push(Entry {
        dump_id: id.as_i32(),
        tag: Some(row.name.clone()),
        descriptor: "DATABASE PROPERTIES".into(),
        section: Section::PreData,
        owner: Some(subject.owner.to_owned()),
        definition: Some(definition),
        drop: Some(drop),
        ..Entry::default()
    });
}

/// A string literal that the server of this dump reads whatever its `standard_conforming_strings`.
fn literal(dump: &Dump, text: &[u8]) -> BString {
    sql::versioned_literal(dump.listing.server.version, text, dump.encoding)
}

/// `ALTER DATABASE … SET` or `ALTER ROLE … IN DATABASE … SET`.
fn set_command(dump: &Dump, database: &BString, row: &DatabaseSetting) -> BString {
    let whose = match &row.role {
        None => sql!["DATABASE ", database],
        Some(role) => sql!["ROLE ", dump.ident(role), " IN DATABASE ", database],
    };
    let version = dump.listing.server.version;
    guc::set_command(
        version,
        &whose,
        &row.setting,
        |name| dump.ident(name),
        |value| literal(dump, value),
    )
}
