//! SHA-256 sums, as `sha256sum --check` reads them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The file of sums.
const NAME: &str = "SHA256SUMS";

/// Writes the sums of files that are below `out`, in the order of their names, and returns the path of what was written.
pub(crate) fn write(files: &[PathBuf], out: &Path) -> Result<PathBuf> {
    let mut lines = Vec::new();
    for file in files {
        let name = file.strip_prefix(out)?.display();
        lines.push((name.to_string(), sum(file)?));
    }
    lines.sort();
    let text: String = lines
        .iter()
        .map(|(name, sum)| format!("{sum}  {name}\n"))
        .collect();
    let path = out.join(NAME);
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

/// A file's SHA-256 sum in lower-case hexadecimal digits.
pub(crate) fn sum(file: &Path) -> Result<String> {
    let data = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let digest = Sha256::digest(data);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
