//! The files that TLS goes by: certificates, keys and lists of revoked certificates.

use std::fs;
use std::path::Path;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};

use crate::authentication::secret::Secret;
use crate::error::Error;

/// Reads a file of certificates in PEM form.
pub(crate) fn certificates(
    path: &Path,
    keyword: &str,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("certificates", path, keyword, &error.to_string()))?;
    if found.is_empty() {
        Err(unreadable("certificates", path, keyword, "it holds none"))
    } else {
        Ok(found)
    }
}

/// The certificates that the operating system trusts.
pub(crate) fn system_certificates() -> Result<Vec<CertificateDer<'static>>, Error> {
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

/// Reads a file of lists of revoked certificates in PEM form.
pub(crate) fn revocations(
    path: &Path,
    keyword: &str,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    CertificateRevocationListDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable("revoked certificates", path, keyword, &error.to_string()))
}

/// Reads all lists of revoked certificates in a folder, whatever the files are called.
pub(crate) fn revocations_in(
    folder: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, Error> {
    let keyword = "sslcrldir";
    let failed = |error: std::io::Error| {
        unreadable("revoked certificates", folder, keyword, &error.to_string())
    };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_file() {
            found.extend(revocations(&path, keyword)?);
        }
    }
    Ok(found)
}

/// Reads the client's private key: PEM, also encrypted with a password, or DER.
///
/// As in libpq, others may not be able to read the file, but for one that belongs to root and is shared with a group.
pub(crate) fn private_key(
    path: &Path,
    password: Option<&Secret>,
) -> Result<PrivateKeyDer<'static>, Error> {
    let failed = |reason: &str| unreadable("the private key", path, "sslkey", reason);
    let metadata = fs::metadata(path).map_err(|error| failed(&error.to_string()))?;
    if !metadata.is_file() {
        return Err(failed("it is not a plain file"));
    }
    if open_to_others(&metadata) {
        return Err(failed(
            "others may access it: chmod 600 it (640 if it belongs to root)",
        ));
    }
    let bytes = fs::read(path).map_err(|error| failed(&error.to_string()))?;
    let text = String::from_utf8_lossy(&bytes);
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") {
        let Some(password) = password else {
            return Err(failed("it is encrypted: set sslpassword"));
        };
        return decrypt(&text, password).map_err(|reason| failed(&reason));
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(failed(
            "it is encrypted in OpenSSL's old form: convert it with openssl pkcs8 -topk8",
        ));
    }
    if text.contains("-----BEGIN ") {
        return PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| failed(&error.to_string()));
    }
    PrivateKeyDer::try_from(bytes).map_err(failed)
}

/// Decrypts a key in PKCS #8's encrypted form.
fn decrypt(text: &str, password: &Secret) -> Result<PrivateKeyDer<'static>, String> {
    let begin = text.find("-----BEGIN ENCRYPTED").unwrap_or_default();
    let (_, encrypted) =
        pkcs8::SecretDocument::from_pem(&text[begin..]).map_err(|error| error.to_string())?;
    let encrypted = pkcs8::EncryptedPrivateKeyInfoRef::try_from(encrypted.as_bytes())
        .map_err(|error| error.to_string())?;
    let key = encrypted
        .decrypt(password.reveal())
        .map_err(|error| format!("it could not be decrypted with sslpassword: {error}"))?;
    Ok(PrivateKeyDer::Pkcs8(key.as_bytes().to_vec().into()))
}

#[cfg(unix)]
fn open_to_others(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let forbidden = if metadata.uid() == 0 { 0o037 } else { 0o077 };
    metadata.mode() & forbidden != 0
}

#[cfg(not(unix))]
fn open_to_others(_: &fs::Metadata) -> bool {
    false
}

fn unreadable(what: &str, path: &Path, keyword: &str, reason: &str) -> Error {
    Error::TlsSetup(format!(
        "could not read {what} from {path:?} ({keyword}): {reason}"
    ))
}
