//! The examples in `docs/cli.md`, with which the man page ends too.

use std::fs;

use crate::shop::{Shop, page, succeeds};

#[test]
fn examples_work() {
    let shop = Shop::open();
    let page = page("docs/cli.md");
    let section = page.split("\n## Examples\n").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let examples: Vec<_> = section
        .lines()
        .filter_map(|line| Some(line.strip_suffix('`')?.rsplit_once('`')?.1))
        .collect();
    assert_eq!(examples.len(), section.trim().lines().count(), "{section}");
    shop.database
        .execute_sql("CREATE SCHEMA app; CREATE TABLE app.log_1 (); CREATE TABLE app.kept ();");
    let target = shop.database.empty_sibling().unwrap();
    for folder in [
        ".local/share/man/man1",
        ".local/share/bash-completion/completions",
    ] {
        fs::create_dir_all(shop.path(folder)).unwrap();
    }
    for example in examples {
        let own = example.replace(" shop ", &format!(" {} ", shop.database.name()));
        let mut command = shop.shell(&own);
        command
            .env("DATABASE_URL", shop.database.url())
            .env("TARGET_URL", target.url());
        succeeds(&mut command);
    }
    assert_eq!(target.psql("SELECT count(*) FROM orders").trim(), "2000");
    let listed = succeeds(&mut shop.shell("pgdumprs list app.dump"));
    assert!(
        listed.contains("app kept") && !listed.contains("log_1"),
        "{listed}"
    );
}
