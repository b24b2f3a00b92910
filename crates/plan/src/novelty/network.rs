//! GiST over network addresses: since 19 its own operator class is the default for them, and goes without saying.

use bstr::{BString, ByteSlice};

use super::Place;
use super::find::table_elements;
use super::statement::Statement;

/// What servers know since 19.
pub(crate) const GIST_DEFAULT: &str = "inet_ops as what GiST takes for network addresses unasked";

/// Where an index or an exclusion constraint leaves the operator class of network addresses to the server, with that class, which servers before 19 have
/// under the same name. `table` is the definition of its table.
pub(crate) fn gist_defaults(descriptor: &[u8], text: &[u8], table: &[u8]) -> Vec<Place> {
    let has_elements = matches!(descriptor, b"INDEX" | b"CONSTRAINT");
    if !has_elements || !text.contains_str("gist") {
        return Vec::new();
    }
    let s = Statement::new(text);
    let Some(gist) = s.first(&["using", "gist", "("]) else {
        return Vec::new();
    };
    let of_table = Statement::new(table);
    let columns = table_elements(&of_table).map_or_else(Vec::new, |(_, columns)| columns);
    let is_address = |name: &BString| {
        columns.iter().any(|column| {
            let is_it = of_table.is_name(column.start)
                && of_table.name(column.start..column.start + 1) == *name;
            let of_type = column.start + 1;
            is_it
                && (of_table.has(of_type, &["inet"]) || of_table.has(of_type, &["cidr"]))
                && !of_table.has(of_type + 1, &["["])
        })
    };
    let elements = s.elements(gist + 2).into_iter();
    let plain = elements.filter(|element| {
        let behind = element.start + 1;
        s.is_name(element.start) && (behind == element.end || s.has(behind, &["with"]))
    });
    let columns = plain.map(|element| element.start..element.start + 1);
    let addresses = columns.filter(|column| is_address(&s.name(column.clone())));
    let places = addresses.map(|column| {
        let range = s.range(column);
        let instead = [&text[range.clone()], b" inet_ops"].concat();
        Place {
            clause: range.clone(),
            edits: vec![(range, instead.into())],
        }
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::novelty::edited;

    #[test]
    fn only_columns_of_addresses_get_their_class() {
        const TABLE: &[u8] =
            b"CREATE TABLE s.t (\n    g inet NOT NULL,\n    \"C d\" cidr,\n    r int4range,\n    l inet[]\n);\n";
        let written = |descriptor: &str, text: &str| {
            let places = gist_defaults(descriptor.as_bytes(), text.as_bytes(), TABLE);
            edited(text.as_bytes(), &places).to_string()
        };
        assert_eq!(
            written(
                "INDEX",
                "CREATE INDEX i ON s.t USING gist (g, \"C d\", r, l) WHERE (g IS NULL);\n"
            ),
            "CREATE INDEX i ON s.t USING gist (g inet_ops, \"C d\" inet_ops, r, l) WHERE (g IS NULL);\n"
        );
        assert_eq!(
            written(
                "CONSTRAINT",
                "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT c EXCLUDE USING gist (g WITH &&, r WITH &&);\n"
            ),
            "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT c EXCLUDE USING gist (g inet_ops WITH &&, r WITH &&);\n"
        );
        for same in [
            "CREATE INDEX i ON s.t USING gist (g inet_ops);\n",
            "CREATE INDEX i ON s.t USING spgist (g);\n",
            "CREATE INDEX i ON s.t USING gist (g s.gist_inet_ops, (host(g)));\n",
        ] {
            assert_eq!(written("INDEX", same), same);
        }
    }
}
