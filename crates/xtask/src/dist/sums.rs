//! SHA-256 sums, as `sha256sum --check` reads them.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The file of sums.
pub(crate) const NAME: &str = "SHA256SUMS";

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

#[cfg(test)]
mod tests {
    use std::process::Command;

    use pgdumprs_testkit::checked_output;

    use super::*;

    #[test]
    fn sums_are_those_that_are_checked_by_others() {
        let out = tempfile::tempdir().unwrap();
        let files = ["b", "a"].map(|name| out.path().join(name));
        for file in &files {
            fs::write(file, "abc").unwrap();
        }
        let sums = write(&files, out.path()).unwrap();
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(
            fs::read_to_string(&sums).unwrap(),
            format!("{of_abc}  a\n{of_abc}  b\n")
        );
        let mut check = Command::new("sha256sum");
        check
            .args(["--check", "--strict"])
            .arg(&sums)
            .current_dir(out.path());
        checked_output(&mut check).unwrap();
    }
}
