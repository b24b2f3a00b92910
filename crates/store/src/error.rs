//! What goes wrong with an object store, in one line and without secrets.

use std::error::Error as StdError;
use std::io;

use http::StatusCode;
use object_store::Error as StoreError;

/// How long a store's own words may be.
const LONGEST: usize = 300;

/// Where credentials of machines come from, which is asked where the environment has none.
const INSTANCE_METADATA: [&str; 3] = [
    "169.254.169.254",
    "169.254.170.2",
    "metadata.google.internal",
];

/// Why an object cannot be written or read.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not {action} {place}: {reason}")]
pub struct Error {
    action: &'static str,
    place: String,
    kind: ErrorKind,
    reason: String,
}

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The name or a setting in the environment is wrong.
    Invalid,
    /// There is no such object.
    Missing,
    /// There is no such bucket or container.
    NoBucket,
    /// The store does not take the credentials, or does not let them do that.
    Denied,
    /// The object is not the one any more that was begun with.
    Changed,
    /// There are objects already where none may be.
    Taken,
    /// The store could not be reached, or failed, after several tries.
    Unavailable,
    /// The upload was given up.
    GivenUp,
}

impl Error {
    pub(crate) fn new(
        action: &'static str,
        place: impl ToString,
        kind: ErrorKind,
        reason: impl Into<String>,
    ) -> Self {
        Error {
            action,
            place: place.to_string(),
            kind,
            reason: reason.into(),
        }
    }

    /// What a store has said, or what has kept it from being asked.
    pub(crate) fn of_store(action: &'static str, place: impl ToString, error: &StoreError) -> Self {
        let (kind, reason) = reason(error);
        Self::new(action, place, kind, reason)
    }

    /// An answer that is none of success.
    pub(crate) fn of_answer(
        action: &'static str,
        place: impl ToString,
        status: StatusCode,
        text: &str,
    ) -> Self {
        let kind = match status {
            StatusCode::NOT_FOUND => missing(text),
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => ErrorKind::Denied,
            _ => ErrorKind::Unavailable,
        };
        let reason = said(text).unwrap_or_else(|| format!("it answered {status}"));
        Self::new(action, place, kind, reason)
    }

    /// The same, of one part, whose number is from 1 on.
    pub(crate) fn of_part(mut self, number: usize) -> Self {
        self.place = format!("part {number} of {}", self.place);
        self
    }

    pub(crate) fn reason(&self) -> &str {
        &self.reason
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Invalid => io::ErrorKind::InvalidInput,
            ErrorKind::Missing | ErrorKind::NoBucket => io::ErrorKind::NotFound,
            ErrorKind::Denied => io::ErrorKind::PermissionDenied,
            ErrorKind::Taken => io::ErrorKind::DirectoryNotEmpty,
            ErrorKind::Changed | ErrorKind::Unavailable | ErrorKind::GivenUp => {
                io::ErrorKind::Other
            }
        };
        io::Error::new(kind, error)
    }
}

fn reason(error: &StoreError) -> (ErrorKind, String) {
    let text = error.to_string();
    let said = said(&text);
    let or = |otherwise: &str| said.clone().unwrap_or_else(|| otherwise.to_owned());
    match error {
        StoreError::NotFound { .. } => (
            missing(&text),
            or("there is no such object, or no such bucket"),
        ),
        StoreError::Precondition { .. } | StoreError::NotModified { .. } => (
            ErrorKind::Changed,
            "another object has taken its place meanwhile".to_owned(),
        ),
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => (
            ErrorKind::Denied,
            format!(
                "the store does not allow it: {}",
                or("the credentials were refused")
            ),
        ),
        StoreError::InvalidPath { .. } | StoreError::UnknownConfigurationKey { .. } => {
            (ErrorKind::Invalid, short(&text))
        }
        _ if INSTANCE_METADATA.iter().any(|host| text.contains(host)) => (
            ErrorKind::Denied,
            "the environment has no credentials for the store, and the machine gives none"
                .to_owned(),
        ),
        _ => {
            let reason = said.unwrap_or_else(|| match root(error) {
                // What TLS makes of an answer that is none of its own.
                root if root.contains("InvalidContentType") => format!(
                    "the endpoint does not answer by TLS: if it speaks plain HTTP, its address begins with http:// ({root})"
                ),
                root => root,
            });
            (ErrorKind::Unavailable, reason)
        }
    }
}

/// What is not there, by the store's answer; where it has no words, the object.
fn missing(text: &str) -> ErrorKind {
    // The first is S3's and Google's, the other Azure's.
    match ["NoSuchBucket", "ContainerNotFound"]
        .iter()
        .any(|code| text.contains(&format!("<Code>{code}</Code>")))
    {
        true => ErrorKind::NoBucket,
        false => ErrorKind::Missing,
    }
}

/// What the store itself has answered: the code and message of its XML, or its HTTP status. The rest of the answer, and the request, may have
/// keys and signatures in them.
fn said(text: &str) -> Option<String> {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        let (content, _) = rest.split_once(&format!("</{name}>"))?;
        let content = content.trim();
        let literal = content
            .strip_prefix("<![CDATA[")
            .and_then(|rest| rest.strip_suffix("]]>"));
        Some(literal.unwrap_or(content))
    };
    if let Some(code) = element("Code") {
        return Some(match element("Message") {
            Some(message) => short(&format!(
                "{} ({code})",
                message.trim_end_matches(['.', '\n'])
            )),
            None => short(code),
        });
    }
    let (_, status) = text.split_once("status code: ")?;
    let status = status.split(['\n', ':']).next()?.trim();
    Some(format!("it answered {}", short(status)))
}

/// The innermost error: those around it repeat the request's address.
fn root(error: &StoreError) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    short(&innermost.to_string())
}

/// The first line, cut where it is too long.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(source: &str) -> StoreError {
        StoreError::PermissionDenied {
            path: "key".into(),
            source: source.to_owned().into(),
        }
    }

    #[test]
    fn the_stores_own_words_are_kept_and_what_may_be_secret_is_not() {
        let answer = "Error performing PUT http://host/b/k?sig=geheim in 1s - Server returned non-2xx status code: 403 Forbidden: \
             <?xml version=\"1.0\"?>\n<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message>\
             <StringToSign>geheim</StringToSign></Error>";
        let literal = answer.replace(
            "The signature does not match.",
            "<![CDATA[The signature does not match.]]>",
        );
        for answer in [answer, &literal] {
            let error = Error::of_store("read", "s3://b/k", &of(answer));
            assert_eq!(error.kind(), ErrorKind::Denied);
            assert_eq!(
                error.to_string(),
                "could not read s3://b/k: the store does not allow it: The signature does not match (SignatureDoesNotMatch)"
            );
        }
    }

    #[test]
    fn an_endpoint_without_tls_is_told_of() {
        let error = StoreError::Generic {
            store: "S3",
            source: "received corrupt message of type InvalidContentType".into(),
        };
        let error = Error::of_store("read", "s3://b/k", &error).to_string();
        assert!(error.contains("http://"), "{error}");
    }

    #[test]
    fn an_answer_without_words_is_its_status() {
        let answer = "Error performing GET http://host/?sig=geheim in 1s - Server returned non-2xx status code: 403 Forbidden: \n";
        let error = Error::of_store("read", "s3://b/k", &of(answer));
        assert!(
            error.to_string().ends_with("it answered 403 Forbidden"),
            "{error}"
        );
    }
}
