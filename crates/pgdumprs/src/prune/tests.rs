//! Removal of backups on disk. Archives are made once for a test and copied.

mod killed;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Cursor;
use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;
use pgdumprs_archive::{
    ArchiveVersion, Compression, CreationTime, Entry, Header, NewFolder, Section, Writer,
};
use pgdumprs_keep::TemplateError;

use super::*;
use crate::server_backup::manifest::{Manifest, ManifestDatabase, ManifestFile, ManifestPiece};

fn header() -> Header {
    Header {
        version: ArchiveVersion::V1_14,
        compression: Compression::None,
        created: CreationTime::default(),
        database: Some("shop".into()),
        server_version: None,
        dumper_version: None,
    }
}

fn entry() -> Entry {
    Entry {
        dump_id: 1,
        had_dumper: true,
        tag: Some("item".into()),
        descriptor: "TABLE DATA".into(),
        section: Section::Data,
        copy: Some("COPY public.item (id) FROM stdin;\n".into()),
        ..Entry::default()
    }
}

fn archive() -> Vec<u8> {
    let output = Cursor::new(Vec::new());
    let mut writer = Writer::seekable(output, &header(), &[entry()]).unwrap();
    writer.begin_data(1).unwrap();
    writer.write(b"1\n\\.\n\n\n").unwrap();
    writer.end().unwrap();
    writer.finish().unwrap().into_inner()
}

/// An archive in the directory format.
fn make_directory(path: &Path) {
    let folder = NewFolder::create(path).unwrap();
    let mut writer = Writer::directory(&folder.files(), &header(), &[entry()]).unwrap();
    writer.begin_data(1).unwrap();
    writer.write(b"1\n\\.\n\n\n").unwrap();
    writer.end().unwrap();
    writer.finish().unwrap();
    folder.commit().unwrap();
}

/// The dump of a server with one database.
fn make_server(path: &Path, list: &str) {
    fs::create_dir_all(path).unwrap();
    let file = |name: &str, bytes: &[u8]| {
        fs::write(path.join(name), bytes).unwrap();
        let piece = ManifestPiece {
            size: bytes.len() as u64,
            sha256: "0".repeat(64),
        };
        ManifestFile::new(name, vec![piece])
    };
    let manifest = Manifest {
        manifest: 1,
        pgdumprs: String::new(),
        server_version: "17.5".into(),
        bootstrap_superuser: None,
        started: String::new(),
        finished: String::new(),
        complete: list == "manifest.json",
        globals: file("globals.sql", b"-- roles\n"),
        databases: vec![ManifestDatabase {
            database: "shop".into(),
            archive: Some(file("shop.dump", &archive())),
            server_version: String::new(),
            tables: 1,
            rows: 1,
            large_objects: 0,
            started: String::new(),
            finished: String::new(),
            error: None,
        }],
        skipped: Vec::new(),
        run: String::new(),
        begun: Vec::new(),
    };
    fs::write(path.join(list), serde_json::to_vec(&manifest).unwrap()).unwrap();
}

/// The evening of the 29th of November 2026, here.
fn now() -> SystemTime {
    let evening = date(2026, 11, 29).at(20, 0, 0, 0);
    Timestamp::into(evening.to_zoned(TimeZone::system()).unwrap().timestamp())
}

/// Makes it look as if nobody had written to it for days, or to the files in it.
fn settle(path: &Path) {
    if path.is_dir() {
        let files = fs::read_dir(path).unwrap();
        return files.for_each(|file| settle(&file.unwrap().path()));
    }
    write_at(path, now() - Duration::from_secs(3 * 86_400));
}

/// Makes it look as if it had been written to last then.
fn write_at(path: &Path, time: SystemTime) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(time).unwrap();
}

fn prune(template: &Path, retention: Retention) -> Prune {
    Prune::new(
        BackupTemplate::new(template.to_str().unwrap()).unwrap(),
        retention,
    )
    .now(now())
}

/// What is in a folder and below, by relative names.
fn names(folder: &Path) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for found in fs::read_dir(folder).unwrap() {
        let found = found.unwrap();
        let name = found.file_name().into_string().unwrap();
        if found.file_type().unwrap().is_dir() {
            let below = names(&found.path());
            all.extend(below.into_iter().map(|below| format!("{name}/{below}")));
        }
        all.insert(name);
    }
    all
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn of_many_nights_those_are_kept_that_rules_keep_and_nothing_else_is_touched() {
    let folder = tempfile::tempdir().unwrap();
    let sound = archive();
    let put = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    for day in 1..=29 {
        put(&format!("shop-2026-11-{day:02}.dump"), &sound);
    }
    let others = [
        "shop-eu-2026-11-01.dump",
        "shop-2026-11-01.dump.age",
        "shop-2026-11-31.dump",
        "2026-11-01.dump",
        ".shop-eu-2026-11-01.dump.pgdumprs-AAAAAA.partial",
        ".shop-2026-11-02.dump.pgdumprs-AAAAAA.partial",
        ".shop-2026-11-29.dump.pgdumprs-AAAAAA.partial",
        ".shop-2026-11-03.dump.pgdumprs-AAAAAA.partial",
    ];
    for name in others {
        put(name, &sound);
        settle(&folder.path().join(name));
    }
    // One is still being written, another was an hour ago, and one is left by a process that was killed.
    let at = |name: &str| folder.path().join(name);
    let living = at(".shop-2026-11-02.dump.pgdumprs-AAAAAA.partial");
    let living = File::options().write(true).open(living).unwrap();
    assert!(crate::output::lock(&living).unwrap());
    let hour = now() - Duration::from_secs(3600);
    write_at(&at(".shop-2026-11-03.dump.pgdumprs-AAAAAA.partial"), hour);
    let dead = ".shop-2026-11-01.dump.pgdumprs-AAAAAA.partial";
    put(dead, b"");
    settle(&at(dead));
    put("shop-2026-10-01.dump", b"no archive at all");
    put("shop-2026-10-02.dump", &sound[..sound.len() - 3]);
    settle(&folder.path().join("shop-2026-10-02.dump"));
    put("shop-2026-10-03.dump", &sound[..sound.len() - 3]);
    // While it was looked at.
    let ahead = now() + Duration::from_secs(5);
    write_at(&folder.path().join("shop-2026-10-03.dump"), ahead);
    fs::create_dir(folder.path().join("shop-2026-10-04.dump")).unwrap();
    put("shop-2027-01-01.dump", &sound);
    let before = names(folder.path());

    let template = folder.path().join("shop-%Y-%m-%d.dump");
    let run = || prune(&template, Retention::default().daily(2).weekly(3));
    let planned = run().dry_run(true).run_blocking().unwrap();
    assert_eq!(names(folder.path()), before, "a dry run touches nothing");
    let report = run().run_blocking().unwrap();
    let fates = |report: &PruneReport| -> Vec<_> {
        report
            .backups
            .iter()
            .map(|one| (one.name.clone(), one.fate.clone()))
            .collect()
    };
    assert_eq!(fates(&report), fates(&planned));
    assert_eq!(report.unfinished, [at(dead).display().to_string()]);
    assert_eq!(report.unfinished, planned.unfinished);
    assert_eq!((report.removed().count(), report.failed().count()), (26, 0));
    let mut kept: BTreeSet<String> = others.iter().map(|name| (*name).to_owned()).collect();
    kept.extend(set(&[
        "shop-2026-11-15.dump",
        "shop-2026-11-22.dump",
        "shop-2026-11-28.dump",
        "shop-2026-11-29.dump",
        "shop-2026-10-01.dump",
        "shop-2026-10-03.dump",
        "shop-2026-10-04.dump",
        "shop-2027-01-01.dump",
    ]));
    assert_eq!(names(folder.path()), kept);
    let left: Vec<_> = report
        .left
        .iter()
        .map(|left| left.reason.as_str())
        .collect();
    assert!(left[0].contains("it is no archive"), "{left:?}");
    assert!(left[1].contains("manifest.json"), "{left:?}");
    let again = run().run_blocking().unwrap();
    assert_eq!(again.removed().count(), 0);
}

#[test]
fn the_last_good_one_is_kept_whatever_came_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let sound = archive();
    let put = |day: u32, bytes: &[u8]| {
        let path = folder.path().join(format!("{day:03}-2026.age"));
        fs::write(&path, bytes).unwrap();
        settle(&path);
    };
    put(101, &sound);
    put(102, &sound);
    for day in 103..110 {
        put(day, &sound[..sound.len() - 1]);
    }
    let head = b"age-encryption.org/v1\n-> X25519 a\nb\n--- c\n";
    put(100, &[&head[..], &[0; 100]].concat());
    put(99, &[&head[..], &[0; 20]].concat());
    let report = prune(
        &folder.path().join("%j-%Y.age"),
        Retention::default().last(1),
    )
    .run_blocking()
    .unwrap();
    assert_eq!(report.removed().count(), 3);
    let left = names(folder.path());
    assert!(left.contains("102-2026.age") && left.len() == 8, "{left:?}");
}

#[test]
fn folders_lose_what_belongs_to_a_backup_and_go_if_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (month, day) in [(9, 1), (10, 1), (10, 2), (11, 1), (11, 2), (11, 3)] {
        make_server(
            &at(&format!("2026/{month:02}/night-{day:02}")),
            "manifest.json",
        );
    }
    make_server(&at("2026/10/night-03"), "incomplete.json");
    make_directory(&at("2026/10/night-04"));
    fs::write(at("2026/10/night-04/note.txt"), "mine").unwrap();
    // A file that a manifest names is not whole, another is missing.
    fs::write(at("2026/11/night-03/shop.dump"), "short").unwrap();
    fs::remove_file(at("2026/11/night-02/globals.sql")).unwrap();
    for path in ["2026/10/night-03", "2026/11/night-03", "2026/11/night-02"] {
        settle(&at(path));
    }
    let template = at("%Y/%m/night-%d/");
    let report = prune(&template, Retention::default().last(1))
        .run_blocking()
        .unwrap();
    assert_eq!(report.failed().count(), 0);
    assert_eq!(report.removed().count(), 5);
    assert_eq!(
        names(folder.path()),
        set(&[
            "2026",
            "2026/10",
            "2026/10/night-04",
            "2026/10/night-04/note.txt",
            "2026/11",
            "2026/11/night-01",
            "2026/11/night-01/globals.sql",
            "2026/11/night-01/manifest.json",
            "2026/11/night-01/shop.dump",
            "2026/11/night-02",
            "2026/11/night-02/manifest.json",
            "2026/11/night-02/shop.dump",
            "2026/11/night-03",
            "2026/11/night-03/globals.sql",
            "2026/11/night-03/manifest.json",
            "2026/11/night-03/shop.dump",
        ])
    );
    let problems: Vec<_> = report
        .backups
        .iter()
        .filter_map(|one| one.problem.as_deref())
        .collect();
    assert_eq!(problems.len(), 3, "{problems:?}");
    assert!(
        problems[1].contains("globals.sql is missing") && problems[2].contains("has 5 bytes"),
        "{problems:?}"
    );
}

#[test]
fn what_a_killed_removal_leaves_looks_whole_to_nobody_and_goes_the_next_time() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    make_directory(&at("2026-11-01"));
    fs::rename(
        at("2026-11-01/toc.dat"),
        at("2026-11-01/toc.dat.incomplete"),
    )
    .unwrap();
    settle(&at("2026-11-01"));
    make_server(&at("2026-11-02"), "manifest.json");
    fs::rename(
        at("2026-11-02/manifest.json"),
        at("2026-11-02/incomplete.json"),
    )
    .unwrap();
    fs::remove_file(at("2026-11-02/shop.dump")).unwrap();
    settle(&at("2026-11-02"));
    make_directory(&at("2026-11-03"));
    assert!(pgdumprs_archive::Reader::open_path(at("2026-11-01")).is_err());
    let report = prune(&at("%F"), Retention::default().daily(5))
        .run_blocking()
        .unwrap();
    assert_eq!(report.removed().count(), 2, "{report:?}");
    assert_eq!(
        names(folder.path())
            .into_iter()
            .filter(|name| !name.contains('/'))
            .collect::<Vec<_>>(),
        ["2026-11-03"]
    );
}

#[test]
fn manifests_that_name_other_peoples_files_are_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for day in ["2026-11-01", "2026-11-02", "2026-11-03"] {
        make_server(&at(day), "manifest.json");
    }
    for (day, name) in [
        ("2026-11-01", "../2026-11-03/shop.dump"),
        ("2026-11-02", "/etc/passwd"),
    ] {
        let path = at(day).join("manifest.json");
        let text = fs::read_to_string(&path)
            .unwrap()
            .replace("shop.dump", name);
        fs::write(path, text).unwrap();
    }
    let report = prune(&at("%F"), Retention::default().last(1))
        .run_blocking()
        .unwrap();
    assert_eq!(
        (report.left.len(), report.removed().count()),
        (2, 0),
        "{report:?}"
    );
    assert!(at("2026-11-01/shop.dump").exists());
}

#[test]
fn a_night_without_a_database_counts_for_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for day in ["2026-11-01", "2026-11-02"] {
        make_server(&at(day), "manifest.json");
    }
    let path = at("2026-11-02/manifest.json");
    let mut manifest = Manifest::parse(&fs::read(&path).unwrap()).unwrap();
    manifest.databases.clear();
    fs::write(path, manifest.to_text()).unwrap();
    let report = prune(&at("%F"), Retention::default().last(1))
        .run_blocking()
        .unwrap();
    assert_eq!(report.removed().count(), 0, "{report:?}");
    assert!(at("2026-11-01/shop.dump").exists());
}

#[test]
fn what_changes_between_the_look_and_the_removal_stays() {
    let folder = tempfile::tempdir().unwrap();
    let put = |day: u32, bytes: &[u8]| {
        fs::write(folder.path().join(format!("2026-11-{day:02}")), bytes).unwrap()
    };
    for day in 1..=4 {
        put(day, &archive());
    }
    make_server(&folder.path().join("2026-10-01"), "manifest.json");
    let template = BackupTemplate::new(folder.path().join("%F").to_str().unwrap()).unwrap();
    let disk = Disk::new(&template, now(), Key::default());
    let found: Vec<_> = look_at_all(&disk, disk.find().unwrap())
        .into_iter()
        .map(|found| found.ok().unwrap())
        .collect();
    put(1, &[archive(), vec![0]].concat());
    settle(&folder.path().join("2026-11-02"));
    fs::remove_file(folder.path().join("2026-11-03")).unwrap();
    make_server(&folder.path().join("2026-10-01"), "manifest.json");
    settle(&folder.path().join("2026-10-01/manifest.json"));
    for found in &found {
        let removed = disk.remove(found);
        match found.candidate.name.rsplit('-').next() {
            Some("03" | "04") => removed.unwrap(),
            _ => assert!(
                removed.unwrap_err().contains("changed"),
                "{}",
                found.candidate.name
            ),
        }
    }
    assert!(names(folder.path()).is_superset(&set(&[
        "2026-11-01",
        "2026-11-02",
        "2026-10-01/shop.dump"
    ])));
}

#[test]
fn what_was_just_written_is_kept_and_rules_are_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("%F");
    let yesterday = now() - Duration::from_secs(86_400);
    for name in ["2026-11-28", "2026-11-29"] {
        fs::write(folder.path().join(name), archive()).unwrap();
    }
    let kept = prune(&template, Retention::default().last(1))
        .written(yesterday)
        .run_blocking()
        .unwrap();
    assert_eq!(
        kept.backups[0].fate,
        BackupFate::Kept(vec![KeepReason::Written])
    );
    let error = prune(&template, Retention::default())
        .run_blocking()
        .unwrap_err();
    assert!(matches!(error, PruneError::NoRule));
    let error = prune(&folder.path().join("%d.dump"), Retention::default().last(1))
        .run_blocking()
        .unwrap_err();
    assert!(
        matches!(error, PruneError::Template(TemplateError::NoMoment { .. })),
        "{error}"
    );
    let error = prune(
        &folder.path().join("nowhere/%F"),
        Retention::default().last(1),
    )
    .run_blocking()
    .unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_what_cannot_be_removed_stops_nothing() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir_all(at("backups/2026-10")).unwrap();
    fs::create_dir_all(at("backups/2026-11")).unwrap();
    fs::create_dir_all(at("elsewhere")).unwrap();
    for name in [
        "elsewhere/01",
        "elsewhere/02",
        "backups/2026-10/01",
        "backups/2026-11/01",
        "backups/2026-11/02",
    ] {
        fs::write(at(name), archive()).unwrap();
    }
    symlink(at("elsewhere"), at("backups/2026-09")).unwrap();
    symlink(at("elsewhere/01"), at("backups/2026-11/03")).unwrap();
    // The folder that is named may be a link itself.
    symlink(at("backups"), at("link")).unwrap();
    let locked = fs::Permissions::from_mode(0o555);
    fs::set_permissions(at("backups/2026-10"), locked).unwrap();
    let is_root = fs::write(at("backups/2026-10/probe"), "").is_ok();
    let report = prune(&at("link/%Y-%m/%d"), Retention::default().last(1))
        .run_blocking()
        .unwrap();
    fs::set_permissions(at("backups/2026-10"), fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(report.left.len(), 1, "{report:?}");
    assert!(
        at("elsewhere/01").exists()
            && at("elsewhere/02").exists()
            && at("backups/2026-11/02").exists()
    );
    assert!(
        !at("backups/2026-11/01").exists(),
        "the second is removed although the first was not"
    );
    if !is_root {
        assert!(
            report
                .failed()
                .all(|(_, reason)| reason.contains("could not remove")),
            "{report:?}"
        );
        assert_eq!(report.failed().count(), 1);
        assert!(at("backups/2026-10/01").exists());
    }
}
