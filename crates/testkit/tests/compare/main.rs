//! The comparison of archives finds what was changed on purpose, and nothing else.

mod sample;
mod tolerated;

use pgdumprs_archive::{Compression, Entry};
use pgdumprs_testkit::compare::{
    Restore, Rule, compare_archives, compare_restored, compare_with_stock, stock_archive,
};
use pgdumprs_testkit::{Major, Server, for_each_major};

use sample::{Parts, SAMPLE, Sample, assert_says, restate, rules};

/// A change to one entry.
type Alteration = fn(&mut Entry);

#[test]
fn an_archive_is_the_same_as_itself_in_other_compression() {
    let sample = Sample::new();
    let comparison = sample.altered(|parts| {
        parts.header.compression = Compression::Zstd {
            level: 1,
            long: false,
        };
        parts.header.created.year += 1;
        parts.header.dumper_version = Some("pgdumprs".into());
    });
    comparison.assert_same();
    assert!(comparison.notes().is_empty());
}

#[test]
fn a_changed_definition_shows_in_the_text_and_in_its_entry() {
    let comparison = Sample::new().altered(|parts| {
        let entry = parts.entry("TABLE", "item");
        let text = String::from_utf8(entry.definition.clone().unwrap().into()).unwrap();
        entry.definition = Some(text.replace("name text", "name varchar").into());
    });
    assert_eq!(rules(&comparison), [Rule::F1, Rule::F2]);
    assert_says(&comparison, Rule::F1, "-    name text,\n+    name varchar,");
    assert_says(&comparison, Rule::F2, "TABLE shop.item: definition");
}

/// Options that a server keeps for itself, as tools older than it write them.
#[test]
fn options_that_a_server_keeps_for_itself_count_only_where_we_write_them() {
    let sample = Sample::with(
        "ALTER TABLE shop.item ALTER COLUMN name SET (n_distinct = 5);
         SET allow_system_table_mods = on;
         UPDATE pg_attribute SET attoptions = ARRAY['pg_kept=7'] || attoptions
          WHERE attrelid = 'shop.item'::regclass AND attname IN ('id', 'name');",
    );
    let alone = "ALTER TABLE ONLY shop.item ALTER COLUMN id SET (pg_kept=7);\n";
    let (with, without) = ("SET (pg_kept=7, n_distinct=5)", "SET (n_distinct=5)");
    let without_it = |parts: &mut Parts| {
        let entry = parts.entry("TABLE", "item");
        let text = entry.definition.clone().unwrap().to_string();
        assert!(text.contains(alone) && text.contains(with), "{text}");
        entry.definition = Some(text.replace(alone, "").replace(with, without).into());
    };
    sample.altered(without_it).assert_same();
    let comparison = sample.altered(|_| {});
    assert_eq!(rules(&comparison), [Rule::F1, Rule::F2]);
    assert_says(&comparison, Rule::F2, "pg_kept=7");
    // What else stands in such statements still counts.
    let comparison = sample.altered(|parts| {
        without_it(parts);
        let entry = parts.entry("TABLE", "item");
        let text = entry.definition.clone().unwrap().to_string();
        entry.definition = Some(text.replace(without, "SET (n_distinct=6)").into());
    });
    assert_eq!(rules(&comparison), [Rule::F1, Rule::F2]);
}

#[test]
fn a_missing_an_extra_and_a_moved_entry_are_named() {
    let comparison = Sample::new().altered(|parts| {
        let position = parts.position("INDEX", "line_item");
        parts.entries.remove(position);
        let view = parts.position("VIEW", "dear");
        let mut extra = parts.entries[view].clone();
        extra.dump_id = 99_999;
        extra.tag = Some("cheap".into());
        let moved = parts.entries.remove(view);
        parts.entries.insert(view + 3, moved);
        parts.entries.push(extra);
    });
    assert_eq!(comparison.differences(Rule::F2).len(), 3, "{comparison}");
    assert_says(&comparison, Rule::F2, "missing: INDEX shop.line_item");
    assert_says(&comparison, Rule::F2, "extra: VIEW shop.cheap");
    assert_says(&comparison, Rule::F2, "moved: VIEW shop.dear");
}

#[test]
fn every_field_of_an_entry_counts() {
    let sample = Sample::new();
    let alterations: [(&str, Alteration); 9] = [
        ("owner", |entry| entry.owner = Some("nobody".into())),
        ("tablespace", |entry| entry.tablespace = None),
        ("table access method", |entry| entry.table_am = None),
        ("drop statement", |entry| entry.drop = None),
        ("copy statement", |entry| entry.copy = Some("COPY".into())),
        ("section", |entry| {
            entry.section = pgdumprs_archive::Section::PostData;
        }),
        ("catalog id", |entry| entry.catalog_id.oid += 1),
        ("relation kind", |entry| entry.relkind = b'f'),
        ("schema", |entry| entry.namespace = Some("other".into())),
    ];
    for (field, alter) in alterations {
        let comparison = sample.altered(|parts| alter(parts.entry("TABLE", "item")));
        // An entry of another schema is another entry.
        let expected = if field == "schema" { "missing" } else { field };
        assert_says(&comparison, Rule::F2, expected);
    }
}

#[test]
fn dependencies_are_compared_by_what_they_stand_for() {
    let sample = Sample::new();
    sample
        .altered(|parts| {
            for entry in &mut parts.entries {
                entry.dump_id += 7000;
                entry.dependencies.iter_mut().for_each(|id| *id += 7000);
            }
            let shift = |(id, data)| (id + 7000, data);
            parts.tables = std::mem::take(&mut parts.tables)
                .into_iter()
                .map(shift)
                .collect();
            parts.objects = std::mem::take(&mut parts.objects)
                .into_iter()
                .map(|(id, data)| (id + 7000, data))
                .collect();
        })
        .assert_same();

    let comparison = sample.altered(|parts| {
        let table = parts.entry("TABLE", "item").dump_id;
        let view = parts.entry("VIEW", "dear");
        view.dependencies.retain(|id| *id != table);
        view.dependencies.push(999_999);
        parts
            .entry("FK CONSTRAINT", "line line_item_fkey")
            .dependencies
            .reverse();
    });
    assert_eq!(rules(&comparison), [Rule::F3], "{comparison}");
    assert_says(
        &comparison,
        Rule::F3,
        "  - TABLE shop.item\n  - TABLE shop.item\n  + an id",
    );
    assert_says(
        &comparison,
        Rule::F3,
        "line_item_fkey depends on the same in another order",
    );
}

#[test]
fn ours_name_the_descendants_that_stocks_leave_out() {
    let sample = Sample::with(
        "CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
         CREATE TABLE shop.\"part (\" PARTITION OF shop.part FOR VALUES FROM ('2000-01-01') TO ('2001-01-01')
             PARTITION BY LIST (d);
         CREATE TABLE shop.part_3 PARTITION OF shop.\"part (\" DEFAULT;
         CREATE TRIGGER t BEFORE INSERT ON shop.part FOR EACH ROW EXECUTE FUNCTION nothing();
         CREATE TYPE shop.kind AS (id int);
         CREATE TABLE shop.typed OF shop.kind;
         CREATE TABLE shop.heir (more text) INHERITS (shop.line, shop.typed);
         ALTER TABLE shop.typed ADD CONSTRAINT positive CHECK (id > 0) NOT VALID;",
    );
    let lacking = sample.altered(|_| ());
    assert_eq!(rules(&lacking), [Rule::F3], "{lacking}");
    for table in ["part_1", "part (", "part_3", "heir"] {
        assert_says(&lacking, Rule::F3, &format!("\n  - TABLE shop.{table}"));
    }

    let add = |parts: &mut Parts, entry: [&str; 2], tables: &[&str]| {
        let [descriptor, tag] = entry;
        for table in tables {
            let id = parts.entry("TABLE", table).dump_id;
            parts.entry(descriptor, tag).dependencies.push(id);
        }
    };
    let (trigger, check) = (
        ["TRIGGER", "part t"],
        ["CHECK CONSTRAINT", "typed positive"],
    );
    sample
        .altered(|parts| {
            add(parts, trigger, &["part_3", "part_1", "part ("]);
            add(parts, check, &["heir"]);
        })
        .assert_same();

    let beyond = sample.altered(|parts| {
        add(parts, trigger, &["part_3", "part_1", "part (", "line"]);
        add(parts, check, &["heir"]);
    });
    assert_eq!(rules(&beyond), [Rule::F3], "{beyond}");
    assert_says(&beyond, Rule::F3, "depends on\n  + TABLE shop.line");

    let missing = sample.altered(|parts| {
        add(parts, trigger, &["part_1", "part ("]);
        add(parts, check, &["heir"]);
        let position = parts.position("TABLE", "part_3");
        parts.entries.remove(position);
    });
    assert_says(&missing, Rule::F2, "TABLE shop.part_3");
    assert_says(
        &missing,
        Rule::F3,
        "TRIGGER shop.part t depends on\n  - TABLE shop.part_3",
    );
}

#[test]
fn data_that_differ_are_placed() {
    let comparison = Sample::new().altered(|parts| {
        let table = parts.entry("TABLE DATA", "item").dump_id;
        parts.tables.get_mut(&table).unwrap()[100_000] = b'#';
        for (oid, bytes) in parts.objects.values_mut().flatten() {
            if *oid == 3_000_002 {
                bytes[9000] = b'#';
            }
        }
    });
    assert_says(&comparison, Rule::F1, "#");
    assert_says(
        &comparison,
        Rule::F4,
        "TABLE DATA shop.item: differs at byte 100000 ",
    );
    assert_says(
        &comparison,
        Rule::F4,
        "large object 3000002 first differs in the 4096 bytes from 8192",
    );
    assert_eq!(comparison.differences(Rule::F4).len(), 2, "{comparison}");
}

#[test]
fn a_truncated_archive_is_told_apart() {
    let sample = Sample::new();
    let whole = std::fs::read(&sample.stock).unwrap();
    let ours = sample.folder.path().join("ours.dump");
    std::fs::write(&ours, &whole[..whole.len() - 5000]).unwrap();
    let comparison = compare_archives(&sample.stock, &ours).unwrap();
    assert!(rules(&comparison).contains(&Rule::F4), "{comparison}");
    std::fs::write(&ours, &whole[..100]).unwrap();
    assert!(compare_archives(&sample.stock, &ours).is_err());
}

#[test]
fn an_older_version_is_compared_by_what_it_can_say() {
    let sample = Sample::new();
    let comparison = sample.altered(Parts::ungroup_large_objects);
    comparison.assert_same();
    assert_eq!(comparison.notes().len(), 1, "{comparison}");

    let comparison = sample.altered(|parts| {
        parts.ungroup_large_objects();
        let position = parts.position("ACL", "LARGE OBJECT 3000002");
        parts.entries.remove(position);
        parts.entry("BLOB", "3000001").owner = Some("nobody".into());
    });
    assert_eq!(rules(&comparison), [Rule::F2], "{comparison}");
    assert_says(&comparison, Rule::F2, "large object 3000001");
    assert_says(&comparison, Rule::F2, "large object 3000002");
}

#[test]
fn stocks_own_archive_of_every_major_passes_every_rule() {
    for_each_major(|server| {
        let source = server.database();
        source.execute_sql(SAMPLE);
        let folder = tempfile::tempdir()?;
        let ours = folder.path().join("ours.dump");
        stock_archive(&source, &ours, &["--compress=gzip:1"])?;
        let mut parts = Parts::read(&ours);
        if server.major() < Major::V15 {
            restate(parts.entry("DATABASE", source.name()), PROVIDER, "");
        }
        parts.leave_out_internal_options();
        parts.write(&ours);
        compare_with_stock(&source, &ours, &[])?.assert_same();
        Ok(())
    });
}

/// What servers before 15 refuse in CREATE DATABASE.
const PROVIDER: &str = " LOCALE_PROVIDER = libc";

/// What 13 holds and cannot take from stock's archive.
const REFUSED_BY_13: &str = "
    CREATE TABLE parent (a int, b text);
    CREATE TABLE child (CHECK (a > 0)) INHERITS (parent);
    ALTER TABLE child ALTER b SET NOT NULL;
    CREATE UNLOGGED TABLE unlogged (id int GENERATED ALWAYS AS IDENTITY);
    CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p WITH (connect = false, slot_name = NONE);
    SELECT pg_catalog.set_config('search_path', '', false);
    CREATE FUNCTION public.f() RETURNS int LANGUAGE sql SET search_path FROM CURRENT AS 'SELECT 1';
    INSERT INTO public.child VALUES (1, 'x');
    SELECT lo_from_bytea(3000001, 'one'::bytea);
";

/// Says what 13 takes in place of what stock says.
fn restate_for_13(parts: &mut Parts, database: &str) {
    restate(parts.entry("DATABASE", database), PROVIDER, "");
    let child = parts.entry("TABLE", "child");
    restate(child, "    NOT NULL b,\n", "");
    let set = "(public.parent);\nALTER TABLE ONLY public.child ALTER COLUMN b SET NOT NULL;\n";
    restate(child, "(public.parent);\n", set);
    restate(
        parts.entry("SEQUENCE", "unlogged_id_seq"),
        "    LOGGED\n",
        "",
    );
    let subscription = parts.entry("SUBSCRIPTION", "s");
    restate(subscription, ", streaming = off, run_as_owner = true", "");
    let function = parts.entry("FUNCTION", "f()");
    let stock = if Major::REFERENCE.number() < 19 {
        "TO \n"
    } else {
        "TO NULL\n"
    };
    restate(function, stock, "TO ''\n");
}

#[test]
fn ours_says_what_the_dumped_servers_major_takes() {
    let sample = Sample::on(Major::V13, REFUSED_BY_13);
    let database = sample.database.name().to_owned();
    let comparison = sample.altered(|parts| restate_for_13(parts, &database));
    comparison.assert_same();
    let restated = comparison.notes().join("\n");
    assert!(restated.contains("TABLE public.child"), "{comparison}");

    // Each of stock's own words is a difference.
    let comparison = sample.altered(|_| ());
    assert_eq!(rules(&comparison), [Rule::F1, Rule::F2], "{comparison}");
    assert_eq!(comparison.differences(Rule::F2).len(), 5, "{comparison}");

    // So is anything else that was changed beside them.
    let comparison = sample.altered(|parts| {
        restate_for_13(parts, &database);
        restate(
            parts.entry("TABLE", "child"),
            "COLUMN b SET",
            "COLUMN a SET",
        );
    });
    assert_says(&comparison, Rule::F2, "ALTER COLUMN a SET NOT NULL");
    let comparison = sample.altered(|parts| {
        restate_for_13(parts, &database);
        restate(
            parts.entry("SUBSCRIPTION", "s"),
            "slot_name = NONE",
            "slot_name = 's'",
        );
    });
    assert_says(&comparison, Rule::F2, "slot_name");
    let comparison = sample.altered(|parts| {
        restate_for_13(parts, &database);
        let data = parts.entry("TABLE DATA", "child").dump_id;
        parts.tables.insert(data, b"1\ty\n\\.\n\n\n".to_vec());
    });
    assert_eq!(rules(&comparison), [Rule::F1, Rule::F4], "{comparison}");
}

#[test]
fn what_the_dumped_servers_major_takes_is_not_to_be_said_otherwise() {
    let sample = Sample::on(
        Major::V18,
        "CREATE TABLE parent (a int, b text);
         CREATE TABLE child (CHECK (a > 0)) INHERITS (parent);
         ALTER TABLE child ALTER b SET NOT NULL;
         CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p
             WITH (connect = false, slot_name = NONE, run_as_owner = true)",
    );
    let database = sample.database.name().to_owned();
    sample.altered(|_| ()).assert_same();
    let comparison = sample.altered(|parts| {
        restate(parts.entry("DATABASE", &database), PROVIDER, "");
        restate(parts.entry("TABLE", "child"), "    NOT NULL b,\n", "");
        restate(
            parts.entry("SUBSCRIPTION", "s"),
            ", run_as_owner = true",
            "",
        );
    });
    assert_eq!(rules(&comparison), [Rule::F1, Rule::F2], "{comparison}");
    assert_eq!(comparison.differences(Rule::F2).len(), 3, "{comparison}");
}

#[test]
fn a_restore_that_fails_or_lacks_something_is_shown() {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(SAMPLE);
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("ours.dump");
    stock_archive(&source, &ours, &[]).unwrap();
    let mut parts = Parts::read(&ours);
    let comment = parts.position("COMMENT", "TABLE item");
    parts.entries.remove(comment);
    parts.write(&ours);
    let comparison =
        compare_restored(&source, &ours, &[Restore::Serial, Restore::Parallel]).unwrap();
    assert_says(&comparison, Rule::F5, "-COMMENT ON TABLE shop.item");
    assert_eq!(comparison.differences(Rule::F5).len(), 2, "{comparison}");

    parts.entry("VIEW", "dear").definition = Some("CREATE VIEW shop.dear AS nonsense;".into());
    parts.write(&ours);
    let comparison =
        compare_restored(&source, &ours, &[Restore::Serial, Restore::Parallel]).unwrap();
    assert_says(&comparison, Rule::F5, "nonsense");
}
