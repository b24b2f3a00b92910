//! TLS by rustls, with libpq's modes.

pub(crate) mod certificate;
pub(crate) mod files;
pub(crate) mod key_log;
pub(crate) mod verify;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;

use crate::authentication::secret::Secret;
use crate::error::Error;
use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::plan::{invalid, one_of};
use crate::tls::files::{
    certificates, private_key, revocations, revocations_in, system_certificates,
};
use crate::tls::key_log::KeyLogFile;
use crate::tls::verify::Verifier;
use crate::wire::Transport;

/// What the protocol is called in TLS's negotiation of applications. Servers from 17 on know it.
const APPLICATION: &[u8] = b"postgresql";

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

/// Whether the client shows a certificate of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CertificateMode {
    Disable,
    /// Where there is one and the server asks for it.
    Allow,
    Require,
}

/// What is known about TLS before a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TlsPlan {
    pub(crate) mode: SslMode,
    /// Whether the handshake begins at once, without asking the server for TLS.
    pub(crate) direct: bool,
    roots: Roots,
    /// Where lists of revoked certificates are: a file, and a folder of files.
    revoked: Option<PathBuf>,
    revoked_folder: Option<PathBuf>,
    sni: bool,
    certificate_mode: CertificateMode,
    /// Files of the client's certificate and its key.
    client: Option<(PathBuf, PathBuf)>,
    key_password: Option<Secret>,
    versions: Vec<&'static SupportedProtocolVersion>,
    key_log: Option<PathBuf>,
}

impl TlsPlan {
    pub(crate) fn new(params: &ConnectParams) -> Result<Self, ConnInfoError> {
        use SslMode::*;
        let system = params.non_empty("sslrootcert") == Some("system");
        let default = if system { VerifyFull } else { Prefer };
        let modes = [Disable, Allow, Prefer, Require, VerifyCa, VerifyFull];
        let modes = modes.map(|mode| (mode.name(), mode));
        let mode = one_of(params, "sslmode", default, &modes)?;
        if system && mode < VerifyFull {
            return Err(ConnInfoError::new(format!(
                "sslrootcert=system needs sslmode=verify-full, not {}: anyone can get \
                 a certificate from an authority that the system trusts",
                mode.name()
            )));
        }
        let direct = one_of(
            params,
            "sslnegotiation",
            false,
            &[("postgres", false), ("direct", true)],
        )?;
        if direct && mode < Require {
            return Err(ConnInfoError::new(format!(
                "sslnegotiation=direct needs sslmode=require or more, not {}: a server \
                 that does not know it would be talked to unencrypted",
                mode.name()
            )));
        }
        let certificate_mode = one_of(
            params,
            "sslcertmode",
            CertificateMode::Allow,
            &[
                ("disable", CertificateMode::Disable),
                ("allow", CertificateMode::Allow),
                ("require", CertificateMode::Require),
            ],
        )?;
        let given = |keyword| params.non_empty(keyword).map(PathBuf::from);
        let (revoked, revoked_folder) = (given("sslcrl"), given("sslcrldir"));
        let usual = || params.home_file("root.crl").filter(|path| path.exists());
        Ok(TlsPlan {
            mode,
            direct,
            roots: if system {
                Roots::System
            } else {
                roots(params, mode)?
            },
            revoked: if revoked_folder.is_some() {
                revoked
            } else {
                revoked.or_else(usual)
            },
            revoked_folder,
            sni: params
                .get("sslsni")
                .is_none_or(|value| value.starts_with('1')),
            certificate_mode,
            client: match certificate_mode {
                CertificateMode::Disable => None,
                _ => client_files(params)?,
            },
            key_password: params.non_empty("sslpassword").map(Secret::new),
            versions: versions(params)?,
            key_log: given("sslkeylogfile"),
        })
    }

    /// Makes the configuration for handshakes; reads the files that the parameters name.
    pub(crate) fn connector(&self) -> Result<TlsConnector, Error> {
        let setup = |error: rustls::Error| Error::TlsSetup(error.to_string());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let roots = match &self.roots {
            Roots::None => None,
            Roots::File(path) => Some(certificates(path, "sslrootcert")?),
            Roots::System => Some(system_certificates()?),
        };
        let mut revoked = Vec::new();
        if let Some(path) = &self.revoked {
            revoked.extend(revocations(path, "sslcrl")?);
        }
        if let Some(folder) = &self.revoked_folder {
            revoked.extend(revocations_in(folder)?);
        }
        let verify_name = self.mode == SslMode::VerifyFull;
        let verifier =
            Verifier::new(roots, revoked, verify_name, &provider).map_err(Error::TlsSetup)?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&self.versions)
            .map_err(setup)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match &self.client {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate, "sslcert")?;
                let key = private_key(key, self.key_password.as_ref())?;
                builder.with_client_auth_cert(chain, key).map_err(|error| {
                    Error::TlsSetup(format!("the client's certificate cannot be used: {error}"))
                })?
            }
        };
        config.enable_sni = self.sni;
        config.alpn_protocols = vec![APPLICATION.to_vec()];
        // Each session proves itself anew, as with libpq.
        config.resumption = Resumption::disabled();
        if let Some(path) = &self.key_log {
            config.key_log = Arc::new(KeyLogFile::open(path).map_err(|error| {
                Error::TlsSetup(format!("could not open {path:?} (sslkeylogfile): {error}"))
            })?);
        }
        Ok(TlsConnector::from(Arc::new(config)))
    }

    /// Checks that the client has shown a certificate, where it must; the reason where it has not.
    pub(crate) fn check_shown(&self, security: Option<&Security>) -> Result<(), &'static str> {
        if self.certificate_mode != CertificateMode::Require {
            return Ok(());
        }
        match security.map(|security| security.shown) {
            None => Err("sslcertmode=require, and the connection is not encrypted"),
            Some(Shown::NotAskedFor) => {
                Err("sslcertmode=require, and the server did not ask for a certificate")
            }
            Some(Shown::Nothing) => Err(
                "sslcertmode=require, and there is no certificate that the server would take: \
                 set sslcert and sslkey",
            ),
            Some(Shown::Certificate) => Ok(()),
        }
    }
}

/// What came of a handshake.
#[derive(Debug)]
pub(crate) struct Security {
    /// The hash of the server's certificate, where its signature algorithm defines one (RFC 5929);
    /// SCRAM is bound to it.
    pub(crate) end_point: Option<Vec<u8>>,
    shown: Shown,
}

/// What the client has shown of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    NotAskedFor,
    Nothing,
    Certificate,
}

/// Chooses the client's certificate, and remembers what was chosen.
#[derive(Debug)]
struct Remembering {
    inner: Arc<dyn ResolvesClientCert>,
    shown: Arc<Mutex<Shown>>,
}

impl ResolvesClientCert for Remembering {
    fn resolve(&self, issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let chosen = self.inner.resolve(issuers, schemes);
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = match chosen {
            Some(_) => Shown::Certificate,
            None => Shown::Nothing,
        };
        chosen
    }

    fn has_certs(&self) -> bool {
        self.inner.has_certs()
    }
}

/// Does the handshake.
pub(crate) async fn secure(
    stream: Box<dyn Transport>,
    host: &str,
    connector: &TlsConnector,
    plan: &TlsPlan,
) -> io::Result<(Box<dyn Transport>, Security)> {
    let name = match ServerName::try_from(host.to_owned()) {
        Ok(name) => name,
        Err(_) if plan.mode == SslMode::VerifyFull => {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the host name cannot stand in a certificate",
            ));
        }
        // Nobody looks at the name then, and the server is not told an address.
        Err(_) => ServerName::IpAddress(std::net::Ipv4Addr::UNSPECIFIED.into()),
    };
    let shown = Arc::new(Mutex::new(Shown::NotAskedFor));
    let mut config = ClientConfig::clone(connector.config());
    config.client_auth_cert_resolver = Arc::new(Remembering {
        inner: config.client_auth_cert_resolver,
        shown: shown.clone(),
    });
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = connecting.await.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset if plan.direct => {
            io::Error::new(
                error.kind(),
                format!(
                    "{error}; servers before PostgreSQL 17 do not know sslnegotiation=direct: \
                     leave it out"
                ),
            )
        }
        _ => error,
    })?;
    let (_, connection) = stream.get_ref();
    if plan.direct && connection.alpn_protocol() != Some(APPLICATION) {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "sslnegotiation=direct, and the server did not agree to speak PostgreSQL's protocol (ALPN)",
        ));
    }
    let certificate = connection.peer_certificates().and_then(<[_]>::first);
    let end_point = certificate.and_then(|certificate| certificate::end_point_hash(certificate));
    let shown = *shown.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((Box::new(stream), Security { end_point, shown }))
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

/// The files of the client's certificate and key. As in libpq, a certificate that is not there is not shown, even one that
/// was named: whether that matters is for the server to say.
fn client_files(params: &ConnectParams) -> Result<Option<(PathBuf, PathBuf)>, ConnInfoError> {
    let file = |keyword, usual| {
        let given = params.non_empty(keyword).map(PathBuf::from);
        given.or_else(|| params.home_file(usual))
    };
    let Some(certificate) = file("sslcert", "postgresql.crt").filter(|path| is_there(path)) else {
        return Ok(None);
    };
    match file("sslkey", "postgresql.key") {
        Some(key) => Ok(Some((certificate, key))),
        None => Err(ConnInfoError::new(format!(
            "the client's certificate {certificate:?} needs its private key: set sslkey"
        ))),
    }
}

/// Whether a file is there, or something that cannot be looked at, which reading it will tell.
fn is_there(path: &Path) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    match path.metadata() {
        Ok(_) => true,
        Err(error) => !matches!(error.kind(), NotFound | NotADirectory),
    }
}

/// The versions of TLS between `ssl_min_protocol_version` and `ssl_max_protocol_version` that rustls speaks.
fn versions(
    params: &ConnectParams,
) -> Result<Vec<&'static SupportedProtocolVersion>, ConnInfoError> {
    const NAMES: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    let bound = |keyword, default: usize| match params.non_empty(keyword) {
        None => Ok(default),
        Some(value) => NAMES
            .iter()
            .position(|name| name.eq_ignore_ascii_case(value))
            .ok_or_else(|| invalid(keyword, value, &format!("one of {}", NAMES.join(", ")))),
    };
    let (min, max) = (
        bound("ssl_min_protocol_version", 2)?,
        bound("ssl_max_protocol_version", 3)?,
    );
    let known = [(2, &rustls::version::TLS12), (3, &rustls::version::TLS13)];
    let wanted: Vec<_> = known
        .into_iter()
        .filter(|(version, _)| (min..=max).contains(version))
        .map(|(_, version)| version)
        .collect();
    if wanted.is_empty() {
        return Err(ConnInfoError::new(format!(
            "no version of TLS from {} to {} is available here: those are TLSv1.2 and TLSv1.3 \
             (ssl_min_protocol_version, ssl_max_protocol_version)",
            NAMES[min], NAMES[max]
        )));
    }
    Ok(wanted)
}

/// The store of trusted authorities; certificates that cannot be used as such are passed over.
pub(crate) fn store(roots: &[CertificateDer<'static>]) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    store
}
