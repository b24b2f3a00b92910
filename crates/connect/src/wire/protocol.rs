//! Versions of the protocol: 3.0, which everything speaks, and 3.2, which brought longer keys for cancelling.

use bytes::{BufMut, BytesMut};

use crate::parameters::ConnectParams;
use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::plan::one_of;

/// A version as messages hold it: the major number in the upper half, the minor one in the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProtocolVersion(pub(crate) u32);

impl ProtocolVersion {
    const V3_0: ProtocolVersion = ProtocolVersion(3 << 16);
    const LATEST: ProtocolVersion = ProtocolVersion(3 << 16 | 2);
}

impl std::fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0 >> 16, self.0 & 0xffff)
    }
}

/// The versions that a session may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ProtocolVersions {
    pub(crate) min: ProtocolVersion,
    /// The version to ask for.
    pub(crate) max: ProtocolVersion,
}

impl ProtocolVersions {
    /// Reads `min_protocol_version` and `max_protocol_version`.
    ///
    /// As in libpq, more than 3.0 is only asked for where a parameter says so: there are poolers that do not answer
    /// what they do not know.
    pub(crate) fn new(params: &ConnectParams) -> Result<Self, ConnInfoError> {
        const NAMES: [(&str, ProtocolVersion); 3] = [
            ("3.0", ProtocolVersion::V3_0),
            ("3.2", ProtocolVersion::LATEST),
            ("latest", ProtocolVersion::LATEST),
        ];
        let min = one_of(
            params,
            "min_protocol_version",
            ProtocolVersion::V3_0,
            &NAMES,
        )?;
        let max = one_of(params, "max_protocol_version", min, &NAMES)?;
        if min > max {
            return Err(ConnInfoError::new(format!(
                "min_protocol_version={min} is above max_protocol_version={max}"
            )));
        }
        Ok(ProtocolVersions { min, max })
    }

    /// What to do with a server's counter-offer.
    pub(crate) fn accept(self, offer: &[u8]) -> Result<(), String> {
        let Some(number) = offer.first_chunk::<4>() else {
            return Err("its offer of a protocol version has no version".into());
        };
        let offered = ProtocolVersion(u32::from_be_bytes(*number));
        if offered < self.min {
            return Err(format!(
                "it speaks no protocol newer than {offered}, and min_protocol_version={} asks for more",
                self.min
            ));
        }
        if offered > self.max {
            return Err(format!(
                "it offered protocol {offered} when asked for {}",
                self.max
            ));
        }
        Ok(())
    }
}

/// Puts a startup message into `outbox`. No name or value holds a zero byte.
pub(crate) fn startup_message(
    version: ProtocolVersion,
    parameters: &[(&str, &str)],
    outbox: &mut BytesMut,
) {
    let mut body = BytesMut::new();
    body.put_u32(version.0);
    for (name, value) in parameters {
        for text in [name, value] {
            body.put_slice(text.as_bytes());
            body.put_u8(0);
        }
    }
    body.put_u8(0);
    outbox.put_u32(body.len() as u32 + 4);
    outbox.put_slice(&body);
}

/// What cancels statements of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CancelKey {
    /// The number of the server's process.
    pub(crate) process: u32,
    /// Four bytes up to protocol 3.0, up to 256 after that.
    secret: Vec<u8>,
}

impl CancelKey {
    /// Reads the body of a BackendKeyData message; what is cut short cancels nothing.
    pub(crate) fn parse(body: &[u8]) -> Self {
        body.split_first_chunk::<4>()
            .map(|(process, secret)| CancelKey {
                process: u32::from_be_bytes(*process),
                secret: secret.to_vec(),
            })
            .unwrap_or_default()
    }

    /// The message that asks for the cancellation.
    pub(crate) fn message(&self) -> BytesMut {
        const CANCEL: u32 = 1234 << 16 | 5678;
        let mut message = BytesMut::new();
        message.put_u32(self.secret.len() as u32 + 12);
        message.put_u32(CANCEL);
        message.put_u32(self.process);
        message.put_slice(&self.secret);
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(conninfo: &str) -> Result<String, String> {
        let params = ConnectParams::parse(conninfo).unwrap();
        let versions = ProtocolVersions::new(&params).map_err(|error| error.to_string())?;
        Ok(format!("{} to {}", versions.min, versions.max))
    }

    #[test]
    fn the_range_follows_both_bounds() {
        assert_eq!(versions("").unwrap(), "3.0 to 3.0");
        assert_eq!(
            versions("max_protocol_version=latest").unwrap(),
            "3.0 to 3.2"
        );
        assert_eq!(versions("min_protocol_version=3.2").unwrap(), "3.2 to 3.2");
        let both = "min_protocol_version=3.2 max_protocol_version=3.0";
        assert!(versions(both).unwrap_err().contains("above"));
        assert!(
            versions("max_protocol_version=3.1")
                .unwrap_err()
                .contains("3.0, 3.2")
        );
    }

    #[test]
    fn offers_are_taken_within_the_range() {
        let range = ProtocolVersions {
            min: ProtocolVersion::V3_0,
            max: ProtocolVersion::LATEST,
        };
        assert_eq!(range.accept(&[0, 3, 0, 0, 0, 0, 0, 0]), Ok(()));
        assert!(range.accept(&[0, 3, 0, 9]).unwrap_err().contains("3.9"));
        assert!(range.accept(&[0, 2, 0, 0]).unwrap_err().contains("2.0"));
        assert!(range.accept(&[0]).is_err());
    }

    #[test]
    fn cancel_messages_hold_the_whole_key() {
        let message = CancelKey::parse(b"\0\0\0\x07secret").message();
        assert_eq!(&message[..], b"\0\0\0\x12\x04\xd2\x16\x2e\0\0\0\x07secret");
        assert_eq!(CancelKey::parse(b"\0"), CancelKey::default());
    }
}
