//! The argument of `-Z`, as pg_dump takes it.

use anyhow::{Context, bail, ensure};
use pgdumprs::Compression;

/// What `-Z` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) compression: Compression,
    /// Whether a number of workers was given, which pg_dump takes without heeding it.
    pub(crate) workers: bool,
}

/// Reads `METHOD`, `METHOD:LEVEL`, `METHOD:OPTION[,OPTION]...` or a bare level: 0 for none, others for gzip. Nothing is level 0, as
/// in pg_dump.
///
/// Options are `level=NUMBER` and, for zstd, `long[=BOOLEAN]` and `workers=NUMBER`.
pub(crate) fn parse(text: &str) -> anyhow::Result<Asked> {
    read(text).with_context(|| format!("invalid compression \"{text}\""))
}

fn read(text: &str) -> anyhow::Result<Asked> {
    let plain = |compression| Asked {
        compression,
        workers: false,
    };
    if text.is_empty() {
        return Ok(plain(Compression::None));
    }
    if let Ok(level) = text.parse::<i32>() {
        return Ok(plain(match level {
            0 => Compression::None,
            level => Compression::gzip(level)?,
        }));
    }
    let (method, detail) = match text.split_once(':') {
        Some((method, detail)) => (method, Detail::read(detail)?),
        None => (text, Detail::default()),
    };
    let zstd = method == "zstd";
    ensure!(
        zstd || detail.long.is_none(),
        "method \"{method}\" has no long-distance mode"
    );
    ensure!(
        zstd || !detail.workers,
        "method \"{method}\" has no workers"
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
    let compression = match compression {
        Compression::Zstd { level, .. } => Compression::Zstd {
            level,
            long: detail.long.unwrap_or(false),
        },
        other => other,
    };
    Ok(Asked {
        compression,
        workers: detail.workers,
    })
}

/// What follows the method's name.
#[derive(Default)]
struct Detail {
    level: Option<i32>,
    long: Option<bool>,
    workers: bool,
}

impl Detail {
    fn read(text: &str) -> anyhow::Result<Self> {
        let number = |text: &str| {
            text.parse()
                .with_context(|| format!("\"{text}\" is not a number"))
        };
        let mut detail = Self::default();
        if let Ok(level) = text.parse() {
            detail.level = Some(level);
            return Ok(detail);
        }
        for option in text.split(',') {
            match option.split_once('=') {
                Some(("level", value)) => detail.level = Some(number(value)?),
                Some(("workers", value)) => {
                    number(value)?;
                    detail.workers = true;
                }
                Some(("long", value)) => detail.long = Some(boolean(value)?),
                None if option == "long" => detail.long = Some(true),
                None if option == "level" || option == "workers" => {
                    bail!("option \"{option}\" requires a value")
                }
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
            ("", Compression::None),
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
            assert_eq!(parse(text).unwrap().compression, expected, "{text}");
        }
    }

    #[test]
    fn workers_are_taken_without_being_heeded() {
        let asked = parse("zstd:workers=4,level=2").unwrap();
        assert_eq!((asked.compression, asked.workers), (zstd(2, false), true));
        assert!(!parse("zstd:2").unwrap().workers);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        for text in [
            "10",
            "gzip:0",
            "gzip:long",
            "gzip:",
            "GZIP",
            "none:1",
            "lz4:13",
            "zstd:99",
            "zstd:level=",
            "zstd:workers",
            "zstd:workers=x",
            "gzip:workers=2",
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
