//! The names of encodings.

/// PostgreSQL's encodings, each by its own name and then by others that it takes for it, in lower case and without punctuation (see
/// "Supported Character Sets" in its manual).
const NAMES: &[(&str, &[&str])] = &[
    ("BIG5", &["win950", "windows950"]),
    ("EUC_CN", &[]),
    ("EUC_JIS_2004", &[]),
    ("EUC_JP", &[]),
    ("EUC_KR", &[]),
    ("EUC_TW", &[]),
    ("GB18030", &[]),
    ("GBK", &["win936", "windows936"]),
    ("ISO_8859_5", &["iso88595"]),
    ("ISO_8859_6", &["iso88596"]),
    ("ISO_8859_7", &["iso88597"]),
    ("ISO_8859_8", &["iso88598"]),
    ("JOHAB", &[]),
    ("KOI8R", &["koi8"]),
    ("KOI8U", &[]),
    ("LATIN1", &["iso88591"]),
    ("LATIN10", &["iso885916"]),
    ("LATIN2", &["iso88592"]),
    ("LATIN3", &["iso88593"]),
    ("LATIN4", &["iso88594"]),
    ("LATIN5", &["iso88599"]),
    ("LATIN6", &["iso885910"]),
    ("LATIN7", &["iso885913"]),
    ("LATIN8", &["iso885914"]),
    ("LATIN9", &["iso885915"]),
    ("MULE_INTERNAL", &[]),
    ("SHIFT_JIS_2004", &[]),
    ("SJIS", &["mskanji", "shiftjis", "win932", "windows932"]),
    ("SQL_ASCII", &[]),
    ("UHC", &["win949", "windows949"]),
    ("UTF8", &["unicode"]),
    ("WIN1250", &["windows1250"]),
    ("WIN1251", &["win", "windows1251"]),
    ("WIN1252", &["windows1252"]),
    ("WIN1253", &["windows1253"]),
    ("WIN1254", &["windows1254"]),
    ("WIN1255", &["windows1255"]),
    ("WIN1256", &["windows1256"]),
    ("WIN1257", &["windows1257"]),
    (
        "WIN1258",
        &["abc", "tcvn", "tcvn5712", "vscii", "windows1258"],
    ),
    ("WIN866", &["alt", "windows866"]),
    ("WIN874", &["windows874"]),
];

/// The name by which PostgreSQL itself calls an encoding. Neither case nor punctuation counts.
pub(crate) fn canonical(name: &[u8]) -> Option<&'static str> {
    let plain = |name: &[u8]| -> Vec<u8> {
        name.iter()
            .filter(|byte| byte.is_ascii_alphanumeric())
            .map(u8::to_ascii_lowercase)
            .collect()
    };
    let wanted = plain(name);
    let known = NAMES.iter().find(|(name, others)| {
        plain(name.as_bytes()) == wanted || others.iter().any(|other| other.as_bytes() == wanted)
    });
    known.map(|(name, _)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_have_one_name() {
        assert_eq!(canonical(b"UTF8"), Some("UTF8"));
        assert_eq!(canonical(b"utf-8"), Some("UTF8"));
        assert_eq!(canonical(b"Unicode"), Some("UTF8"));
        assert_eq!(canonical(b"ISO 8859-1"), Some("LATIN1"));
        assert_eq!(canonical(b"iso_8859_5"), Some("ISO_8859_5"));
        assert_eq!(canonical(b"UTF16"), None);
        assert_eq!(canonical(b""), None);
    }
}
