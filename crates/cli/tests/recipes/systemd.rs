//! `systemd.md`: the command of the service, as systemd reads it.

use std::fs;

use crate::shop::{Shop, blocks, fails, names, succeeds};

/// The value of a setting in a unit, which stands there once.
fn setting<'a>(unit: &'a str, name: &str) -> &'a str {
    let mut values = unit
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let value = values.next().unwrap();
    assert_eq!(values.next(), None, "{name}");
    value
}

#[test]
fn the_services_command_keeps_fourteen_days() {
    let texts = blocks("docs/recipes/systemd.md", &["ini", "ini"]);
    let (service, timer) = (&texts[0], &texts[1]);
    assert_eq!(setting(service, "Type"), "oneshot");
    assert_eq!(setting(timer, "WantedBy"), "timers.target");

    let command = setting(service, "ExecStart");
    // What stands for something else in a unit: percent signs, dollars, quotes and backslashes.
    let plain = command.replace("%%", "");
    assert!(!plain.contains(['%', '$', '"', '\'', '\\']), "{command}");
    let shop = Shop::open();
    let folder = shop.path("backups");
    fs::create_dir(&folder).unwrap();
    let state = format!("/var/lib/{}", setting(service, "StateDirectory"));
    let server = shop.database.server();
    let command = command
        .replace("%%", "%")
        .replace("/usr/bin/pgdumprs", "exec pgdumprs")
        .replace(&state, &folder.display().to_string())
        .replace("db.example.com", &server.socket_dir().display().to_string())
        .replace("-U backup", "-U postgres")
        .replace("-d shop", &format!("-d {}", shop.database.name()));

    succeeds(&mut shop.shell("pgdumprs -f old.dump"));
    for day in 1..=20 {
        let old = folder.join(format!("shop-2020-01-{day:02}.dump"));
        fs::copy(shop.path("old.dump"), old).unwrap();
    }
    let before = names(&folder);
    fails(shop.shell(&command).env("PGPORT", "1"));
    assert_eq!(names(&folder), before);
    succeeds(&mut shop.shell(&command));
    let kept = names(&folder);
    assert_eq!(kept.len(), 14);
    assert_eq!(kept[0], "shop-2020-01-08.dump");
    shop.assert_is_archived_in(&folder.join(&kept[13]));
}
