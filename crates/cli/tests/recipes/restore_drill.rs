//! `restore-drill.md`, with good backups and bad ones.

use std::fs;

use crate::shop::{Shop, blocks, fails, succeeds};

#[test]
fn drills_find_bad_backups() {
    let shop = Shop::open();
    let texts = blocks("docs/recipes/restore-drill.md", &["sh", "sql", "sh", "sh"]);
    succeeds(&mut shop.shell("pgdumprs -f shop.dump"));
    fs::write(shop.path("shop.sql"), &texts[1]).unwrap();
    let said = succeeds(&mut shop.shell(&texts[0]));
    assert!(said.contains("everything holds"), "{said}");

    succeeds(&mut shop.shell(&texts[2]));
    assert_eq!(
        shop.database
            .psql("SELECT count(*) FROM (TABLE orders EXCEPT TABLE orders_of_yesterday) missing")
            .trim(),
        "0"
    );
    assert_eq!(
        shop.database
            .psql("SELECT count(*) FROM orders_of_yesterday")
            .trim(),
        "2000"
    );

    let part = shop.database.empty_sibling().unwrap();
    succeeds(&mut shop.shell(&texts[3].replace("-d part", &format!("-d {}", part.name()))));
    assert_eq!(part.psql("SELECT count(*) FROM audit").trim(), "0");
    assert_eq!(part.psql("SELECT count(*) FROM orders").trim(), "2000");

    // An old backup, a damaged one, a truncated one.
    shop.database
        .execute_sql("UPDATE orders SET placed_at = placed_at - interval '3 days'");
    succeeds(&mut shop.shell("pgdumprs -f shop.dump"));
    fails(&mut shop.shell(&texts[0]));
    let archive = shop.path("shop.dump");
    let sound = fs::read(&archive).unwrap();
    fs::write(&archive, &sound[..sound.len() - 100]).unwrap();
    fails(&mut shop.shell(&texts[0]));
    let mut damaged = sound;
    let middle = damaged.len() - 5000;
    damaged[middle] ^= 0xff;
    fs::write(&archive, damaged).unwrap();
    let said = fails(&mut shop.shell(&texts[0]));
    assert!(said.contains("is damaged"), "{said}");
}
