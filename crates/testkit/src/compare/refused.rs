//! Definitions that stock writes for a server and that this server refuses, as ours has to say them: what is dumped from a server
//! restores into one of the same major. Worked out from what stock wrote, clause by clause, so that nothing else can differ.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

use super::sql::{first_list, table_name, top_level, unquoted};

/// Whether ours leaves out an entry of stock's, made from a server of a major: before 19 nothing restores what extended statistics
/// know.
pub(super) fn is_left_out(entry: &Entry, major: u16) -> bool {
    major < 19 && entry.descriptor == "EXTENDED STATISTICS DATA"
}

/// What ours says in place of a definition of stock's, made from a server of a major; `None` where it says the same.
pub(super) fn restated(entry: &Entry, major: u16) -> Option<BString> {
    let text = entry.definition.as_ref()?.as_slice();
    match entry.descriptor.as_slice() {
        b"DATABASE" if major < 15 => without(text, b" LOCALE_PROVIDER = libc"),
        b"DATABASE PROPERTIES" if major < 19 => with_empty_lists_by_example(text),
        b"FUNCTION" | b"PROCEDURE" if major < 19 => with_empty_lists_of_one_name(text),
        b"SEQUENCE" if major < 15 && text.starts_with(b"ALTER TABLE ") => {
            without(text, b"    LOGGED\n")
        }
        b"SUBSCRIPTION" if major < 14 => {
            let text = without(text, b", streaming = off");
            text.and_then(|text| without(&text, b", run_as_owner = true"))
        }
        b"SUBSCRIPTION" if major < 16 => without(text, b", run_as_owner = true"),
        b"TABLE" | b"FOREIGN TABLE" if major < 18 => with_not_null_apart(text),
        _ => None,
    }
}

/// The text without a clause that stands once outside quotes.
fn without(text: &[u8], clause: &[u8]) -> Option<BString> {
    let at = unquoted(text)
        .map(|(at, _)| at)
        .find(|&at| text[at..].starts_with(clause))?;
    Some([&text[..at], &text[at + clause.len()..]].concat().into())
}

/// A table whose NOT NULLs on inherited columns stand in CREATE TABLE by themselves: they go into statements behind it.
fn with_not_null_apart(text: &[u8]) -> Option<BString> {
    const NOT_NULL: &[u8] = b"NOT NULL ";
    let list = first_list(text)?;
    let (opening, closing) = (list.opening, list.closing);
    let end = closing + top_level(&text[closing + 1..], b";").next()? + 1;
    let (apart, kept): (Vec<&[u8]>, Vec<&[u8]>) = list
        .elements
        .into_iter()
        .partition(|element| element.starts_with(NOT_NULL));
    if apart.is_empty() {
        return None;
    }
    let mut restated = BString::from(&text[..=opening]);
    for (number, element) in kept.iter().enumerate() {
        restated.extend_from_slice(if number == 0 { b"\n    " } else { b",\n    " });
        restated.extend_from_slice(element);
    }
    restated.push(b'\n');
    restated.extend_from_slice(&text[closing..=end]);
    let foreign: &[u8] = if text.starts_with(b"CREATE FOREIGN ") {
        b"FOREIGN "
    } else {
        b""
    };
    for element in apart {
        restated.extend_from_slice(b"\nALTER ");
        restated.extend_from_slice(foreign);
        restated.extend_from_slice(b"TABLE ONLY ");
        restated.extend_from_slice(table_name(text));
        restated.extend_from_slice(b" ALTER COLUMN ");
        restated.extend_from_slice(&element[NOT_NULL.len()..]);
        restated.extend_from_slice(b" SET NOT NULL;");
    }
    restated.extend_from_slice(&text[end + 1..]);
    Some(restated)
}

/// What precedes the missing value in a line that sets an empty list: nothing until 18, NULL since.
fn before_empty_list(line: &[u8]) -> Option<&[u8]> {
    [&b" TO NULL"[..], b" TO "]
        .into_iter()
        .find_map(|end| line.strip_suffix(end))
}

/// A line of a function's settings, where it sets an empty list: to a list of one empty name.
pub(super) fn with_one_name(line: &[u8]) -> Option<Vec<u8>> {
    let set = before_empty_list(line).filter(|set| set.starts_with(b"    SET "))?;
    Some([set, b" TO ''"].concat())
}

/// A function with empty lists in its settings, which stand behind its language.
fn with_empty_lists_of_one_name(text: &[u8]) -> Option<BString> {
    let mut lines: Vec<Vec<u8>> = text
        .split(|&byte| byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let language = lines
        .iter()
        .position(|line| line.starts_with(b"    LANGUAGE "))?;
    let mut is_restated = false;
    for line in &mut lines[language + 1..] {
        if !line.starts_with(b"    SET ") {
            break;
        }
        if let Some(restated) = with_one_name(line) {
            (*line, is_restated) = (restated, true);
        }
    }
    is_restated.then(|| lines.join(&b'\n').into())
}

/// Settings of a database with empty lists among them: to what the session is set to.
fn with_empty_lists_by_example(text: &[u8]) -> Option<BString> {
    let mut is_restated = false;
    let lines = text.split(|&byte| byte == b'\n').map(|line| {
        let set = line.strip_suffix(b";").and_then(before_empty_list);
        let name = set.and_then(|set| Some(set.rsplit_once_str(" SET ")?.1));
        match (set, name) {
            (Some(set), Some(name)) if line.starts_with(b"ALTER ") => {
                is_restated = true;
                let example = [b"SELECT pg_catalog.set_config('", name, b"', '', false);\n"];
                [&example.concat(), set, b" FROM CURRENT;"].concat()
            }
            _ => line.to_vec(),
        }
    });
    let lines: Vec<Vec<u8>> = lines.collect();
    is_restated.then(|| lines.join(&b'\n').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(descriptor: &str, major: u16, text: &str) -> Option<String> {
        let entry = Entry {
            descriptor: descriptor.into(),
            definition: Some(text.into()),
            ..Entry::default()
        };
        restated(&entry, major).map(|text| text.to_string())
    }

    #[test]
    fn what_extended_statistics_know_is_left_out_before_19() {
        let entry = |descriptor: &str| Entry {
            descriptor: descriptor.into(),
            ..Entry::default()
        };
        let data = entry("EXTENDED STATISTICS DATA");
        assert!(is_left_out(&data, 18) && !is_left_out(&data, 19));
        assert!(!is_left_out(&entry("STATISTICS DATA"), 13));
    }

    #[test]
    fn databases_lose_their_provider_only_where_it_is_not_known() {
        let text = |more: &str| {
            format!("CREATE DATABASE \" LOCALE_PROVIDER = libc\" WITH{more} LOCALE = 'C';\n")
        };
        let with = text(" LOCALE_PROVIDER = libc");
        assert_eq!(said("DATABASE", 14, &with), Some(text("")));
        assert_eq!(said("DATABASE", 15, &with), None);
        assert_eq!(said("SCHEMA", 14, &with), None);
    }

    #[test]
    fn subscriptions_lose_what_each_major_does_not_know() {
        let text = |options: &str| {
            format!(
                "CREATE SUBSCRIPTION s CONNECTION ', streaming = off' PUBLICATION p WITH (connect = false{options});\n"
            )
        };
        let stock = text(", streaming = off, run_as_owner = true, origin = none");
        let without_owner = text(", streaming = off, origin = none");
        let said = |major| said("SUBSCRIPTION", major, &stock);
        assert_eq!(said(13), Some(text(", origin = none")));
        assert_eq!(said(14), Some(without_owner.clone()));
        assert_eq!(said(15), Some(without_owner));
        assert_eq!(said(16), None);
    }

    #[test]
    fn sequences_of_columns_are_not_said_to_be_logged() {
        let text = |logged: &str| {
            format!(
                "ALTER TABLE a.\"    LOGGED\n\" ALTER COLUMN b ADD GENERATED ALWAYS AS IDENTITY (\n    SEQUENCE NAME a.s\n{logged}    START WITH 1\n);\n"
            )
        };
        let stock = text("    LOGGED\n");
        assert_eq!(said("SEQUENCE", 14, &stock), Some(text("")));
        assert_eq!(said("SEQUENCE", 15, &stock), None);
    }

    #[test]
    fn not_null_of_inherited_columns_stands_apart_before_18() {
        let stock = "CREATE UNLOGGED TABLE a.\"b (\" (\n    NOT NULL \"x,\ny\",\n    c text DEFAULT E'\\',\n    NOT NULL no'::text NOT NULL,\n    g integer[] DEFAULT ARRAY[1, 2],\n    NOT NULL d,\n    CONSTRAINT e CHECK ((c <> ','::text))\n)\nINHERITS (a.p);\nALTER TABLE ONLY a.\"b (\" ALTER COLUMN c SET STATISTICS 9;\n";
        let expected = "CREATE UNLOGGED TABLE a.\"b (\" (\n    c text DEFAULT E'\\',\n    NOT NULL no'::text NOT NULL,\n    g integer[] DEFAULT ARRAY[1, 2],\n    CONSTRAINT e CHECK ((c <> ','::text))\n)\nINHERITS (a.p);\nALTER TABLE ONLY a.\"b (\" ALTER COLUMN \"x,\ny\" SET NOT NULL;\nALTER TABLE ONLY a.\"b (\" ALTER COLUMN d SET NOT NULL;\nALTER TABLE ONLY a.\"b (\" ALTER COLUMN c SET STATISTICS 9;\n";
        assert_eq!(said("TABLE", 17, stock).as_deref(), Some(expected));
        assert_eq!(said("TABLE", 18, stock), None);
        let alone = "CREATE FOREIGN TABLE f (\n    NOT NULL a\n)\nINHERITS (p)\nSERVER s;\n";
        let expected = "CREATE FOREIGN TABLE f (\n)\nINHERITS (p)\nSERVER s;\nALTER FOREIGN TABLE ONLY f ALTER COLUMN a SET NOT NULL;\n";
        assert_eq!(said("FOREIGN TABLE", 13, alone).as_deref(), Some(expected));
        for usual in [
            "CREATE TABLE t (\n    a integer NOT NULL\n);\n",
            "CREATE TABLE t OF u;\n",
        ] {
            assert_eq!(said("TABLE", 17, usual), None);
        }
    }

    #[test]
    fn empty_lists_of_functions_hold_one_name() {
        for nothing in ["", "NULL"] {
            let text = |value: &str| {
                format!(
                    "CREATE FUNCTION f() RETURNS text\n    LANGUAGE sql\n    SET work_mem TO '1MB'\n    SET search_path TO {value}\n    AS $$\n    LANGUAGE x\n    SET search_path TO {nothing}\n$$;\n"
                )
            };
            let stock = text(nothing);
            assert_eq!(said("FUNCTION", 18, &stock), Some(text("''")));
            assert_eq!(said("FUNCTION", 19, &stock), None);
            assert_eq!(said("FUNCTION", 18, &text("''")), None);
        }
    }

    #[test]
    fn empty_lists_of_databases_are_taken_from_the_session() {
        let stock = "ALTER DATABASE d CONNECTION LIMIT = 3;\nALTER DATABASE d SET search_path TO ;\nALTER ROLE \"a SET b\" IN DATABASE d SET temp_tablespaces TO NULL;\n";
        let expected = "ALTER DATABASE d CONNECTION LIMIT = 3;\nSELECT pg_catalog.set_config('search_path', '', false);\nALTER DATABASE d SET search_path FROM CURRENT;\nSELECT pg_catalog.set_config('temp_tablespaces', '', false);\nALTER ROLE \"a SET b\" IN DATABASE d SET temp_tablespaces FROM CURRENT;\n";
        assert_eq!(
            said("DATABASE PROPERTIES", 18, stock).as_deref(),
            Some(expected)
        );
        assert_eq!(said("DATABASE PROPERTIES", 19, stock), None);
    }
}
