//! Compares what two commands print, line by line and without keeping it.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use anyhow::{Context, Error, Result, anyhow};

use super::difference::{self, readable};
use super::internal_options::{corrected, goes_on};

/// How many equal lines before the first difference are shown.
const LINES_BEFORE: usize = 3;
/// From the first difference on, so many lines of each side are looked at.
const WINDOW: usize = 3000;

/// Whether the order of a table's rows counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// It does.
    AsTheyCome,
    /// It does not: the lines after each `COPY … FROM stdin;` are compared sorted, and kept in memory for that.
    Sorted,
}

/// Who wrote what a command prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// Stock: what it is known to get wrong does not count.
    Stock,
    /// pgdumprs.
    Ours,
}

/// Runs a command of stock's and another, and shows the first differences of their standard outputs; `None` when there are none. `author`
/// wrote what the second prints. `read_as` says what a line counts as, and `None` of one that does not count.
///
/// # Errors
///
/// When a command fails; the message holds what it said.
pub(super) fn compare(
    stock: &mut Command,
    other: &mut Command,
    author: Author,
    rows: Rows,
    read_as: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Option<String>> {
    let mut stock = Running::start(stock, Author::Stock, rows)?;
    let mut ours = Running::start(other, author, rows)?;
    let shown = compare_lines(&mut stock.lines, &mut ours.lines, read_as)?;
    if shown.is_none() {
        stock.finish()?;
        ours.finish()?;
    } else {
        stock.abandon()?;
        ours.abandon()?;
    }
    Ok(shown)
}

/// Walks both texts side by side up to the first line that differs.
fn compare_lines(
    stock: &mut Lines,
    ours: &mut Lines,
    read_as: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Option<String>> {
    let mut before = VecDeque::new();
    let mut equal = 0;
    loop {
        let left = next_line(stock, &read_as)?;
        let right = next_line(ours, &read_as)?;
        if left != right {
            let left = window(&before, left, stock, &read_as)?;
            let right = window(&before, right, ours, &read_as)?;
            let shown = difference::unified(&left, &right);
            return Ok(Some(format!(
                "the first {equal} lines agree, then:\n{shown}"
            )));
        }
        let Some(line) = left else {
            return Ok(None);
        };
        equal += 1;
        before.push_back(line);
        if before.len() > LINES_BEFORE {
            before.pop_front();
        }
    }
}

fn next_line(
    lines: &mut Lines,
    read_as: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Option<Vec<u8>>> {
    while let Some(line) = lines.next()? {
        let line = read_as(line);
        if line.is_some() {
            return Ok(line);
        }
    }
    Ok(None)
}

/// A command's output, line by line.
struct Lines {
    output: BufReader<ChildStdout>,
    author: Author,
    rows: Rows,
    /// Whether the next line is a row of a table.
    in_rows: bool,
    /// Sorted rows that have not been taken yet.
    sorted: VecDeque<Vec<u8>>,
}

impl Lines {
    fn next(&mut self) -> Result<Option<Vec<u8>>> {
        if let Some(row) = self.sorted.pop_front() {
            return Ok(Some(row));
        }
        if self.in_rows {
            let row = self.read()?;
            self.in_rows = row.as_ref().is_some_and(|row| row != b"\\.\n");
            return Ok(row);
        }
        let line = self.statement_line()?;
        self.in_rows = (line.as_ref())
            .is_some_and(|line| line.starts_with(b"COPY ") && line.ends_with(b" FROM stdin;\n"));
        if self.in_rows && self.rows == Rows::Sorted {
            self.in_rows = false;
            let mut rows = Vec::new();
            let mut end = None;
            while let Some(row) = self.read()? {
                if row == b"\\.\n" {
                    end = Some(row);
                    break;
                }
                rows.push(row);
            }
            rows.sort();
            self.sorted.extend(rows.into_iter().chain(end));
        }
        Ok(line)
    }

    /// A line outside rows, or more where a statement that may be corrected goes on, without what stock gets wrong.
    fn statement_line(&mut self) -> Result<Option<Vec<u8>>> {
        while let Some(mut line) = self.read()? {
            // Both sides' alike, so that lines are counted alike.
            while goes_on(&line)
                && let Some(next) = self.read()?
            {
                line.extend(next);
            }
            let line = match self.author {
                Author::Ours => Some(line),
                Author::Stock => corrected(line),
            };
            if let Some(mut line) = line {
                // What is left of a line may have lost its end.
                if !line.ends_with(b"\n")
                    && let Some(next) = self.read()?
                {
                    line.extend(next);
                }
                return Ok(Some(line));
            }
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let length = self.output.read_until(b'\n', &mut line)?;
        Ok((length > 0).then_some(line))
    }
}

/// The lines around the first difference, as one text.
fn window(
    before: &VecDeque<Vec<u8>>,
    first: Option<Vec<u8>>,
    lines: &mut Lines,
    read_as: impl Fn(Vec<u8>) -> Option<Vec<u8>>,
) -> Result<Vec<u8>> {
    let mut text: Vec<u8> = before.iter().flatten().copied().collect();
    let mut next = first;
    for _ in 0..WINDOW {
        let Some(line) = next else {
            break;
        };
        text.extend(line);
        next = next_line(lines, &read_as)?;
    }
    Ok(text)
}

/// A command whose output is being read.
struct Running {
    name: String,
    child: Child,
    lines: Lines,
    /// Errors go to a file, which no amount of them can fill.
    errors: File,
}

impl Running {
    fn start(command: &mut Command, author: Author, rows: Rows) -> Result<Running> {
        let name = command.get_program().to_string_lossy().into_owned();
        let errors = tempfile::tempfile().context("creating a file for error messages")?;
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot run {name}"))?;
        let output = child.stdout.take().context("the output is not piped")?;
        Ok(Running {
            name,
            child,
            lines: Lines {
                output: BufReader::with_capacity(1 << 16, output),
                author,
                rows,
                in_rows: false,
                sorted: VecDeque::new(),
            },
            errors,
        })
    }

    fn finish(mut self) -> Result<()> {
        let status = self.child.wait()?;
        if !status.success() {
            return Err(self.failure(status));
        }
        Ok(())
    }

    /// Ends a command whose further output is of no interest. One that had failed by itself is still
    /// an error: then its output stopped early, and that was the difference.
    fn abandon(mut self) -> Result<()> {
        self.child.kill()?;
        let status = self.child.wait()?;
        if status.code().is_some_and(|code| code != 0) {
            return Err(self.failure(status));
        }
        Ok(())
    }

    fn failure(mut self, status: ExitStatus) -> Error {
        let mut said = Vec::new();
        let read = self.errors.rewind();
        match read.and_then(|()| self.errors.read_to_end(&mut said)) {
            Ok(_) => anyhow!("{} failed ({status}):\n{}", self.name, readable(&said)),
            Err(error) => anyhow!(
                "{} failed ({status}); why cannot be read: {error}",
                self.name
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn equal_outputs_have_no_difference_and_ignored_lines_do_not_count() {
        let read_as = |line: Vec<u8>| Some(line).filter(|line| !line.starts_with(b"-- made"));
        let shown = compare(
            &mut shell("echo a; echo -- made by one; echo b"),
            &mut shell("echo a; echo b; echo -- made by two"),
            Author::Ours,
            Rows::AsTheyCome,
            read_as,
        );
        assert_eq!(shown.unwrap(), None);
    }

    #[test]
    fn the_first_difference_is_shown_with_what_stands_before_it() {
        let shown = compare(
            &mut shell("seq 100000"),
            &mut shell("seq 500; echo new; seq 501 100000"),
            Author::Ours,
            Rows::AsTheyCome,
            Some,
        );
        let shown = shown.unwrap().unwrap();
        assert!(shown.contains("first 500 lines agree"), "{shown}");
        assert!(shown.contains(" 500\n+new\n 501"), "{shown}");
    }

    #[test]
    fn output_that_ends_early_is_a_difference() {
        let shown = compare(
            &mut shell("seq 2"),
            &mut shell("seq 3"),
            Author::Ours,
            Rows::Sorted,
            Some,
        );
        assert!(shown.unwrap().unwrap().contains("+3"));
    }

    #[test]
    fn a_failing_command_is_an_error_with_its_message() {
        for script in ["echo why >&2; exit 4", "echo x; echo why >&2; exit 4"] {
            let error = compare(
                &mut shell("true"),
                &mut shell(script),
                Author::Ours,
                Rows::Sorted,
                Some,
            )
            .unwrap_err();
            assert!(error.to_string().contains("why"), "{error}");
        }
    }

    #[test]
    fn the_order_of_rows_can_be_left_out_but_nothing_else() {
        let copy = |rows: &str| {
            shell(&format!(
                "printf 'COPY t FROM stdin;\\n{rows}\\\\\\\\.\\nb\\na\\n'"
            ))
        };
        let shown = |left: &str, right: &str, rows: Rows| {
            compare(&mut copy(left), &mut copy(right), Author::Ours, rows, Some).unwrap()
        };
        assert_eq!(shown("1\\n2\\n", "2\\n1\\n", Rows::Sorted), None);
        assert!(shown("1\\n2\\n", "2\\n1\\n", Rows::AsTheyCome).is_some());
        assert!(shown("1\\n2\\n", "2\\n2\\n", Rows::Sorted).is_some());
        let outside = compare(
            &mut shell("seq 2"),
            &mut shell("seq 2 -1 1"),
            Author::Ours,
            Rows::Sorted,
            Some,
        );
        assert!(outside.unwrap().is_some());
    }

    #[test]
    fn what_stock_gets_wrong_counts_only_where_we_write_it() {
        let wrong = "ALTER TABLE ONLY t ALTER COLUMN \"a\nb\" SET (pg_attver=1);\n";
        // A row that looks like the beginning of such a statement does not swallow the end of the rows.
        let copy = "COPY t FROM stdin;\nALTER TABLE ONLY \"\n\\.\n";
        let script = |parts: &[&str]| shell(&format!("printf %s '{}'", parts.concat()));
        for rows in [Rows::AsTheyCome, Rows::Sorted] {
            let shown = |left: &[&str], right: &[&str], author| {
                compare(&mut script(left), &mut script(right), author, rows, Some).unwrap()
            };
            let with = [copy, wrong, "end\n"];
            let without = [copy, "end\n"];
            assert_eq!(shown(&with, &without, Author::Ours), None);
            assert_eq!(shown(&with, &without, Author::Stock), None);
            assert_eq!(shown(&without, &with, Author::Stock), None);
            assert!(shown(&without, &with, Author::Ours).is_some());
            assert!(shown(&with, &with, Author::Ours).is_some());
        }
    }
}
