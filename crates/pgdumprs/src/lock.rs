//! Locking the tables that are dumped.

use bstr::BString;

/// Bytes of one LOCK statement, which names many tables: a bound for what a pooler or a log has to hold at once.
const LOCK_STATEMENT: usize = 100_000;

/// As few LOCK statements as reasonable, for any number of tables.
pub(crate) fn lock_statements(tables: &[BString]) -> Vec<BString> {
    let mut statements: Vec<BString> = Vec::new();
    for table in tables {
        match statements.last_mut() {
            Some(statement) if statement.len() < LOCK_STATEMENT => {
                statement.extend_from_slice(b", ")
            }
            _ => statements.push("LOCK TABLE ".into()),
        }
        if let Some(statement) = statements.last_mut() {
            statement.extend_from_slice(table);
        }
    }
    for statement in &mut statements {
        statement.extend_from_slice(b" IN ACCESS SHARE MODE");
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_statements_lock_many_tables() {
        assert!(lock_statements(&[]).is_empty());
        let two = lock_statements(&["public.a".into(), "public.b".into()]);
        assert_eq!(two, ["LOCK TABLE public.a, public.b IN ACCESS SHARE MODE"]);
        let many = vec![BString::from("public.orders"); 20_000];
        let statements = lock_statements(&many);
        assert_eq!(statements.len(), 3);
        assert!(
            statements
                .iter()
                .all(|s| s.ends_with(b"public.orders IN ACCESS SHARE MODE"))
        );
    }
}
