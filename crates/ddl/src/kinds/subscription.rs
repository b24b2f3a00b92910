//! Subscriptions.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Publisher, Subscription, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::text::sql;
use crate::{Components, Error, Sections};

/// Makes an object of every subscription. Only superusers see what they are; others are told which ones are left out.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.subscriptions {
        return;
    }
    for i in 0..dump.details.post_data.subscriptions.len() {
        let row = &dump.details.post_data.subscriptions[i];
        let (name, catalog_id) = (
            row.name.clone(),
            CatalogId::new(class::PG_SUBSCRIPTION, row.oid),
        );
        let id = dump
            .objects
            .add(Kind::Subscription(i), catalog_id, name, None);
        selection::select(dump, id);
    }
    let hidden = &dump.details.post_data.hidden_subscriptions;
    if !hidden.is_empty() && dump.options.defines(Sections::POST_DATA) {
        let names: Vec<String> = hidden.iter().map(|name| format!("\"{name}\"")).collect();
        dump.warnings.push(format!(
            "subscriptions are not dumped, since only a superuser may read them: {}",
            names.join(", ")
        ));
    }
}

/// Renders a subscription, its comment and label. It is restored without connecting to the publisher.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.details.post_data.subscriptions[index];
    let name = dump.ident(&row.name);
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        toc.push(Entry {
            tag: Some(row.name.clone()),
            owner: Some(owner.to_owned()),
            definition: Some(definition(dump, row, &name)),
            drop: Some(sql!["DROP SUBSCRIPTION ", name, ";\n"]),
            ..Toc::entry_of(object, "SUBSCRIPTION", Section::PostData)
        });
    }
    let subject = Subject::of(dump, object, "SUBSCRIPTION", name, owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    Ok(())
}

fn definition(dump: &Dump, row: &Subscription, name: &BString) -> BString {
    let publications = sql::join(row.publications.iter().map(|name| dump.ident(name)), ", ");
    let slot = match &row.slot_name {
        Some(name) => dump.literal(name),
        None => "NONE".into(),
    };
    let streaming = match row.streaming {
        b't' => "on",
        b'p' => "parallel",
        _ => "off",
    };
    let publisher = match &row.publisher {
        Publisher::Conninfo(conninfo) => sql![" CONNECTION ", dump.literal(conninfo)],
        Publisher::Server(server) => sql![" SERVER ", dump.ident(server)],
    };
    let mut text = sql![
        "CREATE SUBSCRIPTION ",
        name,
        publisher,
        " PUBLICATION ",
        publications,
        " WITH (connect = false, slot_name = ",
        slot
    ];
    if row.binary {
        push!(text, ", binary = true");
    }
    // Before 14 a server does not know the word, and would refuse the whole statement.
    if dump.listing.server.version >= 140000 {
        push!(text, ", streaming = ", streaming);
    }
    let switches = [
        (row.two_phase, ", two_phase = on"),
        (row.disable_on_error, ", disable_on_error = true"),
        (!row.password_required, ", password_required = false"),
        (row.run_as_owner, ", run_as_owner = true"),
        (row.failover, ", failover = true"),
        (row.retain_dead_tuples, ", retain_dead_tuples = true"),
    ];
    for (_, option) in switches.iter().filter(|(is_set, _)| *is_set) {
        push!(text, option);
    }
    if row.max_retention != 0 {
        let longest = row.max_retention.to_string();
        push!(text, ", max_retention_duration = ", longest);
    }
    // Quoted as names are, which these options take as well as a literal.
    let settings = [
        ("synchronous_commit", &row.synchronous_commit, "off"),
        ("wal_receiver_timeout", &row.wal_receiver_timeout, "-1"),
    ];
    for (option, value, default) in settings {
        if value != default {
            push!(text, ", ", option, " = ", dump.ident(value));
        }
    }
    if !row.origin.eq_ignore_ascii_case(b"any") {
        push!(text, ", origin = ", row.origin);
    }
    push!(text, ");\n");
    text
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::Listing;

    use super::*;
    use crate::Options;

    fn subscription() -> Subscription {
        Subscription {
            oid: 16400,
            name: "s".into(),
            owner: 10,
            publisher: Publisher::Conninfo("host=h".into()),
            slot_name: None,
            synchronous_commit: "off".into(),
            publications: vec!["p".into()],
            binary: false,
            streaming: b'f',
            two_phase: false,
            disable_on_error: false,
            password_required: true,
            run_as_owner: false,
            origin: "any".into(),
            failover: false,
            retain_dead_tuples: false,
            max_retention: 0,
            wal_receiver_timeout: "-1".into(),
        }
    }

    fn definition_of(version: u32, row: &Subscription) -> BString {
        let mut listing = Listing::default();
        listing.server.version = version;
        let dump = Dump::new(listing, Options::default()).expect("an empty database");
        definition(&dump, row, &"s".into())
    }

    #[test]
    fn only_what_differs_from_the_defaults_is_said() {
        assert_eq!(
            definition_of(180_000, &subscription()),
            "CREATE SUBSCRIPTION s CONNECTION 'host=h' PUBLICATION p \
             WITH (connect = false, slot_name = NONE, streaming = off);\n"
        );
    }

    #[test]
    fn a_server_that_cannot_stream_is_not_told_to() {
        assert_eq!(
            definition_of(130_016, &subscription()),
            "CREATE SUBSCRIPTION s CONNECTION 'host=h' PUBLICATION p \
             WITH (connect = false, slot_name = NONE);\n"
        );
    }

    #[test]
    fn every_option_has_its_place() {
        let row = Subscription {
            publisher: Publisher::Conninfo("password=it's".into()),
            slot_name: Some("a'b".into()),
            synchronous_commit: "on".into(),
            publications: vec!["p".into(), "P 2".into()],
            binary: true,
            streaming: b'p',
            two_phase: true,
            disable_on_error: true,
            password_required: false,
            run_as_owner: true,
            origin: "none".into(),
            failover: true,
            retain_dead_tuples: true,
            max_retention: 60_000,
            wal_receiver_timeout: "5min".into(),
            ..subscription()
        };
        assert_eq!(
            definition_of(180_000, &row),
            "CREATE SUBSCRIPTION s CONNECTION 'password=it''s' PUBLICATION p, \"P 2\" \
             WITH (connect = false, slot_name = 'a''b', binary = true, streaming = parallel, \
             two_phase = on, disable_on_error = true, password_required = false, \
             run_as_owner = true, failover = true, retain_dead_tuples = true, max_retention_duration = 60000, \
             synchronous_commit = \"on\", wal_receiver_timeout = \"5min\", origin = none);\n"
        );
    }
}
