//! Options of columns that a server keeps for itself, and that older tools of stock write into archives all the same.
//!
//! Servers since the minor releases of November 2026 keep one for most columns. Its name begins with `pg_`, as the manual says of all
//! such options; no DDL can set it, older servers refuse its name, and its value differs each time. An archive must not have any.

use bstr::ByteSlice;

/// How the statements begin that set options of columns.
const STARTS: [&[u8]; 2] = [b"ALTER TABLE ONLY ", b"ALTER FOREIGN TABLE ONLY "];

/// What the names of such options begin with.
const PREFIX: &[u8] = b"pg_";

/// A script of stock's without such options. A statement that sets nothing else is left out with its line.
pub fn without_internal_options(script: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(script.len());
    let mut lines = script.split_inclusive(|&byte| byte == b'\n');
    while let Some(line) = lines.next() {
        let mut statement = line.to_vec();
        while goes_on(&statement) {
            match lines.next() {
                Some(line) => statement.extend(line),
                None => break,
            }
        }
        kept.extend(corrected(statement).unwrap_or_default());
    }
    kept
}

/// Whether a line is the beginning of such a statement, and the next line belongs to it: a name can hold the end of a line.
pub(super) fn goes_on(text: &[u8]) -> bool {
    let quotes = || text.iter().filter(|&&byte| byte == b'"').count();
    STARTS.iter().any(|start| text.starts_with(start)) && quotes() % 2 == 1
}

/// A line's statement without such options; `None` where the line says nothing else.
///
/// Behind a relation's dependency on an extension stock ends no line, so that the statement may follow on the same one. It takes the end of
/// the line with it.
pub(super) fn corrected(statement: Vec<u8>) -> Option<Vec<u8>> {
    if let Some(behind) = behind_dependency(&statement) {
        let following = corrected(statement[behind..].to_vec()).unwrap_or_default();
        return Some([&statement[..behind], &following].concat());
    }
    let Some(kept) = kept_options(&statement) else {
        return Some(statement);
    };
    let (before, options) = kept?;
    Some([before, b" SET (", &options, b");\n"].concat())
}

/// Where a statement follows one that makes a relation depend on an extension, on the same line.
fn behind_dependency(line: &[u8]) -> Option<usize> {
    let depends = line.find(b" DEPENDS ON EXTENSION ")?;
    let following = STARTS
        .iter()
        .find_map(|start| line[depends..].find([b";", *start].concat()));
    Some(depends + following? + 1)
}

/// Where the statement sets such options: what stands before the list, and the list without them, or `None` if nothing is left.
fn kept_options(statement: &[u8]) -> Option<Option<(&[u8], Vec<u8>)>> {
    STARTS.iter().find(|start| statement.starts_with(start))?;
    let body = statement.strip_suffix(b");\n")?;
    let (before, options) = body.split_at(body.rfind(b" SET (")?);
    before.find(b" ALTER COLUMN ")?;
    let options = options.strip_prefix(b" SET (")?;
    let all: Vec<_> = options.split_str(", ").collect();
    let kept: Vec<_> = (all.iter().copied())
        .filter(|option| !option.starts_with(PREFIX))
        .collect();
    if kept.len() == all.len() {
        return None;
    }
    Some((!kept.is_empty()).then(|| (before, kept.join(&b", "[..]))))
}

#[cfg(test)]
mod tests {
    use bstr::BString;

    use super::without_internal_options;

    fn left(script: &str) -> BString {
        without_internal_options(script.as_bytes()).into()
    }

    #[test]
    fn options_that_a_server_keeps_for_itself_are_left_out_and_no_others() {
        let set = |options: &str| {
            format!("a;\nALTER TABLE ONLY s.t ALTER COLUMN \"b\nc\" SET ({options});\nb;\n")
        };
        assert_eq!(left(&set("pg_attver=77")), "a;\nb;\n");
        assert_eq!(
            left(&set("pg_attver=77, n_distinct=5, pg_x=1")),
            set("n_distinct=5")
        );
        for other in ["n_distinct=5", "n_distinct_inherited=5, n_distinct=1"] {
            assert_eq!(left(&set(other)), set(other));
        }
    }

    #[test]
    fn a_statement_may_follow_a_dependency_on_the_same_line() {
        let depends = "ALTER MATERIALIZED VIEW m DEPENDS ON EXTENSION x;";
        let set = |options: &str| {
            format!("{depends}ALTER TABLE ONLY m ALTER COLUMN a SET ({options});\n\nb;\n")
        };
        assert_eq!(left(&set("pg_attver=7")), format!("{depends}\nb;\n"));
        assert_eq!(left(&set("n_distinct=5, pg_x=1")), set("n_distinct=5"));
        assert_eq!(left(&set("n_distinct=5")), set("n_distinct=5"));
    }

    #[test]
    fn other_statements_stay_as_they_are() {
        for other in [
            "ALTER TABLE ONLY t SET (pg_x=1);\n",
            "ALTER TABLE t ALTER COLUMN a SET (pg_x=1);\n",
            "ALTER TABLE ONLY t ALTER COLUMN a SET STATISTICS 5;\n",
            "ALTER TABLE ONLY \"t\n",
            "SET (pg_x=1);\n",
        ] {
            assert_eq!(left(other), other);
        }
        assert_eq!(
            left("ALTER FOREIGN TABLE ONLY t ALTER COLUMN a SET (pg_x=1);\n"),
            ""
        );
    }
}
