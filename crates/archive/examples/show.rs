//! Prints an archive's header, its table of contents with every field, and the size of each block.
//!
//! `cargo run -p pgdumprs-archive --example show -- FILE`

use std::{env, error::Error, io};

use bstr::BString;
use pgdumprs_archive::{Block, Reader};

fn main() -> Result<(), Box<dyn Error>> {
    let path = env::args_os().nth(1).ok_or("usage: show FILE")?;
    let mut reader = Reader::open_path(path)?;
    println!("{:#?}", reader.header());
    for entry in reader.entries() {
        println!(
            "\n{} {} ({} {}) {:?} had_dumper={} relkind={:?} dependencies={:?} offset={:?}",
            entry.dump_id,
            entry.descriptor,
            entry.catalog_id.tableoid,
            entry.catalog_id.oid,
            entry.section,
            entry.had_dumper,
            char::from(entry.relkind),
            entry.dependencies,
            reader.offset(entry.dump_id),
        );
        show("tag", &entry.tag);
        show("namespace", &entry.namespace);
        show("owner", &entry.owner);
        show("tablespace", &entry.tablespace);
        show("table_am", &entry.table_am);
        show("definition", &entry.definition);
        show("drop", &entry.drop);
        show("copy", &entry.copy);
    }
    println!();
    while let Some(block) = reader.next_block()? {
        match block {
            Block::Data(mut block) => {
                let bytes = io::copy(&mut block, &mut io::sink())?;
                println!("block of {}: {bytes} bytes", block.dump_id());
            }
            Block::LargeObjects(mut block) => {
                let dump_id = block.dump_id();
                while let Some(mut object) = block.next_object()? {
                    let bytes = io::copy(&mut object, &mut io::sink())?;
                    println!(
                        "block of {dump_id}: large object {}: {bytes} bytes",
                        object.oid()
                    );
                }
            }
        }
    }
    Ok(())
}

/// Prints a text field unless it is NULL.
fn show(name: &str, text: &Option<BString>) {
    if let Some(text) = text {
        println!("  {name}: {text:?}");
    }
}
