//! Ways to authenticate, and which of them `require_auth` leaves.

use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::plan::invalid;

/// A way in which a server may ask a client to prove who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthMethod {
    Password,
    Md5,
    Gss,
    Sspi,
    ScramSha256,
    OAuth,
}

impl AuthMethod {
    const ALL: [AuthMethod; 6] = [
        AuthMethod::Password,
        AuthMethod::Md5,
        AuthMethod::Gss,
        AuthMethod::Sspi,
        AuthMethod::ScramSha256,
        AuthMethod::OAuth,
    ];

    /// What `require_auth` calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            AuthMethod::Password => "password",
            AuthMethod::Md5 => "md5",
            AuthMethod::Gss => "gss",
            AuthMethod::Sspi => "sspi",
            AuthMethod::ScramSha256 => "scram-sha-256",
            AuthMethod::OAuth => "oauth",
        }
    }

    /// Whether this program can do it.
    fn is_available(self) -> bool {
        use AuthMethod::*;
        matches!(self, Password | Md5 | ScramSha256)
    }
}

/// What `require_auth` asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequiredAuth {
    /// The parameter's value, for errors.
    pub(crate) text: String,
    allowed: Vec<AuthMethod>,
    /// Whether the server may let us in without asking.
    unasked: bool,
}

impl RequiredAuth {
    /// Reads a list of methods and `none`, either all as they are or all behind a `!`, which takes them out of the list of
    /// all.
    pub(crate) fn parse(text: &str) -> Result<Self, ConnInfoError> {
        let negated = text.starts_with('!');
        let mut required = RequiredAuth {
            text: text.to_owned(),
            allowed: if negated {
                AuthMethod::ALL.to_vec()
            } else {
                Vec::new()
            },
            unasked: negated,
        };
        for item in text.split(',') {
            if item.starts_with('!') != negated {
                return Err(ConnInfoError::new(format!(
                    "require_auth={text}: methods with and without \"!\" cannot be mixed"
                )));
            }
            if !required.take(item.trim_start_matches('!'), !negated)? {
                return Err(ConnInfoError::new(format!(
                    "require_auth={text}: {item:?} is listed twice"
                )));
            }
        }
        if !required.unasked && !required.allowed.iter().any(|method| method.is_available()) {
            return Err(ConnInfoError::new(format!(
                "require_auth={text} leaves no method that is available here: those are \
                 scram-sha-256, md5, password and none"
            )));
        }
        Ok(required)
    }

    /// Adds a method, or takes it out; `false` where that changes nothing.
    fn take(&mut self, name: &str, add: bool) -> Result<bool, ConnInfoError> {
        if name == "none" {
            return Ok(std::mem::replace(&mut self.unasked, add) != add);
        }
        let method = AuthMethod::ALL
            .into_iter()
            .find(|method| method.name() == name);
        let Some(method) = method else {
            return Err(invalid(
                "require_auth",
                &self.text,
                "a list of scram-sha-256, md5, password, gss, sspi, oauth and none, \
                 or the same with \"!\" before each",
            ));
        };
        let before = self.allowed.len();
        if add && !self.allowed.contains(&method) {
            self.allowed.push(method);
        } else if !add {
            self.allowed.retain(|&allowed| allowed != method);
        }
        Ok(self.allowed.len() != before)
    }

    /// Whether the server may ask for `method`.
    pub(crate) fn allows(&self, method: AuthMethod) -> bool {
        self.allowed.contains(&method)
    }

    /// Whether the server may let us in without asking.
    pub(crate) fn allows_unasked(&self) -> bool {
        self.unasked
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lists_and_negations() {
        let required = RequiredAuth::parse("scram-sha-256,none").unwrap();
        assert!(required.allows(AuthMethod::ScramSha256) && required.allows_unasked());
        assert!(!required.allows(AuthMethod::Md5));
        let required = RequiredAuth::parse("!password,!md5").unwrap();
        assert!(required.allows(AuthMethod::ScramSha256) && required.allows_unasked());
        assert!(!required.allows(AuthMethod::Md5) && !required.allows(AuthMethod::Password));
        let required = RequiredAuth::parse("!none").unwrap();
        assert!(required.allows(AuthMethod::Password) && !required.allows_unasked());
    }

    #[test]
    fn mistakes_are_told() {
        for (text, part) in [
            ("scram", "scram-sha-256"),
            ("md5,!password", "mixed"),
            ("!md5,password", "mixed"),
            ("md5,md5", "twice"),
            ("!none,!none", "twice"),
            ("none,none", "twice"),
            ("gss,oauth", "available"),
            ("md5,", "list"),
        ] {
            let error = RequiredAuth::parse(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_not_listed_is_not_allowed(text in "!?[a-z0-9,!-]*") {
            if let Ok(required) = RequiredAuth::parse(&text) {
                for method in AuthMethod::ALL {
                    let listed = text.split(',').any(|item| item.trim_start_matches('!') == method.name());
                    prop_assert_eq!(required.allows(method), listed != text.starts_with('!'));
                }
            }
        }
    }
}
