//! The result as a table on the terminal.

use super::summary::Summary;

const HEADINGS: [&str; 9] = [
    "against",
    "ours",
    "theirs",
    "ours is",
    "wanted",
    "reached",
    "size",
    "memory",
    "CPU (+ server)",
];

/// One line for each comparison, columns aligned.
pub(super) fn table(summaries: &[Summary]) -> String {
    let mut rows = vec![HEADINGS.map(str::to_owned)];
    rows.extend(summaries.iter().map(row));
    let width = |column: usize| {
        let widths = rows.iter().map(|row| row[column].chars().count());
        widths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..HEADINGS.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(width - cell.chars().count() + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn row(summary: &Summary) -> [String; 9] {
    let (ours, theirs) = (&summary.ours, &summary.theirs);
    [
        summary.scenario.name.to_owned(),
        format!("{:.2} s", ours.wall),
        format!("{:.2} s", theirs.wall),
        summary.ratio(),
        summary.wanted(),
        summary.verdict().to_owned(),
        summary
            .size()
            .map_or(String::new(), |size| format!("{size:.3}×")),
        format!("{:.0} / {:.0} MiB", ours.peak_mib, theirs.peak_mib),
        format!(
            "{:.2} + {:.2} / {:.2} + {:.2} s",
            ours.client_cpu, ours.server_cpu, theirs.client_cpu, theirs.server_cpu
        ),
    ]
}
