//! What the library exports: every public item, in a file beside the crate.
//!
//! rustdoc's JSON says it, in a format that changes from compiler to compiler: where neither the machine's compiler nor Debian's newest writes the one that
//! is read here, nothing is compared, and that is said.

mod documents;
mod reexports;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use public_api::Builder;

use self::documents::Documents;
use self::reexports::Reexports;
use super::Written;
use crate::published::Metadata;

/// The library, and the crates that it re-exports whole.
const LIBRARY: &str = "pgdumprs";
const WHOLE: [(&str, &str); 2] = [
    ("pgdumprs-archive", "crates/archive"),
    ("pgdumprs-script", "crates/script"),
];

/// The crates of which it re-exports single items.
const ROOMS: [&str; 4] = [
    "pgdumprs-connect",
    "pgdumprs-ddl",
    "pgdumprs-plan",
    "pgdumprs-restore",
];

/// Crates whose types are everybody's.
const STANDARD: [&str; 3] = ["alloc", "core", "std"];

/// The files as they should be; none where no compiler writes the format that can be read.
pub(super) fn pages(metadata: &Metadata) -> Result<Vec<Written>> {
    let names = [LIBRARY]
        .into_iter()
        .chain(WHOLE.map(|(name, _)| name))
        .chain(ROOMS);
    let Some(documents) = Documents::make(&names.collect::<Vec<_>>())? else {
        return Ok(Vec::new());
    };
    let reexports = Reexports::read(&documents.json(LIBRARY))?;
    let crates = metadata.crate_names();
    let mut pages = Vec::new();
    for (name, folder) in WHOLE {
        let items = items(&documents, name)?;
        pages.push(page(folder, name, &items, &reexports, &crates)?);
    }
    let mut all = items(&documents, LIBRARY)?;
    for room in ROOMS {
        let items = items(&documents, room)?;
        all.extend(items.into_iter().filter(|item| reexports.have(room, item)));
    }
    pages.push(page("crates/pgdumprs", LIBRARY, &all, &reexports, &crates)?);
    Ok(pages)
}

/// Every public item of a crate, a line each.
fn items(documents: &Documents, name: &str) -> Result<Vec<String>> {
    let api = Builder::from_rustdoc_json(documents.json(name))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .include_function_parameter_names(true)
        .build()
        .with_context(|| format!("the public items of {name}"))?;
    Ok(api.items().map(ToString::to_string).collect())
}

/// The file of a crate.
fn page(
    folder: &str,
    name: &str,
    items: &[String],
    reexports: &Reexports,
    crates: &BTreeSet<String>,
) -> Result<Written> {
    let foreign: BTreeSet<_> = items
        .iter()
        .flat_map(|item| foreign_types(item, name, reexports, crates))
        .collect();
    let foreign: String = foreign.iter().map(|path| format!("#   {path}\n")).collect();
    let text = format!(
        "# Every public item of {name}: `cargo xtask library --accept` writes this list.\n#\n# Types of other crates in it:\n{foreign}\n{}\n",
        items.join("\n")
    );
    Written::whole(format!("{folder}/public-api.txt"), text)
}

/// The paths in an item that lead to types of other crates, but for those of rooms that are re-exported.
fn foreign_types<'a>(
    item: &'a str,
    name: &str,
    reexports: &Reexports,
    crates: &BTreeSet<String>,
) -> Vec<&'a str> {
    let own = name.replace('-', "_");
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
    let words = item.split(|c: char| !is_part(c));
    let paths = words.map(|word| word.trim_matches(':'));
    paths
        .filter(|path| {
            let first = path.split("::").next().unwrap_or_default();
            path.contains("::")
                && crates.contains(first)
                && first != own
                && !STANDARD.contains(&first)
                && !(first.starts_with(LIBRARY) && reexports.have(&first.replace('_', "-"), path))
        })
        .collect()
}
