//! What dumps that were killed have left.

use super::*;
use crate::output::Hold;

/// What a dump that was killed leaves goes with its folder, what somebody is at or what is another's keeps it.
#[test]
fn folders_of_dumps_that_were_killed_go_and_those_of_the_living_stay() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let part = |day: &str, name: &str| {
        fs::create_dir_all(at(day)).unwrap();
        let path = at(day).join(format!(".{name}.pgdumprs-AAAAAA.partial"));
        fs::write(&path, "left").unwrap();
        path
    };
    let list = |day: &str| at(day).join("incomplete.json");
    for day in 1..=5 {
        make_server(&at(&format!("2026-11-{day:02}")), "incomplete.json");
    }
    for name in [
        "shop.dump",
        "globals.sql",
        "incomplete.json",
        "manifest.json",
    ] {
        part("2026-11-01", name);
    }
    fs::write(Hold::path(&list("2026-11-01")), "").unwrap();
    let held = part("2026-11-02", "shop.dump");
    part("2026-11-03", "other.dump");
    fs::write(at("2026-11-05/shop.dump"), "").unwrap();
    // The list of its files was not there yet.
    part("2026-11-06", "incomplete.json");
    fs::create_dir(at("2026-11-07")).unwrap();
    fs::write(Hold::path(&list("2026-11-07")), "").unwrap();
    part("2026-11-08", "shop.dump");
    part("2026-11-09", "incomplete.json");
    make_server(&at("2026-11-20"), "manifest.json");
    for day in 1..=8 {
        settle(&at(&format!("2026-11-{day:02}")));
    }
    let held = File::options().write(true).open(held).unwrap();
    assert!(crate::output::lock(&held).unwrap());
    let hold = Hold::of(&list("2026-11-04")).unwrap().unwrap();
    settle(&at("2026-11-04"));
    let run = || {
        let prune = prune(&at("%F"), Retention::default().last(1));
        prune.run_blocking().unwrap()
    };
    let report = run();
    assert_eq!(report.failed().count(), 0, "{report:?}");
    let left = |report: &PruneReport| -> Vec<String> {
        let days = names(folder.path()).into_iter();
        let is_kept = |left: &LeftAlone| left.name.ends_with("08") || left.name.ends_with("03");
        assert!(report.left.iter().all(is_kept), "{:?}", report.left);
        days.filter(|name| !name.contains('/')).collect()
    };
    let stay = ["02", "03", "04", "08", "09", "20"].map(|day| format!("2026-11-{day}"));
    assert_eq!(left(&report), stay);
    assert_eq!(
        names(&at("2026-11-03")),
        set(&[".other.dump.pgdumprs-AAAAAA.partial"])
    );
    drop((held, hold));
    let stay = ["03", "08", "09", "20"].map(|day| format!("2026-11-{day}"));
    assert_eq!(left(&run()), stay);

    // Somebody takes it over between the look and the removal.
    make_server(&at("2026-11-01"), "incomplete.json");
    settle(&at("2026-11-01"));
    let template = BackupTemplate::new(at("%F").to_str().unwrap()).unwrap();
    let disk = Disk::new(&template, now(), Key::default());
    let found = look_at_all(&disk, disk.find().unwrap());
    let found = found.into_iter().filter_map(Result::ok);
    let found = found.min_by_key(|one| one.candidate.moment).unwrap();
    let _hold = Hold::of(&list("2026-11-01")).unwrap().unwrap();
    assert!(disk.remove(&found).unwrap_err().contains("being written"));
    assert!(list("2026-11-01").exists() && at("2026-11-01/shop.dump").exists());
}

#[test]
fn folders_of_archives_whose_dump_was_killed_go_too() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let toc = |day: &str| at(day).join("toc.dat");
    // As a dump leaves it, with something else in it, and while it is being written.
    for day in ["2026-11-01", "2026-11-02", "2026-11-03"] {
        make_directory(&at(day));
        fs::rename(toc(day), at(day).join("toc.dat.partial")).unwrap();
        fs::write(at(day).join("blob_7.dat.zst"), "left").unwrap();
        fs::write(Hold::path(&toc(day)), "").unwrap();
    }
    fs::write(at("2026-11-02/note.txt"), "mine").unwrap();
    make_directory(&at("2026-11-20"));
    // One that is whole has lost its lock and not the file.
    make_directory(&at("2026-11-04"));
    fs::write(Hold::path(&toc("2026-11-04")), "").unwrap();
    for day in 1..=4 {
        settle(&at(&format!("2026-11-{day:02}")));
    }
    let hold = Hold::of(&toc("2026-11-03")).unwrap().unwrap();
    let prune = || prune(&at("%F"), Retention::default().last(1));
    let report = prune().run_blocking().unwrap();
    assert_eq!((report.removed().count(), report.failed().count()), (2, 0));
    assert!(report.left[0].name.ends_with("02"), "{:?}", report.left);
    drop(hold);
    assert_eq!(prune().run_blocking().unwrap().removed().count(), 1);
    assert_eq!(names(&at("2026-11-02")).len(), 5);
    assert!(
        ["01", "03", "04"]
            .iter()
            .all(|day| !at(&format!("2026-11-{day}")).exists())
    );
}
