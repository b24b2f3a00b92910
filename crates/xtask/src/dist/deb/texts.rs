//! What Debian wants to have written of a package.

use std::fs;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use crate::build::workspace;
use crate::dist::release::Release;

/// Who makes it, in the form that has to be.
const MAINTAINER: &str = "The pgdumprs developers <pgdumprs@localhost>";

/// What Debian's own packages must not be, and this one is.
pub(super) const LINTIAN_OVERRIDES: &str = "\
# One program runs on every release of Debian, and in containers that hold nothing else.
pgdumprs: statically-linked-binary *
# The developers have no address for mail yet.
pgdumprs: bogus-mail-host *
pgdumprs: bogus-mail-host-in-debian-changelog *
# It is no upload to Debian.
pgdumprs: initial-upload-closes-no-bugs *
";

/// The version with the package's own: it is packed once for each.
pub(super) fn version(release: &Release) -> String {
    // What comes before a version sorts before it there when a tilde says so.
    format!("{}-1", release.version.replace('-', "~"))
}

/// The control file, for a package whose files take so many KiB.
pub(super) fn control(release: &Release, architecture: &str, size: u64) -> String {
    format!(
        "Package: pgdumprs
Version: {}
Architecture: {architecture}
Maintainer: {MAINTAINER}
Installed-Size: {size}
Recommends: ca-certificates
Section: database
Priority: optional
Description: dump, restore and clone PostgreSQL databases
 pgdumprs dumps databases of PostgreSQL 13 to 19 into the custom, directory and
 tar formats of pg_dump, restores such archives, and clones one database into
 another, each over many connections at once. It takes the options of pg_dump
 and pg_restore, reads their archives and writes archives that they read.
 .
 It is one program, which needs nothing else of PostgreSQL.
",
        version(release)
    )
}

/// The package's list of changes, which says where the program's is.
pub(super) fn changelog(release: &Release) -> Result<String> {
    let time = Timestamp::from_second(release.time.try_into()?)?;
    let time = rfc2822::to_string(&time.to_zoned(jiff::tz::TimeZone::UTC))?;
    Ok(format!(
        "pgdumprs ({}) stable; urgency=medium

  * Version {}. What is new in it is told by changelog.gz.

 -- {MAINTAINER}  {time}
",
        version(release),
        release.version
    ))
}

/// The copyright file. The text of the Apache licence is everywhere on Debian.
pub(super) fn copyright() -> Result<String> {
    let mit = fs::read_to_string(workspace().join("LICENSE-MIT")).context("LICENSE-MIT")?;
    let (title, mit) = mit
        .split_once("Copyright")
        .context("LICENSE-MIT names nobody")?;
    Ok(format!(
        "pgdumprs may be used under the terms of the Apache License, Version 2.0, or of
the MIT License, as you like.

The Apache License, Version 2.0, is in /usr/share/common-licenses/Apache-2.0.

{}

Copyright{mit}
The program contains libraries that others have made. They and their licences
are in third-party-licenses.gz beside this file.
",
        title.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(version: &str) -> Release {
        Release {
            version: version.to_owned(),
            time: 1_000_000_000,
        }
    }

    #[test]
    fn the_control_file_asks_for_nothing_but_authorities() {
        let control = control(&release("1.2.3"), "arm64", 4711);
        let field = |name: &str| {
            let start = format!("{name}: ");
            control.lines().find_map(|line| line.strip_prefix(&start))
        };
        assert_eq!(field("Package"), Some("pgdumprs"));
        assert_eq!(field("Version"), Some("1.2.3-1"));
        assert_eq!(field("Architecture"), Some("arm64"));
        assert_eq!(field("Installed-Size"), Some("4711"));
        assert_eq!(field("Recommends"), Some("ca-certificates"));
        assert_eq!(field("Depends"), None);
        let (_, description) = control.split_once("\nDescription: ").unwrap();
        let mut lines = description.lines();
        assert!(lines.next().unwrap().len() < 60);
        assert!(lines.all(|line| line.starts_with(' ') && line.len() <= 80));
    }

    #[test]
    fn what_comes_before_a_version_sorts_before_it() {
        assert_eq!(version(&release("1.0.0-rc.1")), "1.0.0~rc.1-1");
    }

    #[test]
    fn the_list_of_changes_has_the_time_of_the_release() {
        let changes = changelog(&release("1.2.3")).unwrap();
        assert!(changes.starts_with("pgdumprs (1.2.3-1) "), "{changes}");
        assert!(
            changes.ends_with("  Sun, 9 Sep 2001 01:46:40 +0000\n"),
            "{changes}"
        );
    }

    #[test]
    fn the_copyright_file_has_the_text_that_debian_has_not() {
        let text = copyright().unwrap();
        assert!(text.contains("/usr/share/common-licenses/Apache-2.0"));
        assert!(text.contains("Permission is hereby granted"));
        assert!(!text.contains("TERMS AND CONDITIONS FOR USE"));
    }
}
