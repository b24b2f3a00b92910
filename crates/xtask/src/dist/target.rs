//! The systems and processors that pgdumprs is packed for, and what they are called by those who install it.

use anyhow::{Result, bail};

/// A system on a processor.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// What Rust calls it.
    pub(crate) triple: &'static str,
    /// Node.js's `process.platform` and `process.arch`.
    pub(crate) npm_os: &'static str,
    pub(crate) npm_cpu: &'static str,
    /// The platform tags of a Python wheel. A program without libraries runs wherever the kernel does, so one wheel is for glibc and musl alike.
    pub(crate) wheel: &'static str,
    /// Debian's name of the processor, where Debian is what runs on it.
    pub(crate) debian: Option<&'static str>,
    /// The container image's `architecture`, where it is one.
    pub(crate) container: Option<&'static str>,
}

const TARGETS: [Target; 5] = [
    Target {
        triple: "aarch64-apple-darwin",
        npm_os: "darwin",
        npm_cpu: "arm64",
        wheel: "macosx_11_0_arm64",
        debian: None,
        container: None,
    },
    Target {
        triple: "aarch64-unknown-linux-musl",
        npm_os: "linux",
        npm_cpu: "arm64",
        wheel: "manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64",
        debian: Some("arm64"),
        container: Some("arm64"),
    },
    Target {
        triple: "x86_64-apple-darwin",
        npm_os: "darwin",
        npm_cpu: "x64",
        wheel: "macosx_10_12_x86_64",
        debian: None,
        container: None,
    },
    Target {
        triple: "x86_64-pc-windows-gnu",
        npm_os: "win32",
        npm_cpu: "x64",
        wheel: "win_amd64",
        debian: None,
        container: None,
    },
    Target {
        triple: "x86_64-unknown-linux-musl",
        npm_os: "linux",
        npm_cpu: "x64",
        wheel: "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64",
        debian: Some("amd64"),
        container: Some("amd64"),
    },
];

/// The form of an archive for a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveFormat {
    TarGz,
    Zip,
}

impl ArchiveFormat {
    /// The end of its name, with the dot.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            ArchiveFormat::TarGz => ".tar.gz",
            ArchiveFormat::Zip => ".zip",
        }
    }
}

impl Target {
    pub(crate) fn all() -> impl Iterator<Item = &'static Target> {
        TARGETS.iter()
    }

    /// The target that Rust calls by a name.
    ///
    /// # Errors
    ///
    /// When pgdumprs is not packed for it.
    pub(crate) fn named(triple: &str) -> Result<&'static Target> {
        match Target::all().find(|target| target.triple == triple) {
            Some(target) => Ok(target),
            None => {
                let triples: Vec<_> = Target::all().map(|target| target.triple).collect();
                bail!("{triple} is none of {}", triples.join(", "))
            }
        }
    }

    /// Rust's name of the processor.
    pub(crate) fn processor(&self) -> &'static str {
        self.triple.split('-').next().unwrap_or(self.triple)
    }

    pub(crate) fn is_windows(&self) -> bool {
        self.triple.contains("-windows-")
    }

    pub(crate) fn is_macos(&self) -> bool {
        self.triple.ends_with("-darwin")
    }

    /// The file name of the program.
    pub(crate) fn program(&self) -> &'static str {
        if self.is_windows() {
            "pgdumprs.exe"
        } else {
            "pgdumprs"
        }
    }

    /// The form of its archive: what its system unpacks without help.
    pub(crate) fn archive_format(&self) -> ArchiveFormat {
        if self.is_windows() {
            ArchiveFormat::Zip
        } else {
            ArchiveFormat::TarGz
        }
    }

    /// Whether this machine starts its programs by itself.
    pub(crate) fn runs_here(&self) -> bool {
        let system = match std::env::consts::OS {
            "macos" => "darwin",
            "windows" => "windows",
            system => system,
        };
        self.processor() == std::env::consts::ARCH && self.triple.contains(system)
    }

    /// Whether this machine can build for it.
    pub(crate) fn is_built_here(&self) -> bool {
        self.require_built_here().is_ok()
    }

    /// # Errors
    ///
    /// When this machine cannot build for it, with the reason.
    pub(crate) fn require_built_here(&self) -> Result<()> {
        match (self.is_macos(), std::env::consts::OS) {
            (true, "macos") | (false, "linux") => Ok(()),
            (true, _) => bail!(
                "{} is linked with Apple's libraries, which takes a Mac; a program that was built there can be given by --program",
                self.triple
            ),
            (false, _) => bail!(
                "{} is built on Linux; a program that was built there can be given by --program",
                self.triple
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_targets_are_one_to_those_who_install() {
        let differ = |name: fn(&Target) -> String| {
            let names: BTreeSet<_> = Target::all().map(name).collect();
            assert_eq!(names.len(), TARGETS.len(), "{names:?}");
        };
        differ(|target| target.triple.to_owned());
        differ(|target| format!("{}-{}", target.npm_os, target.npm_cpu));
        differ(|target| target.wheel.to_owned());
    }

    #[test]
    fn what_runs_on_windows_is_called_so_and_zipped() {
        let windows = Target::named("x86_64-pc-windows-gnu").unwrap();
        assert_eq!(
            (windows.program(), windows.archive_format()),
            ("pgdumprs.exe", ArchiveFormat::Zip)
        );
        for other in Target::all().filter(|target| *target != windows) {
            assert_eq!(
                (other.program(), other.archive_format()),
                ("pgdumprs", ArchiveFormat::TarGz)
            );
        }
    }

    #[test]
    fn another_target_is_refused_with_the_list() {
        let error = Target::named("riscv64gc-unknown-linux-musl")
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("aarch64-unknown-linux-musl, x86_64-apple-darwin"),
            "{error}"
        );
    }

    #[test]
    fn what_cannot_be_built_here_is_refused_with_the_reason() {
        for target in Target::all() {
            let is_mac = std::env::consts::OS == "macos";
            match target.require_built_here() {
                Ok(()) => assert_eq!(target.is_macos(), is_mac, "{}", target.triple),
                Err(reason) => assert!(reason.to_string().contains("--program"), "{reason}"),
            }
        }
    }
}
