//! What is packed for a target, laid out in a folder.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::licences;
use super::release::Release;
use super::target::Target;
use crate::build::{PACKAGE, cargo, workspace};

/// What the program prints by `--generate`, and the file that holds it.
const REFERENCE: [(&str, &str); 5] = [
    ("man", "man/pgdumprs.1"),
    ("bash", "completions/pgdumprs.bash"),
    ("zsh", "completions/_pgdumprs"),
    ("fish", "completions/pgdumprs.fish"),
    ("powershell", "completions/_pgdumprs.ps1"),
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

/// A file that is made for it: its name within the folder, and what is in it.
pub(crate) type Text = (&'static str, Vec<u8>);

impl Staged {
    /// Lays everything out in a folder below `out`, `texts` beside the program and the workspace's documents.
    pub(crate) fn new(
        target: &'static Target,
        release: &Release,
        program: &Path,
        texts: &[Text],
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
        for (name, text) in texts {
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

    /// The licences among them: our own, and those of what others have made.
    pub(crate) fn licences(&self) -> Result<Vec<StagedFile>> {
        let mut files = self.files()?;
        files.retain(|file| file.name.starts_with("LICENSE-") || file.name == licences::NAME);
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

/// `pgdumprs-VERSION-TRIPLE`.
pub(crate) fn name(target: &Target, version: &str) -> String {
    format!("pgdumprs-{version}-{}", target.triple)
}

/// What a program prints for people and shells: by the first of `programs` that this machine starts, or else by one that is built for that.
pub(crate) fn reference(programs: &[(&'static Target, PathBuf)]) -> Result<Vec<Text>> {
    let here = programs.iter().find(|(target, _)| target.runs_here());
    REFERENCE
        .iter()
        .map(|&(what, name)| {
            let mut command = match here {
                Some((_, program)) => Command::new(program),
                None => cargo(&["run", "--quiet", "--locked", "--package", PACKAGE, "--"]),
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

#[cfg(test)]
pub(crate) mod tests {
    use std::fs::File;
    use std::time::SystemTime;

    use super::*;
    use crate::dist::licences;

    /// What is packed for a target, with something for a program.
    pub(crate) fn staged(triple: &str, out: &Path) -> Staged {
        let program = out.join("something");
        fs::write(&program, "#!/bin/sh\nexit\n".repeat(1000)).unwrap();
        let release = Release {
            version: "1.2.3".to_owned(),
            time: 1_000_000_000,
        };
        let mut texts: Vec<Text> = REFERENCE
            .iter()
            .map(|&(what, name)| (name, what.as_bytes().to_vec()))
            .collect();
        texts.push((licences::NAME, b"Ours.".to_vec()));
        Staged::new(
            Target::named(triple).unwrap(),
            &release,
            &program,
            &texts,
            out,
        )
        .unwrap()
    }

    /// Gives all its files other times and permissions, as another checkout has.
    pub(crate) fn touch(staged: &Staged) {
        for file in staged.files().unwrap() {
            let other = fs::Permissions::from_mode(0o700);
            File::open(&file.path)
                .unwrap()
                .set_modified(SystemTime::UNIX_EPOCH)
                .unwrap();
            fs::set_permissions(&file.path, other).unwrap();
        }
    }

    #[test]
    fn everything_is_laid_out_in_one_way() {
        let out = tempfile::tempdir().unwrap();
        let staged = staged("x86_64-pc-windows-gnu", out.path());
        assert_eq!(staged.name(), "pgdumprs-1.2.3-x86_64-pc-windows-gnu");
        let files = staged.files().unwrap();
        let files: Vec<_> = files
            .iter()
            .map(|file| (file.name.as_str(), file.mode))
            .collect();
        let expected = [
            ("LICENSE-APACHE", 0o644),
            ("LICENSE-MIT", 0o644),
            ("README.md", 0o644),
            ("THIRD-PARTY-LICENSES.txt", 0o644),
            ("completions/_pgdumprs", 0o644),
            ("completions/_pgdumprs.ps1", 0o644),
            ("completions/pgdumprs.bash", 0o644),
            ("completions/pgdumprs.fish", 0o644),
            ("man/pgdumprs.1", 0o644),
            ("pgdumprs.exe", 0o755),
        ];
        assert_eq!(files, expected);
    }

    #[test]
    fn what_an_earlier_run_laid_out_is_gone() {
        let out = tempfile::tempdir().unwrap();
        let first = staged("x86_64-unknown-linux-musl", out.path());
        fs::write(first.folder.join("left"), "").unwrap();
        let second = staged("x86_64-unknown-linux-musl", out.path());
        assert!(
            second
                .files()
                .unwrap()
                .iter()
                .all(|file| file.name != "left")
        );
    }
}
