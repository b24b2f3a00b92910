//! Storage parameters: lists of `name=value`, as `WITH (…)` takes them.

use bstr::{BString, ByteSlice};

use crate::state::dump::Dump;
use crate::text::sql;

/// Writes parameters without the parentheses; `prefix` goes before each name.
pub(crate) fn list(dump: &Dump, options: &[BString], prefix: &str) -> BString {
    sql::join(options.iter().map(|option| one(dump, option, prefix)), ", ")
}

fn one(dump: &Dump, option: &BString, prefix: &str) -> BString {
    let (name, value) = option
        .split_once_str("=")
        .unwrap_or((option.as_slice(), b""));
    // Whatever could be an identifier can stand as it is; anything else, numbers too, is safe as a literal.
    let value = if dump.ident(value) == value {
        value.into()
    } else {
        dump.literal(value)
    };
    sql![prefix, dump.ident(name), "=", value]
}

#[cfg(test)]
mod tests {
    use bstr::BString;
    use pgdumprs_catalog::Listing;

    use super::list;
    use crate::Options;
    use crate::state::dump::Dump;

    #[test]
    fn values_are_quoted_unless_they_are_plain_words() {
        let dump = Dump::new(Listing::default(), Options::default()).unwrap();
        let options = [
            "fillfactor=70",
            "autovacuum_enabled=off",
            "buffering=Auto",
            "x=a=b",
            "y",
        ];
        let options = options.map(BString::from);
        assert_eq!(
            list(&dump, &options, "toast."),
            "toast.fillfactor='70', toast.autovacuum_enabled=off, toast.buffering='Auto', \
             toast.x='a=b', toast.y=''"
        );
    }
}
