//! Passphrases.

use std::fmt;

use age::secrecy::SecretString;

use crate::Error;

/// A passphrase, which is shown nowhere.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Takes it as it is.
    ///
    /// # Errors
    /// [`Error::NoPassphrase`] where it is empty.
    pub fn new(text: String) -> Result<Self, Error> {
        match text.is_empty() {
            true => Err(Error::NoPassphrase),
            false => Ok(Self(text.into())),
        }
    }

    /// Takes the first line of a file, without its end.
    ///
    /// # Errors
    /// [`Error::NoPassphrase`] where that is empty.
    pub fn first_line(text: &str) -> Result<Self, Error> {
        Self::new(text.lines().next().unwrap_or_default().to_owned())
    }

    pub(crate) fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}
