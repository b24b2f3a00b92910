//! Runs a random schema's statements and counts what a server refuses.

use anyhow::{Context, Result, bail};

use super::names::{literal, quoted};
use super::{Step, roles};
use crate::tools::run_script;
use crate::{Database, Server};

/// A statement that the server refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The statement.
    pub sql: String,
    /// What the server said.
    pub message: String,
}

/// How loading went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loaded {
    /// Statements that define or change something.
    pub definitions: usize,
    /// Those of them that were refused.
    pub refused: Vec<Refusal>,
    /// Statements that store rows, or that a role runs who may lack the right to.
    pub rows: usize,
    /// Those of them that were refused.
    pub rows_refused: Vec<Refusal>,
}

/// Creates the roles that random schemas speak of, unless the server has them.
///
/// # Errors
///
/// When the server refuses.
pub fn create_roles(server: &Server) -> Result<()> {
    let mut script = String::new();
    let roles = roles(server.major());
    for role in roles {
        script += &format!(
            "SELECT 'CREATE ROLE ' || quote_ident({name}) WHERE NOT EXISTS \
             (SELECT FROM pg_catalog.pg_roles WHERE rolname = {name}) \\gexec\n",
            name = literal(role)
        );
    }
    // One that others are members of.
    script += &format!("GRANT {} TO {};\n", quoted(roles[0]), quoted(roles[1]));
    server
        .database()
        .try_execute_sql(script)
        .context("creating the roles of random schemas")
}

impl Database {
    /// Runs each of a random schema's statements by itself, whether those before it were refused or not.
    ///
    /// # Errors
    ///
    /// When psql cannot be run, the connection ends, or psql says something that is not a statement's refusal.
    pub fn load_steps(&self, steps: &[Step]) -> Result<Loaded> {
        let mut script = String::new();
        // The last line of each statement; psql names it in its messages.
        let mut last_lines = Vec::new();
        let mut line = 0;
        for step in steps {
            let text = format!("{};\n", step.sql);
            line += text.bytes().filter(|byte| *byte == b'\n').count();
            last_lines.push(line);
            script += &text;
        }
        let said = self.run_tolerantly(script)?;

        let mut loaded = Loaded::default();
        let mut messages: Vec<Option<String>> = vec![None; steps.len()];
        for (at_line, message) in refusals(&said) {
            let step = last_lines.partition_point(|last| *last < at_line);
            let Some(slot) = messages.get_mut(step) else {
                bail!("psql named a line that no statement has: {said}");
            };
            slot.get_or_insert(message);
        }
        for (step, message) in steps.iter().zip(messages) {
            let refusal = message.map(|message| Refusal {
                sql: step.sql.clone(),
                message,
            });
            if step.stores_rows {
                loaded.rows += 1;
                loaded.rows_refused.extend(refusal);
            } else {
                loaded.definitions += 1;
                loaded.refused.extend(refusal);
            }
        }
        Ok(loaded)
    }

    /// Runs a script to its end and returns what went to standard error.
    fn run_tolerantly(&self, script: String) -> Result<String> {
        let output = run_script(
            self.server()
                .psql(self.name())?
                .args(["-v", "ON_ERROR_STOP=0", "-v", "VERBOSITY=terse", "-f", "-"])
                .env(
                    "PGOPTIONS",
                    "-c client_min_messages=error -c statement_timeout=30s",
                ),
            script.as_bytes(),
        )?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !output.status.success() || said.contains("FATAL:") || said.contains("PANIC:") {
            bail!("psql ended with {}:\n{said}", output.status);
        }
        Ok(said)
    }
}

/// Lines and messages of `psql:<stdin>:LINE: ERROR:  MESSAGE`. A message may have more lines, which are left out.
fn refusals(said: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    said.lines().filter_map(|line| {
        let rest = line.strip_prefix("psql:<stdin>:")?;
        let (number, message) = rest.split_once(": ERROR:  ")?;
        Some((number.parse().ok()?, message.to_owned()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_read_from_what_psql_says() {
        let said = "psql:<stdin>:7: ERROR:  no such \"x\ny\"\npsql:<stdin>:12: ERROR:  other: thing\nnoise\n";
        let read: Vec<_> = refusals(said).collect();
        assert_eq!(
            read,
            [
                (7, "no such \"x".to_owned()),
                (12, "other: thing".to_owned())
            ]
        );
    }
}
