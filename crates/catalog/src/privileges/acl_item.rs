//! An aclitem: what one role granted to another.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::{Encoding, parse_array};

/// What one role granted to another on one object.
///
/// The text form, as the server's `aclitemout` prints it, is `grantee=privileges/grantor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AclItem {
    /// Name of the role that holds the privileges, unquoted; empty for PUBLIC.
    pub grantee: BString,
    /// The privileges: one letter each (see the manual's section "Privileges"), followed by `*` where it was granted with grant
    /// option.
    pub privileges: BString,
    /// Name of the role that granted them, unquoted.
    pub grantor: BString,
}

impl AclItem {
    /// Reads the text form of a list, of type `aclitem[]`; `None` where it is malformed.
    pub(crate) fn parse_list(text: &BStr, encoding: Encoding) -> Option<Vec<Self>> {
        parse_array(text, encoding)?
            .into_iter()
            .map(|item| Self::parse(item?.as_bstr()))
            .collect()
    }

    /// Reads the text form; `None` where it is malformed.
    pub fn parse(text: &BStr) -> Option<Self> {
        let (grantee, rest) = role_name(text.as_bytes())?;
        let (privileges, rest) = rest.strip_prefix(b"=")?.split_once_str(b"/")?;
        let (grantor, rest) = role_name(rest)?;
        rest.is_empty().then(|| Self {
            grantee,
            privileges: privileges.into(),
            grantor,
        })
    }
}

/// A role name, up to an equals sign or the end, and the text after it. Parts in double quotes may hold anything; a double
/// quote in them is doubled.
fn role_name(text: &[u8]) -> Option<(BString, &[u8])> {
    let mut name = BString::default();
    let mut rest = text;
    while let Some((&byte, tail)) = rest.split_first().filter(|&(&byte, _)| byte != b'=') {
        if byte != b'"' {
            name.push(byte);
            rest = tail;
            continue;
        }
        rest = tail;
        loop {
            let (part, tail) = rest.split_once_str(b"\"")?;
            name.extend_from_slice(part);
            rest = tail;
            let Some(tail) = rest.strip_prefix(b"\"") else {
                break;
            };
            name.push(b'"');
            rest = tail;
        }
    }
    Some((name, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Writes a role name as the server's `putid` does.
    fn quoted(name: &[u8]) -> Vec<u8> {
        if name
            .iter()
            .all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            return name.to_vec();
        }
        [b"\"", name.replace("\"", "\"\"").as_slice(), b"\""].concat()
    }

    proptest! {
        #[test]
        fn what_the_server_writes_is_read_back(
            grantee in "[ -~\\n\u{80}-\u{2ff}]{0,20}",
            privileges in "([a-zA-Z]\\*?){0,8}",
            grantor in "[a-z=/\"]{1,20}",
        ) {
            let text = [
                quoted(grantee.as_bytes()), b"=".to_vec(), privileges.clone().into_bytes(), b"/".to_vec(),
                quoted(grantor.as_bytes()),
            ]
            .concat();
            let expected = AclItem {
                grantee: grantee.into(),
                privileges: privileges.into(),
                grantor: grantor.into(),
            };
            prop_assert_eq!(AclItem::parse(text.as_bstr()), Some(expected));
        }

        #[test]
        fn no_text_makes_the_parser_panic(text in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = AclItem::parse(text.as_bstr());
        }
    }

    fn item(text: &str) -> Option<(String, String, String)> {
        let item = AclItem::parse(text.into())?;
        Some((
            item.grantee.to_string(),
            item.privileges.to_string(),
            item.grantor.to_string(),
        ))
    }

    fn parts(grantee: &str, privileges: &str, grantor: &str) -> Option<(String, String, String)> {
        Some((grantee.into(), privileges.into(), grantor.into()))
    }

    #[test]
    fn role_names_are_unquoted() {
        assert_eq!(item("joe=r*w/postgres"), parts("joe", "r*w", "postgres"));
        assert_eq!(item("=U/postgres"), parts("", "U", "postgres"));
        assert_eq!(item("PUBLIC=U/postgres"), parts("PUBLIC", "U", "postgres"));
        assert_eq!(
            item("\"a=b/c\"=arwd/\"x \"\"y\"\"\""),
            parts("a=b/c", "arwd", "x \"y\"")
        );
        assert_eq!(item("\"\"\"\"=/\"/\""), parts("\"", "", "/"));
        assert_eq!(item("é\"ü\"=r/ö"), parts("éü", "r", "ö"));
    }

    #[test]
    fn malformed_items_are_refused() {
        for text in [
            "",
            "joe",
            "joe=r",
            "\"joe=r/x",
            "joe=r/\"x",
            "joe=r/x=y",
            "joe=r/\"x\"\"",
        ] {
            assert_eq!(item(text), None, "{text}");
        }
    }

    #[test]
    fn cells_hold_arrays_of_items() {
        let items = |text: &str| AclItem::parse_list(text.into(), Encoding::Utf8);
        assert_eq!(items("{}"), Some(Vec::new()));
        let two = items("{joe=r/postgres,\"\\\"a b\\\"=w/postgres\"}").expect("is well-formed");
        assert_eq!(
            two.iter()
                .map(|item| item.grantee.to_string())
                .collect::<Vec<_>>(),
            ["joe", "a b"]
        );
        assert_eq!(items("{NULL}"), None);
        assert_eq!(items("{joe}"), None);
    }
}
