//! What rustls does not tell about a certificate: which hash its signature is made with, the public
//! key of one that it refuses to read, and the common name of its subject.

use ring::digest::{self, Algorithm};

/// The DER tags that matter here.
const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
/// The version, which a certificate of version 1 leaves out.
const VERSION: u8 = 0xa0;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SET: u8 = 0x31;
/// Strings of UTF-8, of printable characters and of ASCII.
const STRINGS: [u8; 3] = [0x0c, 0x13, 0x16];

/// The object identifier of a common name, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// Signature algorithms by their object identifiers' bytes, and the hash that RFC 5929 takes for
/// each.
///
/// MD5 and SHA-1 are replaced by SHA-256 there. RSA-PSS and Ed25519 are absent: their identifier
/// does not settle the hash.
const ALGORITHMS: [(&[u8], &Algorithm); 8] = [
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x04],
        &digest::SHA256,
    ), // MD5 with RSA
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05],
        &digest::SHA256,
    ), // SHA-1 with RSA
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b],
        &digest::SHA256,
    ), // SHA-256 with RSA
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c],
        &digest::SHA384,
    ), // SHA-384 with RSA
    (
        &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d],
        &digest::SHA512,
    ), // SHA-512 with RSA
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
        &digest::SHA256,
    ), // ECDSA with SHA-256
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03],
        &digest::SHA384,
    ), // ECDSA with SHA-384
    (
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04],
        &digest::SHA512,
    ), // ECDSA with SHA-512
];

/// The channel binding `tls-server-end-point` for a server with this certificate (DER), where it is
/// defined.
pub(crate) fn end_point_hash(certificate: &[u8]) -> Option<Vec<u8>> {
    let identifier = signature_algorithm(certificate)?;
    let (_, algorithm) = ALGORITHMS.iter().find(|(known, _)| *known == identifier)?;
    Some(digest::digest(algorithm, certificate).as_ref().to_vec())
}

/// The object identifier in `SEQUENCE { SEQUENCE (what is signed), SEQUENCE { identifier, … }, …
/// }`.
fn signature_algorithm(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (_, after_signed) = element(outer, SEQUENCE)?;
    let (algorithm, _) = element(after_signed, SEQUENCE)?;
    element(algorithm, OBJECT_IDENTIFIER).map(|(identifier, _)| identifier)
}

/// The public key in a certificate, as a DER SubjectPublicKeyInfo.
///
/// Certificates of X.509 version 1 have one too. OpenSSL makes such certificates when it is given
/// no extensions, as in the recipe of PostgreSQL's documentation.
pub(crate) fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let (_, after_subject) = element(subject_onwards(certificate)?, SEQUENCE)?;
    let (_, rest) = element(after_subject, SEQUENCE)?;
    Some(&after_subject[..after_subject.len() - rest.len()])
}

/// The common name of a certificate's subject, the first one where it has several.
pub(crate) fn common_name(certificate: &[u8]) -> Option<&str> {
    let (mut names, _) = element(subject_onwards(certificate)?, SEQUENCE)?;
    while let Some((mut parts, rest)) = element(names, SET) {
        names = rest;
        while let Some((part, rest)) = element(parts, SEQUENCE) {
            parts = rest;
            let (kind, value) = element(part, OBJECT_IDENTIFIER)?;
            if kind == COMMON_NAME {
                let text = STRINGS.iter().find_map(|&tag| element(value, tag));
                return text.and_then(|(text, _)| std::str::from_utf8(text).ok());
            }
        }
    }
    None
}

/// What a certificate says from its subject on.
fn subject_onwards(certificate: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(certificate, SEQUENCE)?;
    let (mut signed, _) = element(outer, SEQUENCE)?;
    if let Some((_, rest)) = element(signed, VERSION) {
        signed = rest;
    }
    // Serial number, signature algorithm, issuer and validity stand before the subject.
    for tag in [INTEGER, SEQUENCE, SEQUENCE, SEQUENCE] {
        (_, signed) = element(signed, tag)?;
    }
    Some(signed)
}

/// Splits the first DER element off; returns its content and what follows.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, &byte| length << 8 | usize::from(byte)),
                rest,
            )
        }
        _ => return None,
    };
    if found == tag {
        rest.split_at_checked(length)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_follows_the_signature() {
        for (algorithm, length) in [
            (&rcgen::PKCS_ECDSA_P256_SHA256, 32),
            (&rcgen::PKCS_ECDSA_P384_SHA384, 48),
        ] {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
            let certificate = params.self_signed(&key).unwrap();
            let hash = end_point_hash(certificate.der()).unwrap();
            assert_eq!(hash.len(), length);
        }
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        assert_eq!(
            end_point_hash(params.self_signed(&key).unwrap().der()),
            None
        );
    }

    #[test]
    fn the_public_key_is_found() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let found = public_key(certificate.der()).unwrap();
        assert_eq!(found, rcgen::PublicKeyData::subject_public_key_info(&key));
        for end in 0..certificate.der().len() {
            assert_eq!(public_key(&certificate.der()[..end]), None);
            assert_eq!(common_name(&certificate.der()[..end]), None);
        }
    }

    #[test]
    fn the_common_name_is_found() {
        let key = rcgen::KeyPair::generate().unwrap();
        let named = |names: &[(rcgen::DnType, &str)]| {
            let mut params = rcgen::CertificateParams::default();
            params.distinguished_name = rcgen::DistinguishedName::new();
            for (kind, name) in names {
                params.distinguished_name.push(kind.clone(), *name);
            }
            let certificate = params.self_signed(&key).unwrap();
            common_name(certificate.der()).map(str::to_owned)
        };
        use rcgen::DnType::{CommonName, OrganizationName};
        let both = [(OrganizationName, "Shop"), (CommonName, "db.example.com")];
        assert_eq!(named(&both).as_deref(), Some("db.example.com"));
        assert_eq!(named(&both[..1]), None);
        assert_eq!(named(&[]), None);
    }

    #[test]
    fn no_bytes_make_it_panic() {
        assert_eq!(end_point_hash(&[]), None);
        assert_eq!(
            end_point_hash(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0]),
            None
        );
        assert_eq!(end_point_hash(&[0x30, 0x80]), None);
    }
}
