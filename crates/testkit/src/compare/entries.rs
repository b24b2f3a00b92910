//! F2: the table of contents, entry by entry and in order.

use super::alignment::Alignment;
use super::archive::{Archive, describe};
use super::fields;
use super::report::{Comparison, Rule};
use super::version_gap::VersionGap;

/// Compares headers and entries.
pub(super) fn compare(
    stock: &Archive,
    ours: &Archive,
    alignment: &Alignment,
    gap: VersionGap,
    comparison: &mut Comparison,
) {
    compare_headers(stock, ours, comparison);
    let (theirs, own) = (stock.entries(), ours.entries());
    for &position in &alignment.missing {
        let entry = describe(&theirs[position]);
        let place = place(stock, position);
        comparison.difference(Rule::F2, format!("missing: {entry}, in stock's {place}"));
    }
    for &position in &alignment.extra {
        let entry = describe(&own[position]);
        let place = place(ours, position);
        comparison.difference(Rule::F2, format!("extra: {entry}, in ours {place}"));
    }
    for (stock_position, our_position) in alignment.moved() {
        comparison.difference(
            Rule::F2,
            format!(
                "moved: {}\n  - {}\n  + {}",
                describe(&theirs[stock_position]),
                place(stock, stock_position),
                place(ours, our_position)
            ),
        );
    }
    for &(stock_position, our_position) in &alignment.pairs {
        let entry = &theirs[stock_position];
        for field in fields::differences(entry, &own[our_position], gap) {
            comparison.difference(Rule::F2, format!("{}: {field}", describe(entry)));
        }
    }
}

/// Where an entry stands, in words that also help when earlier entries are missing.
fn place(archive: &Archive, position: usize) -> String {
    match position.checked_sub(1) {
        Some(before) => format!(
            "at {} after {}",
            position + 1,
            describe(&archive.entries()[before])
        ),
        None => "first".to_owned(),
    }
}

fn compare_headers(stock: &Archive, ours: &Archive, comparison: &mut Comparison) {
    let (theirs, own) = (stock.header(), ours.header());
    for (name, theirs, own) in [
        ("database name", &theirs.database, &own.database),
        (
            "server version",
            &theirs.server_version,
            &own.server_version,
        ),
    ] {
        if theirs != own {
            comparison.difference(
                Rule::F2,
                format!("header: {name}\n  - {theirs:?}\n  + {own:?}"),
            );
        }
    }
}
