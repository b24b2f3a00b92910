//! The argument of `-Z`, as pg_dump takes it.

use anyhow::{Context, bail, ensure};
use pgdumprs::Compression;

/// Reads `METHOD`, `METHOD:LEVEL`, `METHOD:OPTION[,OPTION]...` or a bare level: 0 for none, others for gzip.
///
/// Options are `level=NUMBER` and, for zstd, `long[=BOOLEAN]`.
pub(crate) fn parse(text: &str) -> anyhow::Result<Compression> {
    read(text).with_context(|| format!("invalid compression \"{text}\""))
}

fn read(text: &str) -> anyhow::Result<Compression> {
    if let Ok(level) = text.parse::<i32>() {
        return match level {
            0 => Ok(Compression::None),
            level => Ok(Compression::gzip(level)?),
        };
    }
    let (method, detail) = match text.split_once(':') {
        Some((method, detail)) => (method, Detail::read(detail)?),
        None => (text, Detail::default()),
    };
    ensure!(
        method == "zstd" || detail.long.is_none(),
        "method \"{method}\" has no long-distance mode"
    );
    let compression = match (method, detail.level) {
        ("none", None | Some(0)) => Compression::None,
        ("none", Some(_)) => bail!("method \"none\" takes no level"),
        ("gzip", None) => Compression::GZIP,
        ("gzip", Some(level)) => Compression::gzip(level)?,
        ("lz4", None) => Compression::LZ4,
        ("lz4", Some(level)) => Compression::lz4(level)?,
        ("zstd", None) => Compression::ZSTD,
        ("zstd", Some(level)) => Compression::zstd(level)?,
        _ => bail!("methods are none, gzip, lz4 and zstd"),
    };
    Ok(match compression {
        Compression::Zstd { level, .. } => Compression::Zstd {
            level,
            long: detail.long.unwrap_or(false),
        },
        other => other,
    })
}

/// What follows the method's name.
#[derive(Default)]
struct Detail {
    level: Option<i32>,
    long: Option<bool>,
}

impl Detail {
    fn read(text: &str) -> anyhow::Result<Self> {
        let level = |text: &str| {
            text.parse()
                .with_context(|| format!("\"{text}\" is not a level"))
        };
        if let Ok(level) = text.parse() {
            return Ok(Self {
                level: Some(level),
                long: None,
            });
        }
        let mut detail = Self::default();
        for option in text.split(',') {
            match option.split_once('=') {
                Some(("level", value)) => detail.level = Some(level(value)?),
                Some(("long", value)) => detail.long = Some(boolean(value)?),
                None if option == "long" => detail.long = Some(true),
                _ => bail!(
                    "there is no option \"{option}\"; options are level=NUMBER and, for zstd, long"
                ),
            }
        }
        Ok(detail)
    }
}

fn boolean(text: &str) -> anyhow::Result<bool> {
    match text {
        "1" | "on" | "true" | "yes" => Ok(true),
        "0" | "off" | "false" | "no" => Ok(false),
        _ => bail!("\"{text}\" is not on or off"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zstd(level: i32, long: bool) -> Compression {
        Compression::Zstd { level, long }
    }

    #[test]
    fn takes_what_pg_dump_takes() {
        for (text, expected) in [
            ("0", Compression::None),
            ("none:0", Compression::None),
            ("9", Compression::Gzip { level: 9 }),
            ("+5", Compression::Gzip { level: 5 }),
            ("gzip", Compression::GZIP),
            ("gzip:1", Compression::Gzip { level: 1 }),
            ("gzip:level=-1", Compression::GZIP),
            ("zstd", zstd(3, false)),
            ("zstd:level=-5", zstd(-5, false)),
            ("zstd:long", zstd(3, true)),
            ("zstd:level=9,long=on", zstd(9, true)),
            ("zstd:long=no,level=4", zstd(4, false)),
            ("lz4:level=3,level=4", Compression::Lz4 { level: 4 }),
            ("lz4", Compression::LZ4),
        ] {
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for text in [
            "",
            "10",
            "gzip:0",
            "gzip:long",
            "gzip:",
            "GZIP",
            "none:1",
            "lz4:13",
            "zstd:99",
            "zstd:level=",
            "zstd:3,long",
            "zstd:fast",
            "zstd:long=maybe",
            "6:level=1",
            "brotli",
        ] {
            let error = format!("{:#}", parse(text).unwrap_err());
            assert!(error.contains(&format!("\"{text}\"")), "{error}");
        }
    }
}
