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
        /// Extensions that the suite packages apart from the server.
        add_ons: &'static [AddOn],
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

/// An extension that does not come with PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AddOn {
    /// Geometry types, with a configuration table that users add to.
    PostGis,
    /// Vectors for similarity search. Debian has it since trixie.
    PgVector,
}

impl AddOn {
    /// The names of Debian's packages.
    pub(super) fn packages(self, major: Major) -> Vec<String> {
        match self {
            AddOn::PostGis => vec![
                format!("postgresql-{major}-postgis-3"),
                format!("postgresql-{major}-postgis-3-scripts"),
            ],
            AddOn::PgVector => vec![format!("postgresql-{major}-pgvector")],
        }
    }

    /// The name that `CREATE EXTENSION` knows.
    pub(super) fn extension(self) -> &'static str {
        match self {
            AddOn::PostGis => "postgis",
            AddOn::PgVector => "vector",
        }
    }
}

/// The recipes for a major, the best first.
pub(super) fn recipes(major: Major) -> Vec<Recipe> {
    match major {
        Major::V13 => vec![debian("bullseye", &[AddOn::PostGis])],
        Major::V14 => vec![Recipe::NpmServer {
            version: "14.23.0-beta.17",
        }],
        Major::V15 => vec![debian("bookworm", &[AddOn::PostGis])],
        Major::V16 => vec![Recipe::NpmServerWheelTools {
            version: "16.14.0-beta.17",
        }],
        Major::V17 => vec![debian("trixie", &[AddOn::PostGis, AddOn::PgVector])],
        Major::V18 => vec![debian("forky", &[AddOn::PostGis, AddOn::PgVector])],
        Major::V19 => vec![debian("experimental", &[])],
        _ => Vec::new(),
    }
}

fn debian(suite: &'static str, add_ons: &'static [AddOn]) -> Recipe {
    Recipe::Debian { suite, add_ons }
}

impl Recipe {
    /// The folder in the cache that holds what this recipe fetches, and that no other recipe uses: servers of another
    /// checkout, with other recipes, may be running from theirs.
    pub(super) fn folder(&self, major: Major) -> String {
        let words: Vec<_> = self
            .to_string()
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '.')
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        format!("{major}-{}", words.join("-"))
    }

    /// Extensions beyond PostgreSQL's own that this recipe brings.
    pub(super) fn extensions(&self) -> impl Iterator<Item = &'static str> {
        let add_ons = match self {
            Recipe::Debian { add_ons, .. } => add_ons,
            Recipe::NpmServer { .. } | Recipe::NpmServerWheelTools { .. } => &[][..],
        };
        add_ons.iter().map(|add_on| add_on.extension())
    }

    /// Fetches the major into the empty folder `tree`, which is where it will stay.
    pub(super) fn build(&self, major: Major, tree: &Path) -> Result<Installation> {
        // Every source has other architectures too, but nobody has run those recipes yet.
        if std::env::consts::ARCH != "x86_64" {
            bail!(
                "fetching works on x86_64 only: install PostgreSQL {major} with the machine's packages"
            );
        }
        let (server, tools) = match self {
            Recipe::Debian { suite, add_ons } => {
                let bin = debian::fetch(suite, major, add_ons, tree)?;
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
            Recipe::Debian { suite, .. } => {
                write!(f, "Debian {suite}")?;
                for extension in self.extensions() {
                    write!(f, " + {extension}")?;
                }
                Ok(())
            }
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

    #[test]
    fn recipes_do_not_share_a_folder() {
        let plain = debian("trixie", &[]).folder(Major::V17);
        let more = debian("trixie", &[AddOn::PgVector]).folder(Major::V17);
        assert_eq!(plain, "17-debian-trixie");
        assert_eq!(more, "17-debian-trixie-vector");
    }
}
