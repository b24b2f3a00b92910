//! What the library re-exports of its rooms, item by item.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// The items, by crate and name.
pub(super) struct Reexports(BTreeSet<(String, String)>);

impl Reexports {
    /// Reads them from the library's document.
    pub(super) fn read(document: &Path) -> Result<Reexports> {
        let text = fs::read_to_string(document)
            .with_context(|| format!("reading {}", document.display()))?;
        Ok(Reexports::of(&serde_json::from_str(&text)?))
    }

    fn of(document: &Value) -> Reexports {
        let items = document["index"]
            .as_object()
            .into_iter()
            .flat_map(|index| index.values());
        let uses = items
            .map(|item| &item["inner"]["use"]["id"])
            .filter_map(Value::as_u64);
        let paths = uses.filter_map(|id| document["paths"][id.to_string()]["path"].as_array());
        let names = paths.filter_map(|path| {
            let first = path.first()?.as_str()?.replace('_', "-");
            Some((first, path.last()?.as_str()?.to_owned()))
        });
        Reexports(names.collect())
    }

    /// Whether an item is one of those, or belongs to one: a line of the listing, or a path to it.
    pub(super) fn have(&self, room: &str, item: &str) -> bool {
        let room_path = format!("{}::", room.replace('-', "_"));
        // What is implemented belongs to the type that it is implemented for.
        let subject = item
            .rsplit_once(" for ")
            .filter(|_| item.starts_with("impl"));
        let subject = subject.map_or(item, |(_, subject)| subject);
        let Some((_, path)) = subject.split_once(&room_path) else {
            return false;
        };
        let end = path.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')));
        let path = &path[..end.unwrap_or(path.len())];
        // Listings have the short path of an item, and long ones where it is used.
        path.split("::")
            .any(|name| self.0.contains(&(room.to_owned(), name.to_owned())))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_belongs_to_what_is_re_exported() {
        let reexports = Reexports::of(&json!({
            "index": {"1": {"inner": {"use": {"id": 7}}}, "2": {"inner": {"struct": {}}}},
            "paths": {"7": {"path": ["pgdumprs_plan", "adapt", "Adapt"]}, "8": {"path": ["pgdumprs_plan", "Plan"]}},
        }));
        let have = |item| reexports.have("pgdumprs-plan", item);
        for item in [
            "pub struct pgdumprs_plan::Adapt",
            "pub fn pgdumprs_plan::Adapt::of(plan: &pgdumprs_plan::Plan) -> Self",
            "impl core::clone::Clone for pgdumprs_plan::Adapt",
            "impl pgdumprs_plan::Adapt",
            "pgdumprs_plan::adapt::Adapt",
        ] {
            assert!(have(item), "{item}");
        }
        for item in [
            "pub struct pgdumprs_plan::AdaptKinds",
            "pub fn pgdumprs_plan::Plan::adapted(self, adapt: &pgdumprs_plan::Adapt) -> Self",
            "impl core::convert::From<pgdumprs_plan::Adapt> for pgdumprs_plan::Plan",
            "pgdumprs_ddl::Adapt",
        ] {
            assert!(!have(item), "{item}");
        }
    }
}
