//! The option that says how data is compressed.

use anyhow::bail;
use clap::Args;
use pgdumprs::Compression;

use crate::message::say;
use crate::progress::Verbosity;

#[derive(Debug, Args)]
pub(crate) struct CompressionArgs {
    /// Compression: METHOD[:LEVEL] with none, gzip, lz4 or zstd, or a level of gzip
    ///
    /// METHOD may also be followed by options after the colon, parted by commas: level=NUMBER and, for zstd, long. The default is gzip at
    /// a level chosen by the data, and nothing for -Fp and -Ft; a tar file cannot be compressed. Level 0 means no compression. zstd is faster and smaller, and needs a pg_restore of PostgreSQL 16 or
    /// newer; so does lz4.
    #[arg(short = 'Z', long, value_name = "METHOD")]
    compress: Option<String>,
}

impl CompressionArgs {
    /// Whether it was said how.
    pub(crate) fn is_given(&self) -> bool {
        self.compress.is_some()
    }

    /// How data is compressed, where that was said.
    pub(crate) fn compression(&self, verbosity: Verbosity) -> anyhow::Result<Option<Compression>> {
        match &self.compress {
            // A connection string in the wrong place, of which the reason might quote a part.
            Some(text) if text.contains('@') => bail!("invalid value for option -Z/--compress"),
            Some(text) => {
                let compression = text.parse()?;
                // Nothing else in it can be called so.
                if text.contains("workers") && verbosity != Verbosity::Quiet {
                    say(
                        "warning: the option \"workers\" of zstd changes nothing: -j says how many connections compress",
                    );
                }
                Ok(Some(compression))
            }
            None => Ok(None),
        }
    }
}
