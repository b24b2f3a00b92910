//! Options of columns that servers since the minor releases of November 2026 keep for themselves: `pg_attver`, another one each time. Stock's programs
//! write them into archives.

/// A definition without such options: they say nothing of the object.
pub(super) fn without_internal_options(sql: &str) -> String {
    let lines = sql.split_inclusive('\n');
    let kept = lines.filter_map(|line| match corrected(line) {
        Some(corrected) => corrected,
        None => Some(line.to_owned()),
    });
    kept.collect()
}

/// What becomes of a line that sets such options, which may be nothing; `None` where it does not.
fn corrected(line: &str) -> Option<Option<String>> {
    let starts = ["ALTER TABLE ONLY ", "ALTER FOREIGN TABLE ONLY "];
    let sets = starts.iter().any(|start| line.starts_with(start));
    let statement = line.trim_end().strip_suffix(");").filter(|_| sets)?;
    let (before, options) = statement.rsplit_once(" SET (")?;
    before.find(" ALTER COLUMN ")?;
    let all: Vec<&str> = options.split(", ").collect();
    let own = all.iter().filter(|option| !option.starts_with("pg_"));
    let own: Vec<&str> = own.copied().collect();
    if own.len() == all.len() {
        return None;
    }
    Some((!own.is_empty()).then(|| format!("{before} SET ({});\n", own.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_a_server_keeps_for_itself_are_left_out_and_no_others() {
        let left = |options: &str| {
            let set = format!("CREATE;\nALTER TABLE ONLY s.t ALTER COLUMN a SET ({options});\nb;");
            without_internal_options(&set)
        };
        assert_eq!(left("pg_attver=77"), "CREATE;\nb;");
        assert_eq!(
            left("pg_attver=77, n_distinct=5"),
            "CREATE;\nALTER TABLE ONLY s.t ALTER COLUMN a SET (n_distinct=5);\nb;"
        );
        assert_eq!(
            left("n_distinct=5"),
            "CREATE;\nALTER TABLE ONLY s.t ALTER COLUMN a SET (n_distinct=5);\nb;"
        );
    }
}
