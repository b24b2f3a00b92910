//! Credentials that a program prints, as a profile's `credential_process` names it.

use std::collections::HashMap;
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use object_store::aws::AwsCredential;
use object_store::{CredentialProvider, Error, Result};
use serde::Deserialize;

use crate::access::settings::check_header;

/// How long before their end credentials are asked for anew: a request may take a while.
const BEFORE_THE_END: Duration = Duration::from_secs(300);

/// What programs have given last, by their command lines: a bucket may be opened many times, and a program may ask somebody, or take long.
static GIVEN: LazyLock<Mutex<HashMap<String, Last>>> = LazyLock::new(Mutex::default);

/// What a program has given last.
type Last = Arc<Mutex<Option<Given>>>;

/// Runs a program for credentials, and again when they are about to end.
pub(super) struct Process {
    command: String,
    last: Last,
}

#[derive(Clone)]
struct Given {
    credential: Arc<AwsCredential>,
    ends: Option<SystemTime>,
}

/// What the program prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<Timestamp>,
}

impl Process {
    pub(super) fn new(command: String) -> Self {
        let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
        let last = given.entry(command.clone()).or_default().clone();
        Process { command, last }
    }
}

#[async_trait]
impl CredentialProvider for Process {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> Result<Arc<AwsCredential>> {
        let (command, last) = (self.command.clone(), self.last.clone());
        // Whoever comes second waits, and finds what the first was given.
        let given = tokio::task::spawn_blocking(move || {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            match &*last {
                Some(given) if given.holds() => Ok(given.credential.clone()),
                _ => {
                    let given = run(&command)?;
                    *last = Some(given.clone());
                    Ok(given.credential)
                }
            }
        });
        let given = given.await.unwrap_or_else(|error| Err(error.to_string()));
        given.map_err(|reason| Error::Generic {
            store: "S3",
            source: format!("the credential_process of the profile {reason}").into(),
        })
    }
}

impl Given {
    fn holds(&self) -> bool {
        self.ends
            .is_none_or(|ends| ends > SystemTime::now() + BEFORE_THE_END)
    }
}

/// Says what went wrong, and nothing of what was printed: that may be a secret.
fn run(command: &str) -> Result<Given, String> {
    let (shell, flag) = match cfg!(windows) {
        true => ("cmd", "/C"),
        false => ("sh", "-c"),
    };
    let mut program = Command::new(shell);
    program
        .args([flag, command])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = program
        .output()
        .map_err(|error| format!("could not be started: {error}"))?;
    if !output.status.success() {
        return Err(format!("failed: {}", output.status));
    }
    let printed: Printed = serde_json::from_slice(&output.stdout)
        .map_err(|_| "printed no credentials as AWS's tools expect them".to_owned())?;
    let token = printed.session_token.as_deref().unwrap_or_default();
    for (name, value) in [
        ("AccessKeyId", printed.access_key_id.as_str()),
        ("SessionToken", token),
    ] {
        check_header(name, value).map_err(|reason| format!("was wrong: {reason}"))?;
    }
    Ok(Given {
        credential: Arc::new(AwsCredential {
            key_id: printed.access_key_id,
            secret_key: printed.secret_access_key,
            token: printed.session_token,
        }),
        ends: printed.expiration.map(SystemTime::from),
    })
}

/// Shows neither the command line, which may have a secret in it, nor what it gave.
impl std::fmt::Debug for Process {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_asked_for_again_before_their_end() {
        let given = |ends: Option<u64>| Given {
            credential: Arc::new(AwsCredential {
                key_id: "a".into(),
                secret_key: "b".into(),
                token: None,
            }),
            ends: ends.map(|seconds| SystemTime::now() + Duration::from_secs(seconds)),
        };
        assert!(given(None).holds());
        assert!(given(Some(3600)).holds());
        assert!(!given(Some(60)).holds());
    }

    #[test]
    fn what_a_program_prints_is_taken_and_never_said() {
        let good = r#"echo '{"Version":1,"AccessKeyId":"a","SecretAccessKey":"b","SessionToken":"c","Expiration":"2030-01-01T00:00:00Z"}'"#;
        if cfg!(unix) {
            let given = run(good).unwrap();
            assert_eq!(given.credential.token.as_deref(), Some("c"));
            assert!(given.holds());
        }
        let error = run("echo geheim").err().unwrap();
        assert!(
            error.contains("no credentials") && !error.contains("geheim"),
            "{error}"
        );
        let broken = r#"printf %s '{"Version":1,"AccessKeyId":"geheim\n","SecretAccessKey":"b"}'"#;
        if cfg!(unix) {
            let error = run(broken).err().unwrap();
            assert!(
                error.contains("AccessKeyId") && !error.contains("geheim"),
                "{error}"
            );
        }
        assert!(run("exit 3").err().unwrap().contains('3'));
    }
}
