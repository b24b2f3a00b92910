//! Compressions as text: the argument of `-Z`, as pg_dump takes it.

use std::str::FromStr;

use crate::{Compression, Error};

/// Reads `METHOD`, `METHOD:LEVEL`, `METHOD:OPTION[,OPTION]...` or a bare level: 0 for none, others for gzip. Nothing is level 0, as
/// in pg_dump.
///
/// Options are `level=NUMBER` and, for zstd, `long[=BOOLEAN]` and `workers=NUMBER`. The latter changes nothing, which is how pg_dump takes it.
impl FromStr for Compression {
    type Err = Error;

    /// # Errors
    /// [`Error::CompressionText`] for what makes no sense.
    fn from_str(text: &str) -> Result<Self, Error> {
        read(text).map_err(|reason| Error::CompressionText {
            text: text.to_owned(),
            reason,
        })
    }
}

fn read(text: &str) -> Result<Compression, String> {
    if text.is_empty() {
        return Ok(Compression::None);
    }
    if let Ok(level) = text.parse::<i32>() {
        return match level {
            0 => Ok(Compression::None),
            level => checked(Compression::Gzip { level }),
        };
    }
    let (method, detail) = match text.split_once(':') {
        Some((method, detail)) => (method, Detail::read(detail)?),
        None => (text, Detail::default()),
    };
    if method != "zstd" {
        if detail.long.is_some() {
            return Err(format!("method \"{method}\" has no long-distance mode"));
        }
        if detail.workers {
            return Err(format!("method \"{method}\" has no workers"));
        }
    }
    checked(match (method, detail.level) {
        ("none", None | Some(0)) => Compression::None,
        ("none", Some(_)) => return Err("method \"none\" takes no level".into()),
        ("gzip", None) => Compression::GZIP,
        ("gzip", Some(level)) => Compression::Gzip { level },
        ("lz4", None) => Compression::LZ4,
        ("lz4", Some(level)) => Compression::Lz4 { level },
        ("zstd", level) => Compression::Zstd {
            level: level.unwrap_or(ZSTD_LEVEL),
            long: detail.long.unwrap_or(false),
        },
        _ => return Err("methods are none, gzip, lz4 and zstd".into()),
    })
}

/// PostgreSQL's default level of zstd.
const ZSTD_LEVEL: i32 = 3;

fn checked(compression: Compression) -> Result<Compression, String> {
    compression.validate().map_err(|error| error.to_string())?;
    Ok(compression)
}

/// What follows the method's name.
#[derive(Default)]
struct Detail {
    level: Option<i32>,
    long: Option<bool>,
    workers: bool,
}

impl Detail {
    fn read(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.parse::<i32>()
                .map_err(|_| format!("\"{text}\" is not a number"))
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
                    return Err(format!("option \"{option}\" requires a value"));
                }
                _ => {
                    return Err(format!(
                        "there is no option \"{option}\"; options are level=NUMBER and, for zstd, long"
                    ));
                }
            }
        }
        Ok(detail)
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "on" | "true" | "yes" => Ok(true),
        "0" | "off" | "false" | "no" => Ok(false),
        _ => Err(format!("\"{text}\" is not on or off")),
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
            assert_eq!(text.parse::<Compression>().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn workers_are_taken_without_being_heeded() {
        let asked: Compression = "zstd:workers=4,level=2".parse().unwrap();
        assert_eq!(asked, zstd(2, false));
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
            let error = text.parse::<Compression>().unwrap_err().to_string();
            assert!(error.contains(&format!("\"{text}\"")), "{error}");
        }
    }
}
