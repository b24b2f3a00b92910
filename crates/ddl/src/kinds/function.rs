//! Functions, procedures and window functions.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Function, FunctionBody, FunctionDetails, class, prokind};

use crate::annotations::comment::{self, Subject};
use crate::annotations::{extension_dependency, seclabel};
use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::privileges::acl::{self, Privileges};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object, Tie};
use crate::text::dollar_quote::dollar_quote;
use crate::text::{guc, sql};
use crate::{Components, Error};

/// Makes an object of every function that is listed.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.functions.len() {
        let row = dump.listing.type_system.functions[i].clone();
        add(dump, Kind::Function(i), row)?;
    }
    Ok(())
}

/// Makes the object of a function or an aggregate.
pub(crate) fn add(dump: &mut Dump, kind: Kind, row: Function) -> Result<DumpId, Error> {
    let catalog_id = CatalogId::new(class::PG_PROC, row.oid);
    let id = type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
    let object = dump.objects.get_mut(id);
    object.tie = Tie::Arguments(row.arguments);
    if row.acl.acl.is_some() {
        object.components |= Components::ACL;
    }
    Ok(id)
}

/// A function's name with the types of its input arguments, which is enough to refer to it. `name` may be quoted or, for a tag,
/// not.
pub(crate) fn signature(name: impl AsRef<[u8]>, argument_types: &[BString]) -> BString {
    sql![name, "(", sql::join(argument_types, ", "), ")"]
}

/// Renders a function with its comment, label and privileges.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.functions[index];
    let function = details(dump, &dump.details.type_system.functions, object)?;
    let owner = dump.role(object, row.owner)?;
    let keyword = match function.prokind {
        prokind::PROCEDURE => "PROCEDURE",
        _ => "FUNCTION",
    };
    let name = dump.ident(&row.name);
    let identity = sql![name, "(", function.identity_arguments, ")"];
    if object.dumps(Components::DEFINITION) {
        let qualifier = sql![
            dump.ident(dump.namespace_name(object).unwrap_or_default()),
            "."
        ];
        let identified = sql![keyword, " ", qualifier, identity];
        let mut text = sql![
            "CREATE ",
            keyword,
            " ",
            qualifier,
            name,
            "(",
            function.arguments,
            ")"
        ];
        push_result(&mut text, function);
        push_properties(dump, &mut text, object, function)?;
        let depends = extension_dependency::statements(dump, object, &identified);
        push!(text, "\n    ", body(dump, &function.body), ";\n", depends);
        let drop = sql!["DROP ", identified, ";\n"];
        toc.push(Entry {
            tag: Some(signature(&row.name, &function.argument_types)),
            section: if object.postponed {
                Section::PostData
            } else {
                Section::PreData
            },
            ..type_system::entry(dump, object, keyword, Some(owner), text, drop)
        });
    }
    let subject = Subject::of(dump, object, keyword, identity, owner);
    render_remarks(dump, toc, object, &subject);
    if object.dumps(Components::ACL) {
        acl::render(
            dump,
            toc,
            &subject,
            &Privileges::of(dump, object.catalog_id, &row.acl),
        );
    }
    Ok(())
}

/// Writes the comment and labels on a function or aggregate.
pub(crate) fn render_remarks(dump: &Dump, toc: &mut Toc, object: &Object, subject: &Subject<'_>) {
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, subject);
    }
}

fn push_result(text: &mut BString, function: &FunctionDetails) {
    if function.prokind != prokind::PROCEDURE {
        // Only procedures have no result.
        let result = function.result.as_ref().map_or(&b""[..], |result| result);
        push!(*text, " RETURNS ", result);
    }
}

/// Everything between the result and the body.
fn push_properties(
    dump: &Dump,
    text: &mut BString,
    object: &Object,
    function: &FunctionDetails,
) -> Result<(), Error> {
    push!(*text, "\n    LANGUAGE ", dump.ident(&function.language));
    if !function.transform_types.is_empty() {
        let types = function
            .transform_types
            .iter()
            .map(|name| sql!["FOR TYPE ", name]);
        push!(*text, " TRANSFORM ", sql::join(types, ", "));
    }
    let flags = [
        (function.prokind == prokind::WINDOW, " WINDOW"),
        (true, volatility(object, function.volatility)?),
        (function.is_strict, " STRICT"),
        (function.is_security_definer, " SECURITY DEFINER"),
        (function.is_leakproof, " LEAKPROOF"),
    ];
    for (_, flag) in flags.iter().filter(|(is_set, _)| *is_set) {
        push!(*text, flag);
    }
    // What CREATE FUNCTION assumes by itself is not said.
    let is_compiled = function.language == "internal" || function.language == "c";
    let default_cost = if is_compiled { "1" } else { "100" };
    if function.cost != "0" && function.cost != default_cost {
        push!(*text, " COST ", function.cost);
    }
    if function.returns_set && function.rows != "0" && function.rows != "1000" {
        push!(*text, " ROWS ", function.rows);
    }
    if let Some(support) = &function.support {
        push!(*text, " SUPPORT ", support);
    }
    push!(*text, parallel(object, function.parallel)?);
    for setting in &function.settings {
        let Some((name, value)) = setting.split_once_str("=") else {
            continue;
        };
        let value = guc::value(dump.listing.server.version, name, value, |text| {
            dump.literal(text)
        });
        push!(*text, "\n    SET ", dump.ident(name), " TO ", value);
    }
    Ok(())
}

fn volatility(object: &Object, volatility: u8) -> Result<&'static str, Error> {
    match volatility {
        b'i' => Ok(" IMMUTABLE"),
        b's' => Ok(" STABLE"),
        b'v' => Ok(""),
        other => Err(type_system::unknown(object, "its volatility", other)),
    }
}

fn parallel(object: &Object, parallel: u8) -> Result<&'static str, Error> {
    match parallel {
        b's' => Ok(" PARALLEL SAFE"),
        b'r' => Ok(" PARALLEL RESTRICTED"),
        b'u' => Ok(""),
        other => Err(type_system::unknown(object, "its parallel safety", other)),
    }
}

fn body(dump: &Dump, body: &FunctionBody) -> BString {
    let quote = |text: &BString| match dump.options.dollar_quoting {
        true => dollar_quote(text),
        false => dump.literal(text),
    };
    match body {
        FunctionBody::Sql(text) => text.clone(),
        FunctionBody::Source(text) => sql!["AS ", quote(text)],
        FunctionBody::Library { path, symbol } if symbol.is_empty() => {
            sql!["AS ", dump.literal(path)]
        }
        FunctionBody::Library { path, symbol } => {
            let quoted = match symbol.find_byteset(br"'\") {
                Some(_) => quote(symbol),
                None => dump.literal(symbol),
            };
            sql!["AS ", dump.literal(path), ", ", quoted]
        }
    }
}

/// A function by its OID, as other objects call it: qualified, with the types of its arguments.
///
/// # Errors
///
/// [`Error::Missing`] where `user` names a function that is not listed.
pub(crate) fn reference(
    dump: &Dump,
    user: &Object,
    oid: u32,
    argument_types: &[BString],
) -> Result<BString, Error> {
    let function = dump
        .objects
        .find_object(class::PG_PROC, oid)
        .ok_or_else(|| dump.missing(user, format!("function with OID {oid}")))?;
    Ok(signature(dump.qualified(function), argument_types))
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::Listing;

    use super::*;
    use crate::Options;

    #[test]
    fn bodies_are_quoted_as_they_need() {
        let dump = Dump::new(Listing::default(), Options::default()).unwrap();
        let library = |symbol: &str| {
            body(
                &dump,
                &FunctionBody::Library {
                    path: "$libdir/o'x".into(),
                    symbol: symbol.into(),
                },
            )
        };
        assert_eq!(library("f"), "AS '$libdir/o''x', 'f'");
        assert_eq!(library("f'"), "AS '$libdir/o''x', $$f'$$");
        assert_eq!(library(""), "AS '$libdir/o''x'");
        assert_eq!(body(&dump, &FunctionBody::Source("".into())), "AS $$$$");
        assert_eq!(
            body(&dump, &FunctionBody::Sql("RETURN 1".into())),
            "RETURN 1"
        );
    }
}
