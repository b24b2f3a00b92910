//! Aggregates.

use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{AggregateDetails, Transition};

use crate::annotations::comment::Subject;
use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::kinds::function;
use crate::privileges::acl::{self, Privileges};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every aggregate that is listed.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.aggregates.len() {
        let row = dump.listing.type_system.aggregates[i].function.clone();
        function::add(dump, Kind::Aggregate(i), row)?;
    }
    Ok(())
}

/// Renders an aggregate with its comment, label and privileges.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.aggregates[index].function;
    let aggregate = details(dump, &dump.details.type_system.aggregates, object)?;
    let owner = dump.role(object, row.owner)?;
    let name = dump.ident(&row.name);
    // Without arguments it is called with a star; only GRANT calls it like any function.
    let called = |name: &BString, arguments: &BString| match row.arguments.is_empty() {
        true => sql![name, "(*)"],
        false => sql![name, "(", arguments, ")"],
    };
    let identity = called(&name, &aggregate.identity_arguments);
    if object.dumps(Components::DEFINITION) {
        let qualified = dump.qualified(object);
        let text = sql![
            "CREATE AGGREGATE ",
            called(&qualified, &aggregate.arguments),
            " (\n",
            definition(dump, object, aggregate)?,
            "\n);\n"
        ];
        let drop = sql![
            "DROP AGGREGATE ",
            called(&qualified, &aggregate.identity_arguments),
            ";\n"
        ];
        toc.push(Entry {
            tag: Some(called(
                &row.name,
                &sql::join(&aggregate.argument_types, ", "),
            )),
            ..type_system::entry(dump, object, "AGGREGATE", Some(owner), text, drop)
        });
    }
    let subject = Subject::of(dump, object, "AGGREGATE", identity, owner);
    function::render_remarks(dump, toc, object, &subject);
    if object.dumps(Components::ACL) {
        let subject = Subject {
            kind: "FUNCTION",
            name: function::signature(&name, &aggregate.argument_types),
            ..subject
        };
        acl::render(
            dump,
            toc,
            &subject,
            &Privileges::of(dump, object.catalog_id, &row.acl),
        );
    }
    Ok(())
}

fn definition(
    dump: &Dump,
    object: &Object,
    aggregate: &AggregateDetails,
) -> Result<BString, Error> {
    let mut parts = Vec::new();
    let functions = [
        ("COMBINEFUNC", &aggregate.combine),
        ("SERIALFUNC", &aggregate.serialize),
        ("DESERIALFUNC", &aggregate.deserialize),
    ];
    let plain = &aggregate.transition;
    parts.push(sql!["SFUNC = ", reference(&plain.function)]);
    parts.push(sql!["STYPE = ", plain.state_type]);
    push_state(dump, &mut parts, "", plain);
    push_final(&mut parts, object, "", plain, aggregate.aggkind)?;
    for (name, function) in functions {
        if let Some(function) = function {
            parts.push(sql![name, " = ", function]);
        }
    }
    let moving = &aggregate.moving;
    if let Some(function) = &moving.function {
        parts.push(sql!["MSFUNC = ", function]);
        parts.push(sql!["MINVFUNC = ", reference(&aggregate.moving_inverse)]);
        parts.push(sql!["MSTYPE = ", moving.state_type]);
    }
    push_state(dump, &mut parts, "M", moving);
    push_final(&mut parts, object, "M", moving, aggregate.aggkind)?;
    if let Some(operator) = &aggregate.sort_operator {
        parts.push(sql!["SORTOP = ", type_system::operator(dump, operator)]);
    }
    if let Some(function) = &aggregate.support {
        parts.push(sql!["SUPPORT = ", function]);
    }
    if aggregate.aggkind == b'h' {
        parts.push(sql!["HYPOTHETICAL"]);
    }
    match aggregate.parallel {
        b's' => parts.push(sql!["PARALLEL = safe"]),
        b'r' => parts.push(sql!["PARALLEL = restricted"]),
        _ => {}
    }
    Ok(sql!["    ", sql::join(parts, ",\n    ")])
}

/// A function that every aggregate has; the server prints none as a dash.
fn reference(function: &Option<BString>) -> &[u8] {
    function.as_ref().map_or(b"-", |name| name.as_slice())
}

fn push_state(dump: &Dump, parts: &mut Vec<BString>, prefix: &str, transition: &Transition) {
    if transition.state_space != 0 {
        parts.push(sql![
            prefix,
            "SSPACE = ",
            transition.state_space.to_string()
        ]);
    }
    if let Some(initial) = &transition.initial {
        parts.push(sql![prefix, "INITCOND = ", dump.literal(initial)]);
    }
}

fn push_final(
    parts: &mut Vec<BString>,
    object: &Object,
    prefix: &str,
    transition: &Transition,
    aggkind: u8,
) -> Result<(), Error> {
    let Some(function) = &transition.final_function else {
        return Ok(());
    };
    parts.push(sql![prefix, "FINALFUNC = ", function]);
    if transition.final_extra {
        parts.push(sql![prefix, "FINALFUNC_EXTRA"]);
    }
    // What CREATE AGGREGATE assumes by itself is not said.
    let default = if aggkind == b'n' { b'r' } else { b'w' };
    if transition.final_modify != default {
        let modify = match transition.final_modify {
            b'r' => "READ_ONLY",
            b's' => "SHAREABLE",
            b'w' => "READ_WRITE",
            other => {
                return Err(type_system::unknown(
                    object,
                    "what its final function modifies",
                    other,
                ));
            }
        };
        parts.push(sql![prefix, "FINALFUNC_MODIFY = ", modify]);
    }
    Ok(())
}
