//! `docs/archives.md`.

use crate::shop::{Shop, blocks, commands, succeeds};

#[test]
fn archives_are_looked_into_as_the_page_says() {
    let texts = blocks(
        "docs/archives.md",
        &["console", "text", "text", "console", "text", "console"],
    );
    let shop = Shop::open();
    shop.database.execute_sql(
        "CREATE SCHEMA shop;
         CREATE TABLE shop.item AS SELECT g AS id, md5(g::text) AS name FROM generate_series(1, 1000) g;
         GRANT SELECT ON shop.item TO PUBLIC;
         SELECT lo_from_bytea(70002, convert_to(repeat('large ', 1000), 'UTF8'));",
    );
    succeeds(&mut shop.shell("pg_dump -Fc -f shop.dump"));
    let target = shop.database.empty_sibling().unwrap();
    let run = |block: &str| {
        let commands = commands(block).into_iter();
        let printed = commands.map(|line| {
            let mut command = shop.shell(&format!("set -o pipefail; {line}"));
            succeeds(command.env("TARGET", target.url()))
        });
        printed.collect::<String>()
    };
    // The page shows the same lines, of another database.
    let first_words = |text: &str| -> Vec<String> {
        let lines = text.lines().filter_map(|line| line.split("  ").next());
        let words = lines.filter_map(|line| line.split(' ').next());
        words.map(str::to_owned).collect()
    };
    assert_eq!(first_words(&run(&texts[0])), first_words(&texts[1]));
    let sizes = succeeds(&mut shop.shell("pgdumprs list --sizes shop.dump"));
    let columns = |text: &str| {
        text.lines()
            .next()
            .unwrap()
            .split_whitespace()
            .collect::<String>()
    };
    assert_eq!(columns(&sizes), columns(&texts[4]));

    let items = || target.psql("SELECT count(*), count(DISTINCT name) FROM shop.item");
    run(&texts[3]);
    assert_eq!(items(), "1000|1000");
    let granted = target.psql("SELECT has_table_privilege('public', 'shop.item', 'SELECT')");
    assert_eq!(granted, "f", "the list leaves privileges out");
    run(&texts[5]);
    assert_eq!(items(), "2000|1000");
}
