//! TLS by rustls, with libpq's modes.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::certificate;
use crate::conninfo::ConnInfoError;
use crate::error::Error;
use crate::params::ConnectParams;
use crate::plan::invalid;
use crate::verify::Verifier;
use crate::wire::Transport;

/// When TLS is used and how far the server is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl SslMode {
    /// The value of `sslmode` that stands for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            SslMode::Disable => "disable",
            SslMode::Allow => "allow",
            SslMode::Prefer => "prefer",
            SslMode::Require => "require",
            SslMode::VerifyCa => "verify-ca",
            SslMode::VerifyFull => "verify-full",
        }
    }

    fn parse(text: &str) -> Result<Self, ConnInfoError> {
        use SslMode::*;
        let modes = [Disable, Allow, Prefer, Require, VerifyCa, VerifyFull];
        modes
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| {
                invalid(
                    "sslmode",
                    text,
                    "disable, allow, prefer, require, verify-ca or verify-full",
                )
            })
    }
}

/// Where the certificates of trusted authorities come from.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// Nowhere: the server is not verified.
    None,
    /// The operating system.
    System,
    File(PathBuf),
}

/// What is known about TLS before a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsPlan {
    pub(crate) mode: SslMode,
    roots: Roots,
    sni: bool,
    /// Files of the client's certificate and its key.
    client: Option<(PathBuf, PathBuf)>,
}

impl TlsPlan {
    pub(crate) fn new(params: &ConnectParams) -> Result<Self, ConnInfoError> {
        let system = params.non_empty("sslrootcert") == Some("system");
        let mode = match params.non_empty("sslmode") {
            Some(mode) => SslMode::parse(mode)?,
            None if system => SslMode::VerifyFull,
            None => SslMode::Prefer,
        };
        if system && mode < SslMode::VerifyFull {
            return Err(ConnInfoError::new(format!(
                "sslrootcert=system needs sslmode=verify-full, not {}: anyone can get \
                 a certificate from an authority that the system trusts",
                mode.name()
            )));
        }
        Ok(TlsPlan {
            mode,
            roots: if system {
                Roots::System
            } else {
                roots(params, mode)?
            },
            sni: params.non_empty("sslsni") != Some("0"),
            client: client_files(params)?,
        })
    }

    /// Makes the configuration for handshakes; reads the files that the parameters name.
    pub(crate) fn connector(&self) -> Result<TlsConnector, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match &self.roots {
            Roots::None => None,
            Roots::File(path) => Some(certificates(path, "sslrootcert")?),
            Roots::System => Some(system_certificates()?),
        };
        let verify_name = self.mode == SslMode::VerifyFull;
        let verifier = Verifier::new(roots, verify_name, &provider).map_err(Error::TlsSetup)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::TlsSetup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate, "sslcert")?;
                let key = PrivateKeyDer::from_pem_file(key).map_err(|error| {
                    Error::TlsSetup(format!("could not read the key {key:?} (sslkey): {error}"))
                })?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    Error::TlsSetup(format!("the client's certificate cannot be used: {error}"))
                })?
            }
        };
        config.enable_sni = self.sni;
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

/// A transport under TLS, and what SCRAM is bound to.
pub(crate) struct Secured {
    pub(crate) stream: Box<dyn Transport>,
    /// The hash of the server's certificate, where its signature algorithm defines one (RFC 5929).
    pub(crate) end_point: Option<Vec<u8>>,
}

/// Does the handshake.
pub(crate) async fn secure(
    stream: Box<dyn Transport>,
    host: &str,
    connector: &TlsConnector,
) -> io::Result<Secured> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| {
        io::Error::new(
            io::ErrorKind::InvalidInput,
            "the host name cannot stand in a certificate",
        )
    })?;
    let stream = connector.connect(name, stream).await?;
    let certificate = stream
        .get_ref()
        .1
        .peer_certificates()
        .and_then(<[_]>::first);
    let end_point = certificate.and_then(|certificate| certificate::end_point_hash(certificate));
    Ok(Secured {
        stream: Box::new(stream),
        end_point,
    })
}

/// The file of trusted authorities. In the modes that need not verify, its mere existence turns
/// verification on.
fn roots(params: &ConnectParams, mode: SslMode) -> Result<Roots, ConnInfoError> {
    let given = params.non_empty("sslrootcert").map(PathBuf::from);
    let path = given.or_else(|| params.home_file("root.crt"));
    match path {
        Some(path) if path.exists() => Ok(Roots::File(path)),
        _ if mode < SslMode::VerifyCa => Ok(Roots::None),
        Some(path) => Err(ConnInfoError::new(format!(
            "sslmode={} needs the certificates of trusted authorities, and {path:?} does \
             not exist; set sslrootcert to their file, or to system",
            mode.name()
        ))),
        None => Err(ConnInfoError::new(format!(
            "sslmode={} needs the certificates of trusted authorities; \
             set sslrootcert to their file, or to system",
            mode.name()
        ))),
    }
}

fn client_files(params: &ConnectParams) -> Result<Option<(PathBuf, PathBuf)>, ConnInfoError> {
    if params.non_empty("sslcertmode") == Some("disable") {
        return Ok(None);
    }
    let given = params.non_empty("sslcert").map(PathBuf::from);
    let explicit = given.is_some();
    let Some(certificate) = given.or_else(|| params.home_file("postgresql.crt")) else {
        return Ok(None);
    };
    if !explicit && !certificate.exists() {
        return Ok(None);
    }
    let key = params.non_empty("sslkey").map(PathBuf::from);
    match key.or_else(|| params.home_file("postgresql.key")) {
        Some(key) => Ok(Some((certificate, key))),
        None => Err(ConnInfoError::new(format!(
            "the client's certificate {certificate:?} needs its private key: set sslkey"
        ))),
    }
}

/// Reads a file of certificates in PEM form.
fn certificates(path: &PathBuf, keyword: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let failed = |reason: String| {
        Error::TlsSetup(format!(
            "could not read certificates from {path:?} ({keyword}): {reason}"
        ))
    };
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| failed(error.to_string()))?;
    if found.is_empty() {
        Err(failed("it holds none".to_owned()))
    } else {
        Ok(found)
    }
}

fn system_certificates() -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let reasons: Vec<_> = found.errors.iter().map(ToString::to_string).collect();
        return Err(Error::TlsSetup(format!(
            "no authorities' certificates were found on this system ({}); \
             install the package ca-certificates, or set sslrootcert to a file",
            reasons.join("; ")
        )));
    }
    Ok(found.certs)
}

/// The store of trusted authorities; certificates that cannot be used as such are passed over.
pub(crate) fn store(roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    store
}
