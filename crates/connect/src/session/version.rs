//! The server's version.

use std::fmt;

use bstr::{BStr, BString, ByteSlice};

/// The version of a server, from its `server_version` parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// The number in the form of `server_version_num`: 170011 for 17.11, 90624 for 9.6.24.
    pub num: u32,
    /// The text as reported, suffixes included, such as `15.18 (Debian 15.18-0+deb12u1)`.
    pub text: BString,
}

impl ServerVersion {
    /// Reads what a server reports: digits and dots, then whatever a packager or a pre-release
    /// adds.
    ///
    /// Returns `None` where the text does not begin with a number.
    pub fn parse(text: &BStr) -> Option<Self> {
        let end = text.find_not_byteset(b"0123456789.").unwrap_or(text.len());
        let mut parts = text[..end].split_str(".").map(|part| {
            let digits = part.to_str().ok()?;
            digits.parse::<u32>().ok().filter(|&number| number < 10_000)
        });
        let major = parts.next().flatten()?;
        let minor = parts.next().flatten().unwrap_or(0);
        let num = if major >= 10 {
            // Since version 10 the second number is the minor one.
            major * 10_000 + minor
        } else {
            let patch = parts.next().flatten().unwrap_or(0);
            major * 10_000 + minor * 100 + patch
        };
        Some(ServerVersion {
            num,
            text: text.to_owned(),
        })
    }

    /// The major version from 10 on, such as 17.
    pub fn major(&self) -> u32 {
        self.num / 10_000
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.text.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_servers_report() {
        for (text, num) in [
            ("17.11", 170_011),
            ("15.18 (Debian 15.18-0+deb12u1)", 150_018),
            ("18beta1", 180_000),
            ("19devel", 190_000),
            ("18rc1 (Debian 18~rc1-1)", 180_000),
            ("9.6.24", 90_624),
            ("14.9 - Percona", 140_009),
        ] {
            assert_eq!(
                ServerVersion::parse(text.into()).map(|v| v.num),
                Some(num),
                "{text}"
            );
        }
        assert_eq!(ServerVersion::parse("".into()), None);
        assert_eq!(ServerVersion::parse("unknown".into()), None);
        assert_eq!(ServerVersion::parse("99999999999.1".into()), None);
    }
}
