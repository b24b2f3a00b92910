//! `cron.md`: the line in the crontab, the script it calls, the password file.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::shop::{Shop, blocks, fails, names, run};

#[test]
fn a_good_night_and_a_bad_one() {
    let shop = Shop::open();
    let texts = blocks("docs/recipes/cron.md", &["sh", "cron", "text"]);
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
        .replace(
            "/usr/local/bin/nightly-backup",
            &shop.path("bin/nightly-backup").display().to_string(),
        )
        .replace("-U backup", &format!("-U {role}"))
        .replace("-d shop", &format!("-d {}", shop.database.name()))
        .replace(
            "db.example.com:5432:shop:backup",
            &format!("{socket}:*:*:{role}"),
        )
        .replace("db.example.com", &socket)
    };
    shop.program("nightly-backup", &own(&texts[0]));
    let pgpass = shop.path("pgpass");
    fs::write(&pgpass, own(&texts[2])).unwrap();
    fs::set_permissions(&pgpass, fs::Permissions::from_mode(0o600)).unwrap();
    // Minute, hour, day, month, weekday, user; cron gives the rest to sh.
    let fields: Vec<_> = texts[1].trim().splitn(7, ' ').collect();
    assert_eq!(fields[5], "backup");
    assert!(!fields[6].contains('%'), "cron would cut it there");
    let line = own(fields[6]);

    let folder = shop.path("backups");
    fs::create_dir(&folder).unwrap();
    for day in 1..=20 {
        fs::write(folder.join(format!("shop-2020-01-{day:02}.dump")), "old").unwrap();
    }
    let night = |line: &str| {
        let mut command = shop.shell(&format!("exec sh -c '{line}'"));
        command
            .env("PGPORT", server.port().to_string())
            .env_remove("PGUSER");
        command
    };
    let before = names(&folder);
    fails(night(&line).env("PGPORT", "1"));
    assert_eq!(names(&folder), [vec![".lock".to_owned()], before].concat());

    let output = run(&mut night(&line));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && output.stdout.is_empty(),
        "{said}"
    );
    assert!(said.is_empty(), "a mail for every good night: {said}");
    let kept = names(&folder);
    // The lock, thirteen of the old ones, today's.
    assert_eq!(kept.len(), 15);
    assert_eq!(kept[1], "shop-2020-01-08.dump");
    let today = folder.join(&kept[14]);
    shop.assert_is_archived_in(&today);
    assert_eq!(
        fs::metadata(&today).unwrap().permissions().mode() & 0o777,
        0o600
    );

    let lock = folder.join(".lock");
    let said = fails(&mut shop.shell(&format!(
        "exec 8> '{}'; flock 8; sh -c '{line}'",
        lock.display()
    )));
    assert!(said.contains("still running"), "{said}");
}
