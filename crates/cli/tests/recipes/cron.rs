//! `cron.md`: the line in the crontab, and the password file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::shop::{Shop, blocks, fails, names, run, succeeds};

#[test]
fn a_good_night_and_a_bad_one() {
    let shop = Shop::open();
    let texts = blocks("docs/recipes/cron.md", &["cron", "text"]);
    let server = shop.database.server();
    let role = server.role("LOGIN PASSWORD 'the password' IN ROLE pg_read_all_data");
    let socket = server.socket_dir().display().to_string();
    // What a reader would write for himself.
    let own = |text: &str| {
        text.replace(
            "/var/backups/shop",
            &shop.path("backups").display().to_string(),
        )
        .replace(
            "/etc/pgdumprs/pgpass",
            &shop.path("pgpass").display().to_string(),
        )
        .replace("-U backup", &format!("-U {role}"))
        .replace("-d shop", &format!("-d {}", shop.database.name()))
        .replace(
            "db.example.com:5432:shop:backup",
            &format!("{socket}:*:*:{role}"),
        )
        .replace("db.example.com", &socket)
    };
    let pgpass = shop.path("pgpass");
    fs::write(&pgpass, own(&texts[1])).unwrap();
    fs::set_permissions(&pgpass, fs::Permissions::from_mode(0o600)).unwrap();
    // Minute, hour, day, month, weekday, user; cron gives the rest to sh.
    let fields: Vec<_> = texts[0].trim().splitn(7, ' ').collect();
    assert_eq!(fields[5], "backup");
    let line = fields[6].replace("\\%", "");
    assert!(!line.contains('%'), "cron would cut it there");
    let line = own(&fields[6].replace("\\%", "%"));

    let folder = shop.path("backups");
    fs::create_dir(&folder).unwrap();
    let old = shop.path("old.dump");
    succeeds(&mut shop.shell("pgdumprs -f old.dump"));
    for day in 1..=20 {
        fs::copy(&old, folder.join(format!("shop-2020-01-{day:02}.dump"))).unwrap();
    }
    let night = |line: &str| {
        let mut command = shop.shell("exec sh -c \"$LINE\"");
        command
            .env("LINE", line)
            .env("PGPORT", server.port().to_string())
            .env_remove("PGUSER");
        command
    };
    let before = names(&folder);
    fails(night(&line).env("PGPORT", "1"));
    assert_eq!(names(&folder), before);

    let output = run(&mut night(&line));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    assert!(said.is_empty(), "a mail for every good night: {said}");
    let kept = names(&folder);
    // Thirteen of the old ones, today's.
    assert_eq!(kept.len(), 14);
    assert_eq!(kept[0], "shop-2020-01-08.dump");
    let today = folder.join(&kept[13]);
    shop.assert_is_archived_in(&today);
    assert_eq!(
        fs::metadata(&today).unwrap().permissions().mode() & 0o777,
        0o600
    );
}
