//! Whether a server's certificate is to be trusted.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::crypto::{verify_tls12_signature, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use crate::tls::certificate::{common_name, public_key};
use crate::tls::store;

/// Verifies what the mode asks for: nothing, the chain of signatures, or that and the host's name.
///
/// In every mode the handshake itself is verified, so that the certificate is that of the server at
/// the other end.
#[derive(Debug)]
pub(crate) struct Verifier {
    /// The trusted certificates and what verifies a chain that ends in one of them.
    trusted: Option<(Vec<CertificateDer<'static>>, Arc<WebPkiServerVerifier>)>,
    verify_name: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    /// `roots` are the trusted authorities, or `None` to trust any server; `revoked` are lists of certificates that they
    /// have taken back. As in libpq, with one such list there must be a current one of every authority in a chain.
    pub(crate) fn new(
        roots: Option<Vec<CertificateDer<'static>>>,
        revoked: Vec<CertificateRevocationListDer<'static>>,
        verify_name: bool,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let algorithms = provider.signature_verification_algorithms;
        let trusted = match roots {
            None => None,
            Some(roots) => {
                let store = Arc::new(store(&roots));
                let chain = WebPkiServerVerifier::builder_with_provider(store, provider.clone())
                    .with_crls(revoked)
                    .enforce_revocation_expiration()
                    .build()
                    .map_err(|error| format!("the trusted certificates cannot be used: {error}"))?;
                Some((roots, chain))
            }
        };
        Ok(Verifier {
            trusted,
            verify_name,
            algorithms,
        })
    }
}

impl Verifier {
    /// Whether an error is about the host's name and does not count: where names are not verified, or the certificate holds
    /// the name in the old way, as the common name of its subject and no alternative names besides.
    fn forgives(
        &self,
        error: &Error,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
    ) -> bool {
        match error {
            Error::InvalidCertificate(CertificateError::NotValidForNameContext {
                presented,
                ..
            }) => {
                let common = common_name(certificate);
                !self.verify_name
                    || presented.is_empty()
                        && common.is_some_and(|common| stands_for(common, &name.to_str()))
            }
            Error::InvalidCertificate(CertificateError::NotValidForName) => !self.verify_name,
            _ => false,
        }
    }
}

/// Whether a common name stands for a host: as it is, or with an asterisk for the first part of the host's name.
fn stands_for(common: &str, host: &str) -> bool {
    if common.eq_ignore_ascii_case(host) {
        return true;
    }
    match (common.strip_prefix("*."), host.split_once('.')) {
        (Some(domain), Some((first, rest))) => {
            !first.is_empty() && !domain.is_empty() && domain.eq_ignore_ascii_case(rest)
        }
        _ => false,
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some((roots, chain)) = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        if roots
            .iter()
            .any(|root| root.as_ref() == end_entity.as_ref())
        {
            // A self-signed certificate that was handed out as its own authority, as PostgreSQL's
            // documentation shows it: trusted by being the very one. A chain verifier would refuse
            // an authority at the end of a chain.
            if self.verify_name {
                let parsed = ParsedCertificate::try_from(end_entity)?;
                match verify_server_name(&parsed, name) {
                    Err(error) if !self.forgives(&error, end_entity, name) => return Err(error),
                    _ => {}
                }
            }
            return Ok(ServerCertVerified::assertion());
        }
        match chain.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The name is looked at last, so that everything else is in order then.
            Err(error) if self.forgives(&error, end_entity, name) => {
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // By the key alone: rustls reads no certificate of X.509 version 1, and where the modes
        // that need not verify meet one, libpq encrypts. Whether it is trusted is settled above.
        match public_key(certificate) {
            Some(key) => {
                let key = SubjectPublicKeyInfoDer::from(key);
                verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms)
            }
            None => Err(CertificateError::BadEncoding.into()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names_stand_for_hosts() {
        for (common, host, expected) in [
            ("db.example.com", "DB.example.com", true),
            ("*.example.com", "db.example.com", true),
            ("*.example.com", "a.db.example.com", false),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.", "db.", false),
            ("*", "db", false),
            ("db", "db.example.com", false),
        ] {
            assert_eq!(stands_for(common, host), expected, "{common} {host}");
        }
    }
}
