//! Sequences.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{OwningColumn, Sequence, Table, identity};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::state::dump::Dump;
use crate::state::object::Object;
use crate::{Components, Error};

/// Renders a sequence, what owns it, its comment and label.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    let row = &dump.listing.tables[table];
    let name = dump.qualified(object);
    let owner = dump.role(object, row.owner)?;
    let (create, drop) = match row.owning_column {
        Some(owning) if owning.is_identity => {
            // It comes and goes with its column.
            (
                create_identity(dump, object, row, owning)?,
                BString::default(),
            )
        }
        _ => (
            create(dump, object, row)?,
            sql!["DROP SEQUENCE ", name, ";\n"],
        ),
    };
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(owner.to_owned()),
        definition: Some(create),
        drop: Some(drop),
        ..Toc::entry_of(object, "SEQUENCE", Section::PreData)
    });
    if let Some(owning) = row.owning_column.filter(|owning| !owning.is_identity) {
        render_owned_by(dump, toc, object, row, owning)?;
    }
    let subject = Subject::of(dump, object, "SEQUENCE", dump.ident(&row.name), owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    Ok(())
}

fn create(dump: &Dump, object: &Object, row: &Table) -> Result<BString, Error> {
    let sequence = parameters(dump, object, row)?;
    let unlogged = if row.persistence == b'u' {
        "UNLOGGED "
    } else {
        ""
    };
    let mut text = sql![
        "CREATE ",
        unlogged,
        "SEQUENCE ",
        dump.qualified(object),
        "\n"
    ];
    if sequence.type_name != "bigint" {
        push!(text, "    AS ", sequence.type_name, "\n");
    }
    push!(text, body(dump, object, sequence)?, ";\n");
    Ok(text)
}

fn create_identity(
    dump: &Dump,
    object: &Object,
    row: &Table,
    owning: OwningColumn,
) -> Result<BString, Error> {
    let (table, table_row) = owning_table(dump, object, owning)?;
    let column = dump.column(table, owning.attnum)?;
    let when = match column.identity {
        identity::ALWAYS => "ALWAYS",
        identity::BY_DEFAULT => "BY DEFAULT",
        _ => "",
    };
    let mut text = sql![
        "ALTER TABLE ",
        dump.qualified(dump.table_object(table)),
        " ALTER COLUMN ",
        dump.ident(&column.name),
        " ADD GENERATED ",
        when,
        " AS IDENTITY (\n    SEQUENCE NAME ",
        dump.qualified(object),
        "\n"
    ];
    // Servers before 15 do not know the option: there, the sequence of an unlogged table is logged like any other.
    if dump.listing.server.version >= 150000 && row.persistence != table_row.persistence {
        push!(
            text,
            "    ",
            if row.persistence == b'u' {
                "UNLOGGED"
            } else {
                "LOGGED"
            },
            "\n"
        );
    }
    push!(
        text,
        body(dump, object, parameters(dump, object, row)?)?,
        "\n);\n"
    );
    Ok(text)
}

fn parameters<'a>(dump: &'a Dump, object: &Object, row: &Table) -> Result<&'a Sequence, Error> {
    let sequence = dump.details.relations.sequences.get(&row.oid);
    sequence.ok_or_else(|| dump.missing(object, "its parameters"))
}

fn owning_table<'a>(
    dump: &'a Dump,
    object: &Object,
    owning: OwningColumn,
) -> Result<(usize, &'a Table), Error> {
    let table = dump.find_table(owning.table);
    let table =
        table.ok_or_else(|| dump.missing(object, format!("table with OID {}", owning.table)))?;
    Ok((table, &dump.listing.tables[table]))
}

/// The parameters from START to CYCLE.
fn body(dump: &Dump, object: &Object, sequence: &Sequence) -> Result<BString, Error> {
    let limits = natural_limits(sequence)
        .ok_or_else(|| dump.missing(object, format!("the sequence type {}", sequence.type_name)))?;
    let limit = |word: &str, value: i64, natural: i64| {
        if value == natural {
            format!("NO {word}")
        } else {
            format!("{word} {value}")
        }
    };
    Ok(format!(
        "    START WITH {}\n    INCREMENT BY {}\n    {}\n    {}\n    CACHE {}{}",
        sequence.start,
        sequence.increment,
        limit("MINVALUE", sequence.min, limits.0),
        limit("MAXVALUE", sequence.max, limits.1),
        sequence.cache,
        if sequence.cycles { "\n    CYCLE" } else { "" },
    )
    .into())
}

/// The smallest and the largest value that a sequence has unless it says otherwise.
fn natural_limits(sequence: &Sequence) -> Option<(i64, i64)> {
    let (min, max) = if sequence.type_name == "smallint" {
        (i16::MIN.into(), i16::MAX.into())
    } else if sequence.type_name == "integer" {
        (i32::MIN.into(), i32::MAX.into())
    } else if sequence.type_name == "bigint" {
        (i64::MIN, i64::MAX)
    } else {
        return None;
    };
    Some(if sequence.increment >= 0 {
        (1, max)
    } else {
        (min, -1)
    })
}

/// Links a sequence to its column. This has to wait until the sequence's owner is set, which must be the table's; the table
/// is there already, since the sequence depends on it.
fn render_owned_by(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    row: &Table,
    owning: OwningColumn,
) -> Result<(), Error> {
    let (table, _) = owning_table(dump, object, owning)?;
    let table_object = dump.table_object(table);
    if !table_object.dumps(Components::DEFINITION) {
        return Ok(());
    }
    let column = dump.column(table, owning.attnum)?;
    let entry = toc.entry_on("SEQUENCE OWNED BY", &[object.id]);
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.role(object, row.owner)?.to_owned()),
        section: Section::PreData,
        definition: Some(sql![
            "ALTER SEQUENCE ",
            dump.qualified(object),
            " OWNED BY ",
            dump.qualified(table_object),
            ".",
            dump.ident(&column.name),
            ";\n"
        ]),
        ..entry
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(type_name: &str, increment: i64) -> Sequence {
        Sequence {
            oid: 1,
            type_name: type_name.into(),
            start: 1,
            increment,
            max: 1,
            min: 1,
            cache: 1,
            cycles: false,
        }
    }

    #[test]
    fn limits_follow_type_and_direction() {
        assert_eq!(natural_limits(&sequence("bigint", 1)), Some((1, i64::MAX)));
        assert_eq!(
            natural_limits(&sequence("integer", -2)),
            Some((i64::from(i32::MIN), -1))
        );
        assert_eq!(natural_limits(&sequence("smallint", 5)), Some((1, 32767)));
        assert_eq!(natural_limits(&sequence("numeric", 1)), None);
    }
}
