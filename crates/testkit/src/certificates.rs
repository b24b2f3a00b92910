//! Certificates made for a test: authorities, and what they sign.

use anyhow::Result;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};

/// An authority, which signs certificates of servers and clients.
#[derive(Debug)]
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Makes an authority of this name, which has signed nothing yet.
    ///
    /// # Errors
    ///
    /// When the name cannot stand in a certificate.
    pub fn new(name: &str) -> Result<Authority> {
        let mut params = CertificateParams::new([])?;
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        Ok(Authority(issuer))
    }

    /// Its own certificate, in PEM: what `sslrootcert` takes.
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// What signs: lists of revoked certificates need it too.
    pub fn issuer(&self) -> &CertifiedIssuer<'static, KeyPair> {
        &self.0
    }

    /// Signs a certificate for a new key.
    ///
    /// # Errors
    ///
    /// When rcgen cannot make a certificate of that.
    pub fn sign(&self, params: CertificateParams) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.0)?.pem();
        Ok(Identity { certificate, key })
    }

    /// Signs a certificate of a server that goes by this host name alone.
    ///
    /// # Errors
    ///
    /// When the name is none.
    pub fn sign_host(&self, name: &str) -> Result<Identity> {
        self.sign(CertificateParams::new([name.to_owned()])?)
    }
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificate, in PEM.
    pub certificate: String,
    /// The key.
    pub key: KeyPair,
}

impl Identity {
    /// Makes a certificate that no authority has signed.
    ///
    /// # Errors
    ///
    /// When rcgen cannot make a certificate of that.
    pub fn self_signed(params: CertificateParams) -> Result<Identity> {
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok(Identity { certificate, key })
    }
}
