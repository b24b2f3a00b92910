//! Opening a session: the hosts tried in turn, and someone asked for the password that they want.

use std::slice;
use std::sync::Arc;

use rand::seq::SliceRandom;

use crate::authentication::password::PasswordRequest;
use crate::authentication::secret::Secret;
use crate::error::Error;
use crate::parameters::ConnectParams;
use crate::parameters::hosts::Host;
use crate::parameters::plan::Plan;
use crate::session::Session;
use crate::session::attempt::{HostFailure, connect_host};
use crate::session::server_kind::ServerKind;

/// Opens a session with the first server that will do.
pub(crate) async fn connect(params: &ConnectParams) -> Result<Session, Error> {
    let plan = Plan::new(params)?;
    let outcome = connect_plan(&Arc::new(plan.clone())).await;
    let (target, note, source) = match (outcome, params.password_source()) {
        (Err(Error::PasswordMissing { target, note }), Some(source)) => (target, note, source),
        (outcome, _) => return outcome,
    };
    let request = PasswordRequest {
        target: (*target).clone(),
        note: note.clone(),
    };
    let reason = match source.ask(request).await {
        Ok(password) if !password.is_empty() => {
            let password = Some(Secret::new(password));
            return connect_plan(&Arc::new(Plan { password, ..plan })).await;
        }
        Ok(_) => "an empty one was entered".to_owned(),
        Err(error) => format!("it could not be asked for: {error}"),
    };
    let notes: Vec<_> = note.into_iter().chain([reason]).collect();
    Err(Error::PasswordMissing {
        target,
        note: Some(notes.join("; ")),
    })
}

/// Tries the hosts in the order that the parameters ask for.
async fn connect_plan(plan: &Arc<Plan>) -> Result<Session, Error> {
    let mut hosts: Vec<&Host> = plan.hosts.iter().collect();
    if plan.shuffle {
        hosts.shuffle(&mut rand::rng());
    }
    // Where no standby is found, any server will do, and all are tried once more.
    let kinds = match &plan.server_kind {
        ServerKind::PreferStandby => &[ServerKind::PreferStandby, ServerKind::Any],
        kind => slice::from_ref(kind),
    };
    let mut failures = Vec::new();
    for &kind in kinds {
        failures.clear();
        for host in &hosts {
            match connect_host(plan, host, kind).await {
                Ok(session) => return Ok(session),
                Err(HostFailure {
                    errors,
                    last: false,
                }) => failures.extend(errors),
                Err(HostFailure { mut errors, .. }) => {
                    // Who is to give the password need not hear of the other hosts.
                    return Err(match errors.pop() {
                        Some(error @ Error::PasswordMissing { .. }) => error,
                        error => {
                            failures.extend(errors);
                            failures.extend(error);
                            Error::of_all(failures)
                        }
                    });
                }
            }
        }
    }
    Err(Error::of_all(failures))
}
