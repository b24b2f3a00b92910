//! Encoding the table of contents of a large schema.

use bstr::BString;
use divan::Bencher;
use divan::counter::ItemsCount;
use pgdumprs_archive::{
    ArchiveVersion, CatalogId, Compression, CreationTime, Entry, Header, Section, Writer,
};

fn main() {
    divan::main();
}

/// Time must grow with the number of entries, and hardly faster: many no longer fit the processor's caches.
#[divan::bench(args = [4_000, 40_000, 400_000], sample_count = 10)]
fn entries(bencher: Bencher<'_, '_>, count: i32) {
    let header = Header {
        version: ArchiveVersion::V1_14,
        compression: Compression::GZIP,
        created: CreationTime {
            second: 0,
            minute: 0,
            hour: 0,
            day: 1,
            month: 0,
            year: 124,
            is_dst: 0,
        },
        database: Some("shop".into()),
        server_version: Some("17.0".into()),
        dumper_version: Some("bench".into()),
    };
    let entries: Vec<Entry> = (1..=count).map(entry).collect();
    bencher
        .counter(ItemsCount::new(entries.len()))
        .bench_local(|| {
            Writer::new(std::io::sink(), &header, &entries)
                .expect("the entries are right")
                .position()
        });
}

fn entry(dump_id: i32) -> Entry {
    let text = |text: String| Some(BString::from(text));
    Entry {
        dump_id,
        catalog_id: CatalogId {
            tableoid: 1259,
            oid: 16384 + dump_id.unsigned_abs(),
        },
        tag: text(format!("item_{dump_id}")),
        descriptor: "TABLE".into(),
        section: Section::PreData,
        definition: text(format!(
            "CREATE TABLE public.item_{dump_id} (\n    id integer NOT NULL,\n    name text DEFAULT 'none'::text\n);\n"
        )),
        drop: text(format!("DROP TABLE public.item_{dump_id};\n")),
        namespace: text("public".to_owned()),
        tablespace: text(String::new()),
        table_am: text("heap".to_owned()),
        relkind: b'r',
        owner: text("postgres".to_owned()),
        dependencies: vec![dump_id + 1, dump_id + 2],
        ..Entry::default()
    }
}
