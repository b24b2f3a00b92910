//! The key of psql's `\restrict`.

use rand::seq::IndexedRandom;

use crate::Error;

const CHARACTERS: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// As many as stock's has.
const LENGTH: usize = 63;

/// The key that locks a script's reader: psql takes no commands of its own from a script between `\restrict` and `\unrestrict` with the
/// same key. Whoever could foresee it could have psql run a program from within a dumped name, so it is random.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestrictKey(String);

impl RestrictKey {
    /// A key that is known beforehand, for scripts that shall always be the same.
    ///
    /// # Errors
    /// [`Error::RestrictKey`] unless it is made of ASCII letters and digits, and at least one.
    pub fn new(key: impl Into<String>) -> Result<Self, Error> {
        let key = key.into();
        if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(Error::RestrictKey);
        }
        Ok(RestrictKey(key))
    }

    /// A random key.
    pub fn random() -> Self {
        let mut rng = rand::rng();
        let characters = (0..LENGTH).filter_map(|_| CHARACTERS.choose(&mut rng));
        RestrictKey(characters.map(|&byte| char::from(byte)).collect())
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_letters_and_digits() {
        assert!(RestrictKey::new("aZ09").is_ok());
        for key in ["", "a b", "a\n", "é", "a-b"] {
            assert_eq!(RestrictKey::new(key), Err(Error::RestrictKey), "{key:?}");
        }
    }

    #[test]
    fn random_keys_are_long_and_differ() {
        let (one, other) = (RestrictKey::random(), RestrictKey::random());
        assert_ne!(one, other);
        assert_eq!(RestrictKey::new(one.as_str()), Ok(one.clone()));
        assert_eq!(one.as_str().len(), LENGTH);
    }
}
