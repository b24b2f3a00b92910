//! What is packed for a target, laid out in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::release::Release;
use super::target::Target;
use crate::build::{cargo, workspace};

/// What the program prints by `--generate`, and the file that holds it.
const REFERENCE: [(&str, &str); 4] = [
    ("man", "man/pgdumprs.1"),
    ("bash", "completions/pgdumprs.bash"),
    ("zsh", "completions/_pgdumprs"),
    ("fish", "completions/pgdumprs.fish"),
];

/// Files of the workspace that go along.
const DOCUMENTS: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// The program and what belongs to it, for one target.
#[derive(Debug)]
pub(crate) struct Staged {
    pub(crate) target: &'static Target,
    pub(crate) release: Release,
    /// Called as [`Staged::name`] says; removed and laid out again by each run.
    pub(crate) folder: PathBuf,
}

/// A file of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StagedFile {
    /// Within the folder, with slashes.
    pub(crate) name: String,
    /// Unix permissions: 0o755 for the program, 0o644 for everything else, whatever the file here has.
    pub(crate) mode: u32,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// A file that the program prints: its name within the folder, and what is in it.
pub(crate) type ReferenceFile = (&'static str, Vec<u8>);

impl Staged {
    /// Lays everything out in a folder below `out`.
    pub(crate) fn new(
        target: &'static Target,
        release: &Release,
        program: &Path,
        reference: &[ReferenceFile],
        out: &Path,
    ) -> Result<Staged> {
        let staged = Staged {
            target,
            release: release.clone(),
            folder: out.join("stage").join(name(target, &release.version)),
        };
        if staged.folder.exists() {
            fs::remove_dir_all(&staged.folder).context("removing what an earlier run laid out")?;
        }
        fs::create_dir_all(&staged.folder)
            .with_context(|| format!("creating {}", staged.folder.display()))?;
        fs::copy(program, staged.program())
            .with_context(|| format!("copying {}", program.display()))?;
        fs::set_permissions(staged.program(), fs::Permissions::from_mode(0o755))?;
        for document in DOCUMENTS {
            fs::copy(workspace().join(document), staged.folder.join(document))
                .with_context(|| format!("copying {document}"))?;
        }
        for (name, text) in reference {
            let path = staged.folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(&staged.folder))?;
            fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(staged)
    }

    /// `pgdumprs-VERSION-TRIPLE`.
    pub(crate) fn name(&self) -> String {
        name(self.target, &self.release.version)
    }

    /// The program's path.
    pub(crate) fn program(&self) -> PathBuf {
        self.folder.join(self.target.program())
    }

    /// All files, in the order of their names.
    pub(crate) fn files(&self) -> Result<Vec<StagedFile>> {
        let mut files = Vec::new();
        self.collect(&self.folder, &mut files)?;
        files.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(files)
    }

    fn collect(&self, folder: &Path, files: &mut Vec<StagedFile>) -> Result<()> {
        for entry in
            fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))?
        {
            let path = entry?.path();
            if path.is_dir() {
                self.collect(&path, files)?;
                continue;
            }
            let parts = path.strip_prefix(&self.folder)?.iter();
            let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
            files.push(StagedFile {
                name: parts.join("/"),
                mode: if path == self.program() { 0o755 } else { 0o644 },
                path,
            });
        }
        Ok(())
    }
}

fn name(target: &Target, version: &str) -> String {
    format!("pgdumprs-{version}-{}", target.triple)
}

/// What a program prints for people and shells: by the first of `programs` that this machine starts, or else by one that is built for that.
pub(crate) fn reference(programs: &[(&'static Target, PathBuf)]) -> Result<Vec<ReferenceFile>> {
    let here = programs.iter().find(|(target, _)| target.runs_here());
    REFERENCE
        .iter()
        .map(|&(what, name)| {
            let mut command = match here {
                Some((_, program)) => Command::new(program),
                None => cargo(&[
                    "run",
                    "--quiet",
                    "--locked",
                    "--package",
                    "pgdumprs-cli",
                    "--",
                ]),
            };
            Ok((name, generated(&mut command, what)?))
        })
        .collect()
}

fn generated(command: &mut Command, what: &str) -> Result<Vec<u8>> {
    let output = command
        .args(["--generate", what])
        .stdin(Stdio::null())
        .output()
        .with_context(|| {
            format!(
                "{} could not be started",
                command.get_program().to_string_lossy()
            )
        })?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("pgdumprs --generate {what}: {said}");
    }
    Ok(output.stdout)
}
