//! Columns: their clauses in CREATE TABLE, and what only ALTER TABLE can say of them.

use bstr::{BString, ByteSlice};
use pgdumprs_catalog::{Column, NotNull, Table, generated, relkind};

use crate::families::type_system;
use crate::kinds::inherit;
use crate::state::dump::Dump;
use crate::text::sql;

/// The clause of a column, or of a NOT NULL on a column that is inherited. `None` where CREATE TABLE does not mention it.
pub(crate) fn clause(dump: &Dump, table: usize, column: &Column) -> Option<BString> {
    let row = &dump.listing.tables[table];
    if column.is_dropped {
        return None;
    }
    // One that is NOT VALID is a constraint of its own.
    let not_null = column
        .not_null
        .as_ref()
        .filter(|not_null| not_null.is_valid);
    let declared =
        not_null.filter(|not_null| inherit::declares_not_null(dump, table, column, not_null));
    if !dump.writes_column(row, column) {
        return declared
            .filter(|_| takes_inherited_not_null(dump))
            .map(|not_null| inherited_not_null(dump, row, column, not_null));
    }
    let default = default_clause(dump, table, column);
    let not_null = if row.is_partition { not_null } else { declared };
    // Columns come from the type of a typed table, and only what the type does not say is said again.
    let typed = row.of_type.is_some();
    if typed && default.is_none() && not_null.is_none() {
        return None;
    }
    let mut text = dump.ident(&column.name);
    if !typed {
        push!(text, " ", column.type_name);
    }
    if let Some(default) = default {
        push!(text, default);
    }
    if let Some(not_null) = not_null {
        let name = shown_name(row, column, not_null);
        let constraint = name
            .map(|name| sql![" CONSTRAINT ", dump.ident(name)])
            .unwrap_or_default();
        push!(text, constraint, " NOT NULL", no_inherit(not_null));
    }
    push!(text, type_system::collate(dump, column.collation.as_ref()));
    Some(text)
}

fn default_clause(dump: &Dump, table: usize, column: &Column) -> Option<BString> {
    let (object, row) = dump.attrdef(table, column.number)?;
    if object.separate || object.dump.is_empty() {
        return None;
    }
    Some(match column.generated {
        generated::STORED => sql![" GENERATED ALWAYS AS (", row.expression, ") STORED"],
        generated::VIRTUAL => sql![" GENERATED ALWAYS AS (", row.expression, ")"],
        _ => sql![" DEFAULT ", row.expression],
    })
}

/// Whether the server takes a NOT NULL on a column that CREATE TABLE does not declare. Before 18 it is no constraint that could
/// stand by itself.
fn takes_inherited_not_null(dump: &Dump) -> bool {
    dump.listing.server.version >= 180000
}

/// The table constraint for a NOT NULL that is declared on a column which is not.
fn inherited_not_null(dump: &Dump, row: &Table, column: &Column, not_null: &NotNull) -> BString {
    let name = shown_name(row, column, not_null);
    let constraint = name
        .map(|name| sql!["CONSTRAINT ", dump.ident(name), " "])
        .unwrap_or_default();
    sql![
        constraint,
        "NOT NULL ",
        dump.ident(&column.name),
        no_inherit(not_null)
    ]
}

fn no_inherit(not_null: &NotNull) -> &'static str {
    if not_null.no_inherit {
        " NO INHERIT"
    } else {
        ""
    }
}

/// The name of a NOT NULL constraint where it must be said: it is not the one that the server would choose, or it must be
/// certain because a comment speaks of it.
pub(crate) fn shown_name<'a>(
    row: &Table,
    column: &Column,
    not_null: &'a NotNull,
) -> Option<&'a BString> {
    let name = not_null.name.as_ref()?;
    let chosen = sql![row.name, "_", column.name, "_not_null"];
    (not_null.comment.is_some() || *name != chosen).then_some(name)
}

/// The statement for a NOT NULL that is declared on a column which is not, where CREATE TABLE cannot say it. Servers of every
/// version take it. Empty for other columns.
pub(crate) fn alter_not_null(
    dump: &Dump,
    table: usize,
    qualified: &BString,
    column: &Column,
) -> BString {
    let row = &dump.listing.tables[table];
    let is_declared = column
        .not_null
        .as_ref()
        .is_some_and(|not_null| inherit::declares_not_null(dump, table, column, not_null));
    if column.is_dropped
        || !is_declared
        || takes_inherited_not_null(dump)
        || dump.writes_column(row, column)
    {
        return BString::default();
    }
    sql![alter(dump, row, qualified, column), " SET NOT NULL;\n"]
}

/// What begins the statements that change one column.
fn alter(dump: &Dump, row: &Table, qualified: &BString, column: &Column) -> BString {
    let foreign = if row.relkind == relkind::FOREIGN_TABLE {
        "FOREIGN "
    } else {
        ""
    };
    sql![
        "ALTER ",
        foreign,
        "TABLE ONLY ",
        qualified,
        " ALTER COLUMN ",
        dump.ident(&column.name)
    ]
}

/// The ALTER TABLE statements that give a column what CREATE TABLE cannot.
pub(crate) fn alterations(
    dump: &Dump,
    row: &Table,
    qualified: &BString,
    column: &Column,
) -> BString {
    let mut text = BString::default();
    if column.is_dropped {
        return text;
    }
    let alter = alter(dump, row, qualified, column);
    if column.statistics_target >= 0 {
        push!(
            text,
            alter,
            " SET STATISTICS ",
            column.statistics_target.to_string(),
            ";\n"
        );
    }
    if let Some(storage) =
        storage_name(column.storage).filter(|_| column.storage != column.type_storage)
    {
        push!(text, alter, " SET STORAGE ", storage, ";\n");
    }
    if let Some(method) =
        compression_name(column.compression).filter(|_| dump.options.toast_compression)
    {
        push!(text, alter, " SET COMPRESSION ", method, ";\n");
    }
    if !column.options.is_empty() {
        push!(
            text,
            alter,
            " SET (",
            sql::join(&column.options, ", "),
            ");\n"
        );
    }
    if row.relkind == relkind::FOREIGN_TABLE && !column.foreign_options.is_empty() {
        push!(
            text,
            alter,
            " OPTIONS (\n    ",
            sql::join(&column.foreign_options, ",\n    "),
            "\n);\n"
        );
    }
    text
}

/// Words for `pg_attribute.attstorage`.
fn storage_name(storage: u8) -> Option<&'static str> {
    match storage {
        b'p' => Some("PLAIN"),
        b'e' => Some("EXTERNAL"),
        b'x' => Some("EXTENDED"),
        b'm' => Some("MAIN"),
        _ => None,
    }
}

/// Words for `pg_attribute.attcompression`.
fn compression_name(compression: u8) -> Option<&'static str> {
    match compression {
        b'p' => Some("pglz"),
        b'l' => Some("lz4"),
        _ => None,
    }
}

/// The columns that COPY moves, in parentheses; nothing where there are none, since SQL has no empty list. Generated ones
/// are computed again.
pub(crate) fn copy_list(dump: &Dump, table: usize) -> BString {
    let names = dump
        .columns(table)
        .iter()
        .filter(|column| !column.is_dropped && column.generated == 0)
        .map(|column| dump.ident(column.name.as_bstr()));
    let list = sql::join(names, ", ");
    if list.is_empty() {
        list
    } else {
        sql!["(", list, ")"]
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{Fixture, column, not_null, table};

    #[test]
    fn not_null_is_named_only_where_the_server_would_choose_otherwise() {
        let mut commented = column(20_000, 3, "c");
        commented.not_null = Some(not_null("t_c_not_null"));
        commented.not_null.as_mut().unwrap().comment = Some("why".into());
        let mut own = column(20_000, 2, "b");
        own.not_null = Some(not_null("Mine"));
        own.not_null.as_mut().unwrap().no_inherit = true;
        let mut usual = column(20_000, 1, "a");
        usual.not_null = Some(not_null("t_a_not_null"));
        let fixture = Fixture::new(180_000, vec![table(20_000, "t")]);
        let fixture = fixture.column(usual).column(own).column(commented);
        assert_eq!(
            fixture.definition("TABLE", "t"),
            "CREATE TABLE public.t (\n    a integer NOT NULL,\n    \
             b integer CONSTRAINT \"Mine\" NOT NULL NO INHERIT,\n    \
             c integer CONSTRAINT t_c_not_null NOT NULL\n);\n"
        );
    }

    #[test]
    fn not_null_that_is_not_valid_is_no_part_of_its_column() {
        let mut invalid = column(20_000, 1, "a");
        invalid.not_null = Some(not_null("t_a_not_null"));
        invalid.not_null.as_mut().unwrap().is_valid = false;
        let fixture = Fixture::new(180_000, vec![table(20_000, "t")]).column(invalid);
        assert_eq!(
            fixture.definition("TABLE", "t"),
            "CREATE TABLE public.t (\n    a integer\n);\n"
        );
    }

    /// A child that makes NOT NULL what its parent leaves as it is.
    fn stricter_child(version: u32) -> String {
        let mut inherited = column(20_010, 1, "A");
        inherited.not_null = Some(not_null("child_A_not_null"));
        (inherited.is_local, inherited.statistics_target) = (false, 9);
        let fixture = Fixture::new(
            version,
            vec![table(20_000, "parent"), table(20_010, "child")],
        );
        let fixture = fixture.inherits(20_010, 20_000).column(inherited);
        let fixture = fixture.column(column(20_000, 1, "A"));
        fixture.definition("TABLE", "child")
    }

    #[test]
    fn not_null_of_an_inherited_column_is_said_as_the_server_takes_it() {
        let statistics = "ALTER TABLE ONLY public.child ALTER COLUMN \"A\" SET STATISTICS 9;\n";
        assert_eq!(
            stricter_child(180_000),
            format!(
                "CREATE TABLE public.child (\n    NOT NULL \"A\"\n)\nINHERITS (public.parent);\n{statistics}"
            )
        );
        assert_eq!(
            stricter_child(170_011),
            format!(
                "CREATE TABLE public.child (\n)\nINHERITS (public.parent);\n\
                 ALTER TABLE ONLY public.child ALTER COLUMN \"A\" SET NOT NULL;\n{statistics}"
            )
        );
    }

    #[test]
    fn alterations_say_what_differs_from_the_type() {
        let mut odd = column(20_000, 1, "a");
        (odd.statistics_target, odd.storage, odd.compression) = (0, b'e', b'l');
        odd.options = vec!["n_distinct=5".into(), "n_distinct_inherited=6".into()];
        let mut dropped = column(20_000, 2, "........pg.dropped.2........");
        (dropped.is_dropped, dropped.statistics_target) = (true, 0);
        let fixture = Fixture::new(150_000, vec![table(20_000, "t")])
            .column(odd)
            .column(dropped);
        assert_eq!(
            fixture.definition("TABLE", "t"),
            "CREATE TABLE public.t (\n    a integer\n);\n\
             ALTER TABLE ONLY public.t ALTER COLUMN a SET STATISTICS 0;\n\
             ALTER TABLE ONLY public.t ALTER COLUMN a SET STORAGE EXTERNAL;\n\
             ALTER TABLE ONLY public.t ALTER COLUMN a SET COMPRESSION lz4;\n\
             ALTER TABLE ONLY public.t ALTER COLUMN a SET (n_distinct=5, n_distinct_inherited=6);\n"
        );
    }
}
