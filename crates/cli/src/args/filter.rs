//! Filter files.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, anyhow};
use pgdumprs::FilterError;

/// Reads a filter file, or standard input for `-`, and has its rules applied.
pub(crate) fn read<T>(
    file: &Path,
    apply: impl FnOnce(&[u8]) -> Result<T, FilterError>,
) -> anyhow::Result<T> {
    let mut rules = Vec::new();
    let source = if file.as_os_str() == "-" {
        std::io::stdin()
            .read_to_end(&mut rules)
            .context("could not read the filter from standard input")?;
        "standard input".to_owned()
    } else {
        let name = file.display();
        rules = std::fs::read(file)
            .with_context(|| format!("could not open filter file \"{name}\""))?;
        format!("file \"{name}\"")
    };
    apply(&rules).map_err(|error| {
        let (line, reason) = (error.line, error.reason);
        anyhow!("invalid format in filter read from {source} on line {line}: {reason}")
    })
}
