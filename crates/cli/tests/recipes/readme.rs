//! `README.md`.

use crate::shop::{Shop, blocks, commands, page, succeeds};

#[test]
fn the_front_pages_commands_work() {
    let texts = blocks(
        "README.md",
        &[
            "console",
            "console",
            "text",
            "text",
            "sh",
            "sh",
            "console",
            "rust,no_run",
        ],
    );
    let shop = Shop::open();
    shop.database
        .execute_sql("CREATE TABLE item AS SELECT g AS id FROM generate_series(1, 3) g");
    let target = shop.database.empty_sibling().unwrap();
    for command in commands(&texts[0]) {
        let mut command = shop.shell(command);
        command
            .env("URL", shop.database.url())
            .env("TARGET", target.url());
        succeeds(&mut command);
    }
    assert_eq!(target.psql("SELECT count(*) FROM orders"), "2000");

    // A night is the recipe's, which has a test of its own.
    let night = blocks("docs/recipes/night.md", &["sh"; 4]);
    assert_eq!(texts[4..6], night[1..3]);

    // Both are what CI does.
    let ci = page(".ci/run");
    for command in commands(&texts[1]) {
        let command = command.split(" #").next().unwrap().trim_end();
        assert!(ci.lines().any(|line| line == command), "{command}");
    }

    succeeds(&mut shop.shell("mv db.dump shop.dump"));
    let said = commands(&texts[6]).into_iter();
    let said: Vec<_> = said
        .map(|line| succeeds(shop.shell(line).env("URL", shop.database.url())))
        .collect();
    let [verified, listed, sizes, rows, changed] = &said[..] else {
        panic!("other commands than this test knows");
    };
    assert!(verified.contains("\"shop.dump\" is sound"), "{verified}");
    assert!(
        listed.contains("TABLE DATA public item postgres"),
        "{listed}"
    );
    assert!(sizes.contains("TABLE DATA public audit "), "{sizes}");
    assert_eq!(rows, "1\n2\n3\n");
    assert_eq!(changed, "");
}
