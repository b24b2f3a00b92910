//! What a dump is written as.

use pgdumprs_archive::Compression;

use crate::{Dump, Error, Plain};

/// What a dump is written as, with what is said of its script where it has one.
#[derive(Clone, Debug, Default)]
pub(crate) enum Product {
    /// An archive in the custom format.
    #[default]
    Custom,
    /// An archive in the directory format.
    Directory,
    /// An archive in the tar format, and the script beside it.
    Tar(Plain),
    /// A script alone.
    Script(Plain),
}

impl Product {
    /// What is said of the script.
    pub(crate) fn script(&self) -> Option<&Plain> {
        match self {
            Self::Custom | Self::Directory => None,
            Self::Tar(plain) | Self::Script(plain) => Some(plain),
        }
    }

    /// Whether it is a script and no archive.
    pub(crate) fn is_script(&self) -> bool {
        matches!(self, Self::Script(_))
    }

    /// How it is compressed where nobody says how.
    pub(crate) fn compression(&self) -> Compression {
        match self {
            Self::Custom | Self::Directory => Compression::GZIP,
            Self::Tar(_) | Self::Script(_) => Compression::None,
        }
    }
}

impl Dump {
    /// Writes a script of SQL for psql, as `pg_dump -Fp` does, rather than an archive. What is in it cannot be chosen any more
    /// when it is restored: `plain` says it now.
    #[must_use]
    pub fn plain(mut self, plain: Plain) -> Self {
        self.product = Product::Script(plain);
        self
    }

    /// Writes an archive in the tar format, as `pg_dump -Ft` does, rather than one in the custom format. It is not compressed.
    ///
    /// Within it, for people, is a script called `restore.sql`, which reads the rows from the other files once these are unpacked: `plain` says what it is like.
    /// It makes the database too.
    ///
    /// Where the output cannot seek, a table that takes more than 1 MiB goes into a temporary file first, for its length comes before it.
    #[must_use]
    pub fn tar(mut self, plain: Plain) -> Self {
        self.product = Product::Tar(plain);
        self
    }

    /// Fails where what was chosen cannot be written, or was to be verified and cannot be read back.
    pub(crate) fn check(&self, is_file: bool) -> Result<(), Error> {
        self.version()?;
        if let Some(option) = self.product.script().and_then(Plain::selects) {
            return Err(Error::ScriptSelects { option });
        }
        let is_tar = matches!(self.product, Product::Tar(_));
        if is_tar && self.compressed_by() != Compression::None {
            return Err(Error::TarCompressed);
        }
        #[cfg(feature = "encryption")]
        if self.recipients.is_some() {
            if matches!(self.product, Product::Directory) {
                return Err(Error::SealedDirectory);
            }
            if self.verify {
                return Err(Error::SealedVerify);
            }
        }
        match (self.verify, self.product.is_script()) {
            (true, true) => Err(Error::VerifyNeedsArchive),
            (true, false) if !is_file => Err(Error::VerifyNeedsFile),
            _ => Ok(()),
        }
    }

    /// Makes it a dump into a folder, which only an archive in the directory format goes into.
    pub(crate) fn into_directory(mut self) -> Result<Self, Error> {
        if let Product::Tar(_) | Product::Script(_) = self.product {
            return Err(Error::NoDirectory {
                is_script: self.product.is_script(),
            });
        }
        self.product = Product::Directory;
        self.check(true)?;
        Ok(self)
    }
}
