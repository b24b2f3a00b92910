//! The argument of `-Z`.

use anyhow::{Context, bail};
use pgdumprs::Compression;

/// Reads `METHOD`, `METHOD:LEVEL` or, as for pg_dump, a bare level: 0 for none, 1 to 9 for gzip.
pub(crate) fn parse(text: &str) -> anyhow::Result<Compression> {
    let invalid = || format!("invalid compression \"{text}\"");
    if let Ok(level) = text.parse::<i32>() {
        return match level {
            0 => Ok(Compression::None),
            level => Compression::gzip(level).with_context(invalid),
        };
    }
    let (method, level) = match text.split_once(':') {
        Some((method, level)) => {
            let digits = level.strip_prefix("level=").unwrap_or(level);
            let level = digits
                .parse::<i32>()
                .ok()
                .with_context(|| format!("{}: \"{level}\" is not a level", invalid()))?;
            (method, Some(level))
        }
        None => (text, None),
    };
    match (method, level) {
        ("none", None) => Ok(Compression::None),
        ("none", Some(_)) => bail!("{}: method \"none\" takes no level", invalid()),
        ("gzip", None) => Ok(Compression::GZIP),
        ("gzip", Some(level)) => Compression::gzip(level).with_context(invalid),
        ("lz4", None) => Ok(Compression::LZ4),
        ("lz4", Some(level)) => Compression::lz4(level).with_context(invalid),
        ("zstd", None) => Ok(Compression::ZSTD),
        ("zstd", Some(level)) => Compression::zstd(level).with_context(invalid),
        _ => bail!("{}: methods are none, gzip, lz4 and zstd", invalid()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_what_pg_dump_takes() {
        assert_eq!(parse("0").unwrap(), Compression::None);
        assert_eq!(parse("9").unwrap(), Compression::Gzip { level: 9 });
        assert_eq!(parse("gzip:1").unwrap(), Compression::Gzip { level: 1 });
        assert_eq!(parse("zstd").unwrap(), Compression::Zstd { level: 3 });
        assert_eq!(
            parse("zstd:level=-5").unwrap(),
            Compression::Zstd { level: -5 }
        );
        assert_eq!(parse("lz4").unwrap(), Compression::LZ4);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for text in [
            "",
            "10",
            "-2",
            "brotli",
            "gzip:",
            "gzip:fast",
            "gzip:10",
            "none:1",
            "zstd:99",
        ] {
            let error = parse(text).expect_err(text);
            assert!(
                error.to_string().contains(&format!("\"{text}\"")),
                "{error}"
            );
        }
    }
}
