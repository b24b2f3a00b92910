//! What an archive's COPY statements fill.

use bstr::{BStr, BString, ByteSlice};

/// What `COPY s.t (a, b) FROM stdin;` fills: the table, and its columns in parentheses.
pub(crate) fn copy_target(statement: &BString) -> Option<(BString, BString)> {
    let text = statement.trim().strip_prefix(b"COPY ")?;
    let text = text.strip_suffix(b" FROM stdin;")?.trim();
    let mut is_quoted = false;
    let end = text.iter().position(|&byte| {
        is_quoted ^= byte == b'"';
        !is_quoted && matches!(byte, b' ' | b'(')
    });
    let (table, columns) = text.split_at(end.unwrap_or(text.len()));
    Some((table.into(), columns.trim().into()))
}

/// The columns that are named in parentheses, quoted as they are there.
pub(crate) fn column_names(columns: &BString) -> Vec<&BStr> {
    let columns = columns
        .strip_prefix(b"(")
        .and_then(|columns| columns.strip_suffix(b")"))
        .unwrap_or_default();
    let mut is_quoted = false;
    let names = columns.split(|&byte| {
        is_quoted ^= byte == b'"';
        !is_quoted && byte == b','
    });
    names
        .map(|name| name.trim().as_bstr())
        .filter(|name| !name.is_empty())
        .collect()
}

/// Where each of `wanted` stands among `columns`, as far as it does.
pub(crate) fn positions(wanted: &[&BStr], columns: &[&BStr]) -> Vec<usize> {
    let at = |name: &&BStr| columns.iter().position(|column| column == name);
    wanted.iter().filter_map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copy_statements_name_tables_and_columns() {
        let parts = |text: &str| {
            copy_target(&text.into())
                .map(|(table, columns)| (table.to_string(), columns.to_string()))
        };
        let both = |table: &str, columns: &str| Some((table.to_owned(), columns.to_owned()));
        assert_eq!(
            parts("COPY s.t (a, \"b c\") FROM stdin;\n"),
            both("s.t", "(a, \"b c\")")
        );
        assert_eq!(
            parts("COPY \"s (\".\"t\"\" x\" (a) FROM stdin;\n"),
            both("\"s (\".\"t\"\" x\"", "(a)")
        );
        assert_eq!(parts("COPY s.t  FROM stdin;\n"), both("s.t", ""));
        assert_eq!(parts("INSERT"), None);
    }

    #[test]
    fn columns_are_told_apart() {
        let names = |text: &str| {
            let text = text.into();
            let names = column_names(&text);
            names
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<String>>()
        };
        assert_eq!(names("(a, \"b, \"\"c\", d)"), ["a", "\"b, \"\"c\"", "d"]);
        assert_eq!(names(""), [""; 0]);
        assert_eq!(names("()"), [""; 0]);
    }
}
