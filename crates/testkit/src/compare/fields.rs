//! F2: the fields of two entries that stand for the same thing.

use std::fmt::Debug;

use bstr::BString;
use pgdumprs_archive::Entry;

use super::difference;
use super::internal_options::without_internal_options;
use super::version_gap::VersionGap;

/// Describes each field in which two entries differ.
pub(super) fn differences(stock: &Entry, ours: &Entry, gap: VersionGap) -> Vec<String> {
    let mut found = Vec::new();
    let mut text = |name: &str, stock: &Option<BString>, ours: &Option<BString>| {
        if stock != ours {
            found.push(format!("{name}\n{}", show_texts(stock, ours)));
        }
    };
    text("tag", &stock.tag, &ours.tag);
    text("schema", &stock.namespace, &ours.namespace);
    text("owner", &stock.owner, &ours.owner);
    text("tablespace", &stock.tablespace, &ours.tablespace);
    if gap.compares_access_method(stock) {
        text("table access method", &stock.table_am, &ours.table_am);
    }
    let definition =
        (stock.definition.as_ref()).map(|text| BString::from(without_internal_options(text)));
    text("definition", &definition, &ours.definition);
    text("drop statement", &stock.drop, &ours.drop);
    text("copy statement", &stock.copy, &ours.copy);

    let mut other = |name: &str, stock: &dyn Debug, ours: &dyn Debug| {
        let (stock, ours) = (format!("{stock:?}"), format!("{ours:?}"));
        if stock != ours {
            found.push(format!("{name}\n  - {stock}\n  + {ours}"));
        }
    };
    other("section", &stock.section, &ours.section);
    other("catalog id", &stock.catalog_id, &ours.catalog_id);
    other("has data", &stock.had_dumper, &ours.had_dumper);
    if gap.compares_relkind() {
        other(
            "relation kind",
            &char::from(stock.relkind),
            &char::from(ours.relkind),
        );
    }
    found
}

/// Shows two texts: short ones whole, long ones by their differing lines.
fn show_texts(stock: &Option<BString>, ours: &Option<BString>) -> String {
    match (stock, ours) {
        (Some(stock), Some(ours)) if is_long(stock) || is_long(ours) => {
            let shown = difference::unified(stock, ours);
            // Lines can look the same and differ in what ends them.
            shown
                .lines()
                .map(|line| format!("  {line}"))
                .collect::<Vec<_>>()
                .join("\n")
        }
        _ => format!("  - {}\n  + {}", show_text(stock), show_text(ours)),
    }
}

fn is_long(text: &BString) -> bool {
    text.trim_ascii_end().contains(&b'\n')
}

/// A missing text and an empty one are different things in an archive.
fn show_text(text: &Option<BString>) -> String {
    match text {
        None => "no text".to_owned(),
        Some(text) => difference::shorten(&format!("{:?}", difference::readable(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_text_is_not_an_empty_one() {
        let shown = show_texts(&None, &Some("".into()));
        assert_eq!(shown, "  - no text\n  + \"\"");
    }

    #[test]
    fn long_texts_show_what_differs() {
        let shown = show_texts(
            &Some("CREATE TABLE a (\n    b int,\n    c int\n);\n".into()),
            &Some("CREATE TABLE a (\n    b int,\n    c text\n);\n".into()),
        );
        assert!(shown.contains("-    c int\n  +    c text"), "{shown}");
    }
}
