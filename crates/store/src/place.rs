//! Where an object is.

use std::fmt;
use std::str::FromStr;

use object_store::ObjectStoreScheme;
use object_store::path::Path;
use url::Url;

use crate::{Error, ErrorKind};

/// What names of objects begin with.
const SCHEMES: [&str; 3] = ["s3", "gs", "az"];

/// An object's place: `s3://bucket/key`, `gs://bucket/key` or `az://container/key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// As it was given; there is no secret in it.
    text: String,
    url: Url,
    scheme: ObjectStoreScheme,
    key: Path,
}

impl Place {
    /// Whether a name is that of an object, and no file's.
    pub fn is_one(name: &str) -> bool {
        let scheme = name.split_once("://").map(|(scheme, _)| scheme);
        scheme.is_some_and(|scheme| SCHEMES.iter().any(|one| one.eq_ignore_ascii_case(scheme)))
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn scheme(&self) -> &ObjectStoreScheme {
        &self.scheme
    }

    pub(crate) fn key(&self) -> &Path {
        &self.key
    }
}

impl FromStr for Place {
    type Err = Error;

    /// Takes such a name apart.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] for what has another form, names a bucket alone, or has a password in it.
    fn from_str(text: &str) -> Result<Self, Error> {
        if let Some(reason) = other_key(text) {
            return Err(invalid(None, reason));
        }
        let url = Url::parse(text).ok();
        // What may be a password is not said again.
        let has_secret = |url: &Url| url.password().is_some() || url.query().is_some();
        if url.as_ref().is_some_and(has_secret) {
            return Err(invalid(
                None,
                "an object's name has no password and no parameters: credentials come from the environment; a ? in a key is written %3F",
            ));
        }
        let form = || {
            // A key that holds a slash makes no URL of it.
            invalid(
                (!text.contains(['@', '?'])).then_some(text),
                "it is not of the form s3://BUCKET/KEY, gs://BUCKET/KEY or az://CONTAINER/KEY",
            )
        };
        let url = url.filter(|_| Self::is_one(text)).ok_or_else(form)?;
        if url.fragment().is_some() {
            return Err(invalid(Some(text), "a # in a key is written %23"));
        }
        if url.host_str().is_none_or(str::is_empty) {
            return Err(form());
        }
        let (scheme, key) = ObjectStoreScheme::parse(&url)
            .map_err(|error| invalid(Some(text), &error.to_string()))?;
        if key.as_ref().is_empty() || url.path().ends_with('/') {
            return Err(invalid(
                Some(text),
                "it names no object: a key must follow the bucket",
            ));
        }
        Ok(Place {
            text: text.to_owned(),
            url,
            scheme,
            key,
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why the object would have another name than the one that is written, where it would: as an address, it loses these.
fn other_key(text: &str) -> Option<&'static str> {
    if text.contains(|c: char| c.is_ascii_control()) || text.trim() != text {
        return Some(
            "a line end or another such character, and a blank at the end, must be written as %0A, %20 and so on",
        );
    }
    let (_, path) = text.split_once("://")?;
    let mut parts = path.split('/').skip(1);
    parts
        .any(|part| {
            matches!(
                part.to_ascii_lowercase().replace("%2e", ".").as_str(),
                "." | ".."
            )
        })
        .then_some("no part of a key between slashes is . or ..")
}

fn invalid(text: Option<&str>, reason: &str) -> Error {
    Error::new(
        "use",
        text.unwrap_or("the name of an object"),
        ErrorKind::Invalid,
        reason,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_that_are_written() {
        for (name, says) in [
            ("s3://b/new\nline", "%0A"),
            ("s3://b/k\t", "%0A"),
            ("s3://b/k ", "%20"),
            ("s3://b/a/../k", ". or .."),
            ("s3://b/./k", ". or .."),
            ("s3://b/a/%2E%2e/k", ". or .."),
            ("s3://b/k?x", "%3F"),
            ("s3://b/k#x", "%23"),
        ] {
            let error = name.parse::<Place>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(says), "{name}: {error}");
        }
        for name in ["s3://b/a b/k.", "s3://b/..k/.k", "gs://b/k%3Fx"] {
            let place: Place = name.parse().unwrap();
            assert_eq!(place.to_string(), name);
        }
    }

    #[test]
    fn objects_are_told_from_files() {
        for name in ["s3://bucket/key", "gs://b/k", "az://c/k", "S3://b/k"] {
            assert!(Place::is_one(name), "{name}");
        }
        for name in [
            "shop.dump",
            "./s3:/b/k",
            "s3/b",
            "s3:b",
            "https://s3.example.com/b/k",
            "file:///tmp/x",
        ] {
            assert!(!Place::is_one(name), "{name}");
        }
    }

    #[test]
    fn a_name_is_taken_apart() {
        let place: Place = "s3://My_bucket/nightly/shop%20one.dump".parse().unwrap();
        assert_eq!(place.key().as_ref(), "nightly/shop one.dump");
        assert_eq!(place.url().host_str(), Some("My_bucket"));
        assert_eq!(place.to_string(), "s3://My_bucket/nightly/shop%20one.dump");
    }

    #[test]
    fn what_names_no_object_is_refused() {
        for name in [
            "s3://bucket",
            "s3://bucket/",
            "s3:///key",
            "az://c/folder/",
            "gs://b/k#1",
            "s3://",
        ] {
            let error = name.parse::<Place>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{name}");
            assert!(error.to_string().contains(name), "{error}");
        }
    }

    #[test]
    fn a_password_is_not_said_again() {
        for name in [
            "s3://key:geheim@bucket/key",
            "s3://key:ge/heim@bucket/key",
            "az://c/k?sig=geheim",
        ] {
            let error = name.parse::<Place>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("heim"), "{error:?}");
        }
    }
}
