use std::collections::BTreeSet;

use jiff::SignedDuration;
use jiff::civil::{DateTime, date, datetime};
use proptest::prelude::*;

use super::*;

const NOW: DateTime = datetime(2026, 11, 29, 12, 0, 0, 0);

fn complete(moment: DateTime) -> Backup {
    Backup {
        moment,
        state: State::Complete,
    }
}

/// One a night, at 02:30, of so many days up to now.
fn nights(count: i32) -> Vec<Backup> {
    let first = date(2026, 11, 29).at(2, 30, 0, 0);
    let night = |back: i32| first.saturating_sub(jiff::Span::new().days(back));
    (0..count).rev().map(|back| complete(night(back))).collect()
}

fn kept(retention: &Retention, backups: &[Backup]) -> Vec<String> {
    let verdicts = retention.decide(backups, NOW);
    let kept = verdicts
        .iter()
        .zip(backups)
        .filter_map(|(verdict, backup)| match verdict {
            Verdict::Kept(reasons) => {
                let reasons: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
                Some(format!("{} {}", backup.moment.date(), reasons.join(",")))
            }
            Verdict::Removed => None,
        });
    kept.collect()
}

#[test]
fn a_year_of_nights_is_thinned_out() {
    let retention = Retention::default().daily(3).weekly(2).monthly(3).yearly(2);
    assert_eq!(
        kept(&retention, &nights(400)),
        [
            "2025-12-31 yearly",
            "2026-09-30 monthly",
            "2026-10-31 monthly",
            "2026-11-22 weekly",
            "2026-11-27 daily",
            "2026-11-28 daily",
            "2026-11-29 daily,weekly,monthly,yearly",
        ]
    );
}

#[test]
fn nights_without_a_backup_are_not_counted() {
    let mut backups = nights(30);
    backups.drain(20..29);
    assert_eq!(
        kept(&Retention::default().daily(3), &backups),
        ["2026-11-18 daily", "2026-11-19 daily", "2026-11-29 daily"]
    );
    let within = Retention::default().within("11d".parse().unwrap());
    assert_eq!(
        kept(&within, &backups),
        [
            "2026-11-18 within",
            "2026-11-19 within",
            "2026-11-29 within"
        ]
    );
}

#[test]
fn what_is_not_complete_is_not_counted_and_goes_once_it_is_old() {
    let mut backups = nights(4);
    backups[1].state = State::Incomplete;
    backups[3].state = State::Incomplete;
    let retention = Retention::default().last(2);
    assert_eq!(
        kept(&retention, &backups),
        [
            "2026-11-26 last",
            "2026-11-28 last",
            "2026-11-29 newer than any complete one"
        ]
    );
    backups[1].state = State::Unsettled;
    assert_eq!(kept(&retention, &backups).len(), 4);
    for backup in &mut backups {
        backup.state = State::Incomplete;
    }
    assert_eq!(kept(&retention, &backups).len(), 4, "none is complete");
}

#[test]
fn a_wrong_year_takes_nobodys_place() {
    let mut backups = nights(3);
    backups.push(complete(datetime(2062, 11, 29, 2, 30, 0, 0)));
    assert_eq!(
        kept(&Retention::default().last(1), &backups),
        ["2026-11-29 last", "2062-11-29 of the future"]
    );
}

#[test]
fn of_two_of_a_second_the_later_one_is_newer() {
    let backups = [complete(NOW), complete(NOW)];
    let verdicts = Retention::default().last(1).decide(&backups, NOW);
    assert_eq!(verdicts[0], Verdict::Removed);
}

#[test]
fn weeks_are_those_of_iso() {
    // The week of the 1st of January 2027, a Friday, has begun in 2026.
    let backups = [
        complete(datetime(2026, 12, 31, 0, 0, 0, 0)),
        complete(datetime(2027, 1, 1, 0, 0, 0, 0)),
    ];
    let verdicts = Retention::default()
        .weekly(5)
        .decide(&backups, datetime(2027, 1, 2, 0, 0, 0, 0));
    assert_eq!(verdicts[0], Verdict::Removed);
}

/// Steps of many lengths back from a moment: some of none, and some of years.
fn histories() -> impl Strategy<Value = Vec<Backup>> {
    let step = prop_oneof![
        Just(0i64),
        1..7_200i64,
        3_600..200_000i64,
        80_000..90_000i64,
        1_000_000..40_000_000i64
    ];
    let state = prop_oneof![
        6 => Just(State::Complete),
        1 => Just(State::Incomplete),
        1 => Just(State::Unsettled)
    ];
    let backups = prop::collection::vec((step, state), 0..40);
    (backups, -100_000..10_000_000i64).prop_flat_map(|(steps, ahead)| {
        let mut moment = NOW.saturating_add(SignedDuration::from_secs(-ahead / 10));
        let backups: Vec<Backup> = steps
            .into_iter()
            .map(|(step, state)| {
                moment = moment.saturating_sub(SignedDuration::from_secs(step));
                Backup { moment, state }
            })
            .collect();
        Just(backups).prop_shuffle()
    })
}

fn retentions() -> impl Strategy<Value = Retention> {
    (0..4u32, 0..4u32, 0..4u32, 0..4u32, 0..4u32, 0..4u32).prop_map(
        |(last, hourly, daily, weekly, monthly, yearly)| {
            Retention::default()
                .last(last)
                .hourly(hourly)
                .daily(daily)
                .weekly(weekly)
                .monthly(monthly)
                .yearly(yearly)
        },
    )
}

/// The texts that the moments of a bucket have in common; all that a rule keeps is the largest moment of each of the largest of them.
fn model(backups: &[Backup], form: Option<&str>, most: u32) -> BTreeSet<usize> {
    let eligible = backups
        .iter()
        .enumerate()
        .filter(|(_, backup)| backup.state == State::Complete && backup.moment <= NOW);
    let mut newest = std::collections::BTreeMap::new();
    for (at, backup) in eligible {
        let bucket = match form {
            Some(form) => backup.moment.strftime(form).to_string(),
            None => format!("{} {at:05}", backup.moment.strftime("%F %T")),
        };
        let best = newest.entry(bucket).or_insert((backup.moment, at));
        *best = (*best).max((backup.moment, at));
    }
    newest
        .into_values()
        .rev()
        .take(most as usize)
        .map(|(_, at)| at)
        .collect()
}

proptest! {
    #[test]
    fn rules_keep_what_a_simple_model_keeps(backups in histories(), retention in retentions()) {
        prop_assume!(!retention.is_empty());
        let verdicts = retention.decide(&backups, NOW);
        let mut expected: BTreeSet<usize> = BTreeSet::new();
        for (form, most) in [
            (None, retention.last),
            (Some("%F %H"), retention.hourly),
            (Some("%F"), retention.daily),
            (Some("%G %V"), retention.weekly),
            (Some("%Y %m"), retention.monthly),
            (Some("%Y"), retention.yearly),
        ] {
            expected.extend(model(&backups, form, most));
        }
        let newest = model(&backups, None, 1).into_iter().next();
        for (at, backup) in backups.iter().enumerate() {
            let is_old = newest.is_some_and(|newest| (backup.moment, at) < (backups[newest].moment, newest));
            if backup.moment > NOW || backup.state == State::Unsettled || backup.state == State::Incomplete && !is_old {
                expected.insert(at);
            }
        }
        let kept: BTreeSet<usize> = (0..backups.len()).filter(|&at| verdicts[at] != Verdict::Removed).collect();
        prop_assert_eq!(&kept, &expected);
        // The last good one is there, and a second run changes nothing.
        prop_assert!(newest.is_none_or(|newest| kept.contains(&newest)));
        let left: Vec<Backup> = kept.iter().map(|&at| backups[at]).collect();
        prop_assert!(retention.decide(&left, NOW).iter().all(|verdict| *verdict != Verdict::Removed));
    }

    #[test]
    fn without_a_rule_nothing_goes(backups in histories()) {
        let verdicts = Retention::default().decide(&backups, NOW);
        prop_assert!(verdicts.iter().all(|verdict| *verdict != Verdict::Removed));
    }
}
