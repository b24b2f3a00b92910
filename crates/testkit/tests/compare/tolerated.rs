//! A database that no archive brings back whole: stock's archive of it says what ours need not bring back either.

use std::path::PathBuf;

use pgdumprs_testkit::Major;
use pgdumprs_testkit::compare::{Comparison, Rule, Tolerated, compare_tolerated};

use crate::sample::{Parts, Sample, assert_says, restate, rules};

/// A sequence called like a type, which is restored first; and names that hold what could be taken for a separator.
const NOT_TO_BE_RESTORED: &str = "
    CREATE SEQUENCE clash;
    CREATE TYPE clash AS ENUM ('x');
    CREATE SCHEMA \"1\u{1}\n\";
    CREATE TABLE \"1\u{1}\n\".a (x int);
    CREATE TABLE \"1\u{1}\n\".b (y text);
    CREATE TABLE t (a int, b text NOT NULL);
    CREATE VIEW v AS SELECT a FROM t;
";

/// An archive of that with something changed.
struct Altered<'a> {
    sample: &'a Sample,
    path: PathBuf,
}

impl Altered<'_> {
    fn of<'a>(sample: &'a Sample, name: &str, alter: impl FnOnce(&mut Parts)) -> Altered<'a> {
        let mut parts = Parts::read(&sample.stock);
        alter(&mut parts);
        let path = sample.folder.path().join(name);
        parts.write(&path);
        Altered { sample, path }
    }

    /// Takes it for ours, and another for stock's.
    fn as_ours(&self, stock: &Altered) -> (Comparison, Tolerated) {
        compare_tolerated(&self.sample.database, &stock.path, &self.path).unwrap()
    }
}

#[test]
fn ours_need_not_bring_back_what_stocks_does_not() {
    let sample = Sample::on(Major::REFERENCE, NOT_TO_BE_RESTORED);
    let stock = Altered::of(&sample, "stock.copy", |_| ());
    let (comparison, tolerated) = stock.as_ours(&stock);
    comparison.assert_same();
    assert_eq!(tolerated.restored, tolerated.relations - 1);
    assert!(tolerated.failed[0].contains("type \"clash\" already exists"));

    // Another column, no table, and an entry that fails for what it lacks: stock's archive does better.
    let other = Altered::of(&sample, "other", |parts| {
        restate(parts.entry("TABLE", "t"), "b text NOT NULL", "b text");
    });
    let without = Altered::of(&sample, "without", |parts| {
        let position = parts.position("TABLE", "b");
        parts.entries.remove(position);
        let position = parts.position("TABLE DATA", "b");
        parts.entries.remove(position);
    });
    let lacking = Altered::of(&sample, "lacking", |parts| {
        restate(parts.entry("VIEW", "v"), "FROM public.t", "FROM public.s");
    });
    for (ours, said) in [
        (&other, "b text NOT NULL"),
        (&without, "ours: missing"),
        (&lacking, "relation \"public.s\" does not exist"),
    ] {
        let (comparison, _) = ours.as_ours(&stock);
        assert_eq!(rules(&comparison), [Rule::F5], "{comparison}");
        assert_says(&comparison, Rule::F5, said);
        // Stock's archive says so itself: it is no fault of ours. And ours may do better.
        ours.as_ours(ours).0.assert_same();
        stock.as_ours(ours).0.assert_same();
    }
}

#[test]
fn words_that_the_server_refuses_are_ours_whoever_wrote_them_first() {
    let sample = Sample::on(Major::REFERENCE, NOT_TO_BE_RESTORED);
    let refused = Altered::of(&sample, "refused", |parts| {
        restate(parts.entry("TABLE", "t"), "NOT NULL", "NOT NIL");
    });
    let (comparison, _) = refused.as_ours(&refused);
    assert_says(&comparison, Rule::F5, "syntax error at or near \"NIL\"");
    assert_eq!(comparison.differences(Rule::F5).len(), 1, "{comparison}");
}
