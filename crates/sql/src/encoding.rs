//! Where letters end in each encoding that a session can talk in.
//!
//! In the encodings that only clients use, a letter's later bytes can look like a backslash, a capital or a bracket. Whoever
//! looks for one of those must go from letter to letter, with the lengths that PostgreSQL gives them.

use bstr::ByteSlice;

/// An encoding of texts, as far as the lengths of letters go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// Every byte is a letter, or nobody knows what is: LATIN1, WIN1252, SQL_ASCII and their like.
    #[default]
    SingleByte,
    /// UTF8.
    Utf8,
    /// EUC_JP and EUC_JIS_2004.
    EucJp,
    /// EUC_KR.
    EucKr,
    /// EUC_CN.
    EucCn,
    /// EUC_TW.
    EucTw,
    /// MULE_INTERNAL.
    MuleInternal,
    /// SJIS and SHIFT_JIS_2004; only clients use them, as all that follow.
    Sjis,
    /// BIG5, GBK and UHC, which PostgreSQL looks at no closer than that letters have two bytes.
    DoubleByte,
    /// GB18030.
    Gb18030,
    /// JOHAB, whose letters PostgreSQL takes for those of an EUC encoding: most are invalid to it.
    Johab,
}

impl Encoding {
    /// The encoding that PostgreSQL calls `name`, as the server reports it.
    pub fn named(name: &[u8]) -> Self {
        match name {
            b"UTF8" => Self::Utf8,
            b"EUC_JP" | b"EUC_JIS_2004" => Self::EucJp,
            b"EUC_KR" => Self::EucKr,
            b"EUC_CN" => Self::EucCn,
            b"EUC_TW" => Self::EucTw,
            b"MULE_INTERNAL" => Self::MuleInternal,
            b"SJIS" | b"SHIFT_JIS_2004" => Self::Sjis,
            b"BIG5" | b"GBK" | b"UHC" => Self::DoubleByte,
            b"GB18030" => Self::Gb18030,
            b"JOHAB" => Self::Johab,
            _ => Self::SingleByte,
        }
    }

    /// Number of bytes in the letter that a text begins with, going by its first bytes; at least 1, and no more than there are.
    pub fn letter_len(self, text: &[u8]) -> usize {
        self.expected_len(text).min(text.len()).max(1)
    }

    /// Where the first of some ASCII characters stands in a text, passing over bytes within letters.
    pub fn find(self, text: &[u8], characters: &[u8]) -> Option<usize> {
        if !self.embeds_ascii() {
            return text.find_byteset(characters);
        }
        let mut at = 0;
        while let Some(first) = text.get(at) {
            if characters.contains(first) {
                return Some(at);
            }
            at += self.letter_len(&text[at..]);
        }
        None
    }

    /// Appends a text with some ASCII characters doubled.
    ///
    /// What is no letter could make those who read text letter by letter skip a character behind it, a closing quote perhaps. The first
    /// byte of such becomes two that every server refuses, as libpq has it.
    pub fn push_doubled(self, out: &mut Vec<u8>, text: &[u8], doubled: &[u8]) {
        out.reserve(text.len());
        let mut rest = text;
        while let Some((&first, tail)) = rest.split_first() {
            if first.is_ascii() {
                if doubled.contains(&first) {
                    out.push(first);
                }
                out.push(first);
                rest = tail;
                continue;
            }
            let letter = rest.get(..self.expected_len(rest));
            match letter.filter(|letter| self.is_letter(letter)) {
                Some(letter) => {
                    out.extend_from_slice(letter);
                    rest = &rest[letter.len()..];
                }
                None => {
                    out.extend_from_slice(self.refused());
                    rest = tail;
                }
            }
        }
    }

    /// Whether a letter's later bytes can be ASCII.
    fn embeds_ascii(self) -> bool {
        matches!(
            self,
            Self::Sjis | Self::DoubleByte | Self::Gb18030 | Self::Johab
        )
    }

    /// Number of bytes in the letter that a text begins with, be they there or not.
    fn expected_len(self, text: &[u8]) -> usize {
        let Some(&first) = text.first().filter(|byte| !byte.is_ascii()) else {
            return 1;
        };
        match (self, first) {
            (Self::SingleByte, _) => 1,
            (Self::Utf8, 0xc0..=0xdf) => 2,
            (Self::Utf8, 0xe0..=0xef) => 3,
            (Self::Utf8, 0xf0..=0xf7) => 4,
            (Self::Utf8, _) => 1,
            (Self::EucTw, SINGLE_SHIFT_2) => 4,
            (Self::EucCn, SINGLE_SHIFT_2) => 3,
            (
                Self::EucJp | Self::EucKr | Self::EucCn | Self::EucTw | Self::Johab,
                SINGLE_SHIFT_3,
            ) => 3,
            (Self::EucJp | Self::EucKr | Self::EucCn | Self::EucTw | Self::Johab, _) => 2,
            (Self::MuleInternal, 0x81..=0x8d) => 2,
            (Self::MuleInternal, 0x90..=0x9b) => 3,
            (Self::MuleInternal, 0x9c | 0x9d) => 4,
            (Self::MuleInternal, _) => 1,
            (Self::Sjis, 0xa1..=0xdf) => 1,
            (Self::Sjis | Self::DoubleByte, _) => 2,
            (Self::Gb18030, _) => match text.get(1) {
                Some(b'0'..=b'9') => 4,
                _ => 2,
            },
        }
    }

    /// Whether bytes, as many as a letter beginning so has, are one. Single bytes are.
    fn is_letter(self, bytes: &[u8]) -> bool {
        match (self, bytes) {
            (Self::Utf8, _) => bytes.to_str().is_ok(),
            (Self::SingleByte, _) | (Self::MuleInternal | Self::Sjis, [_]) => true,
            (Self::EucJp, [SINGLE_SHIFT_2, kana]) => matches!(kana, 0xa1..=0xdf),
            (Self::EucJp, [SINGLE_SHIFT_3, rest @ ..]) => is_euc(rest),
            (Self::EucTw, [SINGLE_SHIFT_2, plane, rest @ ..]) => {
                matches!(plane, 0xa1..=0xa7) && is_euc(rest)
            }
            (Self::EucTw, [SINGLE_SHIFT_3, ..]) => false,
            (Self::EucTw | Self::Johab, [_, rest @ ..]) => is_euc(rest),
            (Self::EucJp | Self::EucKr | Self::EucCn, _) => is_euc(bytes),
            (Self::MuleInternal, _) => !bytes.iter().any(u8::is_ascii),
            (Self::Sjis, [head, tail]) => {
                matches!(head, 0x81..=0x9f | 0xe0..=0xfc)
                    && matches!(tail, 0x40..=0x7e | 0x80..=0xfc)
            }
            (Self::DoubleByte, _) => bytes != self.refused(),
            (Self::Gb18030, [0x81..=0xfe, b'0'..=b'9', third, fourth]) => {
                matches!(third, 0x81..=0xfe) && fourth.is_ascii_digit()
            }
            (Self::Gb18030, [0x81..=0xfe, second]) => {
                matches!(second, 0x40..=0x7e | 0x80..=0xfe)
            }
            _ => false,
        }
    }

    /// Two bytes that look like a letter of the encoding and that every server refuses.
    fn refused(self) -> &'static [u8; 2] {
        match self {
            Self::Utf8 => b"\xc0 ",
            _ => b"\x8d ",
        }
    }
}

/// What begins letters of a second set in EUC encodings, and of a third.
const SINGLE_SHIFT_2: u8 = 0x8e;
const SINGLE_SHIFT_3: u8 = 0x8f;

/// Whether all bytes are such as EUC encodings make letters of.
fn is_euc(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, 0xa1..=0xfe))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubled(encoding: &str, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        Encoding::named(encoding.as_bytes()).push_doubled(&mut out, text, b"'\\");
        out
    }

    #[test]
    fn backslashes_within_letters_are_left() {
        // A letter whose second byte is a backslash, a backslash and a quote.
        let text = b"\x95\x5c\\'";
        for encoding in ["SJIS", "SHIFT_JIS_2004", "BIG5", "GBK", "UHC", "GB18030"] {
            assert_eq!(doubled(encoding, text), b"\x95\x5c\\\\''", "{encoding}");
            let encoding = Encoding::named(encoding.as_bytes());
            assert_eq!(encoding.find(text, b"\\"), Some(2));
            assert_eq!(encoding.letter_len(text), 2);
        }
        assert_eq!(doubled("LATIN1", text), b"\x95\\\\\\\\''");
        assert_eq!(Encoding::SingleByte.find(text, b"\\"), Some(1));
    }

    #[test]
    fn letters_have_the_lengths_that_postgresql_gives_them() {
        let cases: [(&str, &[&[u8]]); 9] = [
            ("UTF8", &["é".as_bytes(), "漢".as_bytes(), "😀".as_bytes()]),
            ("EUC_JP", &[b"\xc9\xbd", b"\x8e\xb6", b"\x8f\xb0\xa1"]),
            ("EUC_KR", &[b"\xb0\xa1"]),
            ("EUC_CN", &[b"\xba\xba"]),
            ("EUC_TW", &[b"\xc4\xe3", b"\x8e\xa2\xa1\xa1"]),
            (
                "MULE_INTERNAL",
                &[b"\x81\xe9", b"\x92\xc9\xbd", b"\x9c\xf0\xa1\xa1"],
            ),
            ("SJIS", &[b"\x95\x5c", b"\xb6"]),
            ("GB18030", &[b"\xba\xba", b"\x81\x30\x89\x38"]),
            ("JOHAB", &[b"\xe0\xa1"]),
        ];
        for (name, letters) in cases {
            let encoding = Encoding::named(name.as_bytes());
            for letter in letters {
                let text = [letter, &b"'"[..]].concat();
                assert_eq!(encoding.letter_len(&text), letter.len(), "{name}");
                assert_eq!(
                    doubled(name, &text),
                    [letter, &b"''"[..]].concat(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn unfinished_letters_do_not_swallow_quotes() {
        assert_eq!(doubled("UTF8", b"r\xf4le\xc3'"), b"r\xc0 le\xc0 ''");
        assert_eq!(doubled("UTF8", b"\xe6\xbc"), b"\xc0 \xc0 ");
        assert_eq!(doubled("SJIS", b"\x95'"), b"\x8d ''");
        assert_eq!(doubled("EUC_JP", b"\xc9a'"), b"\x8d a''");
        assert_eq!(doubled("JOHAB", b"\x88a"), b"\x8d a");
        assert_eq!(doubled("GB18030", b"\x81\x300'"), b"\x8d 00''");
        assert_eq!(doubled("BIG5", b"\xa4"), b"\x8d ");
        assert_eq!(doubled("SQL_ASCII", b"\xa4'"), b"\xa4''");
    }

    #[test]
    fn texts_may_end_anywhere() {
        for name in [
            "UTF8",
            "SJIS",
            "GB18030",
            "EUC_TW",
            "JOHAB",
            "MULE_INTERNAL",
        ] {
            let encoding = Encoding::named(name.as_bytes());
            for first in 0..=255 {
                assert_eq!(encoding.letter_len(&[first]), 1, "{name}");
                assert_eq!(encoding.find(&[first], b"\\").is_some(), first == b'\\');
            }
            assert_eq!(encoding.letter_len(b""), 1);
        }
    }
}
