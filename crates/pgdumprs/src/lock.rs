//! Locking the tables that are dumped.

use bstr::BString;

use crate::transaction::literal;

/// Bytes of one LOCK statement, which names many tables: a bound for what a pooler or a log has to hold at once.
const LOCK_STATEMENT: usize = 100_000;

/// As few LOCK statements as reasonable, for any number of tables, between others that limit the time they may wait.
pub(crate) fn lock_statements(tables: &[BString], timeout: Option<&str>) -> Vec<BString> {
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
    if let Some(timeout) = timeout {
        let limit = format!("SET LOCAL statement_timeout = {}", literal(timeout));
        statements.insert(0, limit.into());
        statements.push("SET LOCAL statement_timeout = 0".into());
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_statements_lock_many_tables() {
        assert!(lock_statements(&[], None).is_empty());
        let two = lock_statements(&["public.a".into(), "public.b".into()], None);
        assert_eq!(two, ["LOCK TABLE public.a, public.b IN ACCESS SHARE MODE"]);
        let many = vec![BString::from("public.orders"); 20_000];
        let statements = lock_statements(&many, None);
        assert_eq!(statements.len(), 3);
        assert!(
            statements
                .iter()
                .all(|s| s.ends_with(b"public.orders IN ACCESS SHARE MODE"))
        );
    }
}
