//! Rules of retention, and what they say of backups.

use jiff::civil::DateTime;

use crate::Period;

/// Which backups are kept. Each rule keeps some, and what one of them keeps is kept.
///
/// A rule of a count goes through the complete backups from the newest on. The newest of each hour, day, ISO week, month or year is kept, for as
/// many of these as the count says; those that have no backup are not counted, so that a night without a backup takes none of the others away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retention {
    last: u32,
    hourly: u32,
    daily: u32,
    weekly: u32,
    monthly: u32,
    yearly: u32,
    within: Option<Period>,
}

/// A backup, as far as rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backup {
    /// When it was made, by its name.
    pub moment: DateTime,
    /// What is known of it.
    pub state: State,
}

/// What is known of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// All of it is there.
    Complete,
    /// Something is missing.
    Incomplete,
    /// Something is missing, and somebody may be writing it right now.
    Unsettled,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is kept, for these reasons: one at least.
    Kept(Vec<KeepReason>),
    /// It is not kept.
    Removed,
}

/// Why a backup is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeepReason {
    /// It is one of the last.
    Last,
    /// It is the newest of an hour.
    Hourly,
    /// It is the newest of a day.
    Daily,
    /// It is the newest of an ISO week.
    Weekly,
    /// It is the newest of a month.
    Monthly,
    /// It is the newest of a year.
    Yearly,
    /// It was made within the period before the newest.
    Within,
    /// It is the newest complete one, which no rule removes.
    Newest,
    /// It has just been written.
    Written,
    /// It is not complete, and not older than the newest complete one.
    Incomplete,
    /// It is not complete, and was written to a short time ago.
    Unsettled,
    /// By its name, it was made later than now: no rule looks at it.
    Future,
}

impl KeepReason {
    /// The reason in a word or a few.
    pub fn name(self) -> &'static str {
        match self {
            KeepReason::Last => "last",
            KeepReason::Hourly => "hourly",
            KeepReason::Daily => "daily",
            KeepReason::Weekly => "weekly",
            KeepReason::Monthly => "monthly",
            KeepReason::Yearly => "yearly",
            KeepReason::Within => "within",
            KeepReason::Newest => "newest",
            KeepReason::Written => "just written",
            KeepReason::Incomplete => "newer than any complete one",
            KeepReason::Unsettled => "may still be written",
            KeepReason::Future => "of the future",
        }
    }
}

impl Retention {
    /// Keeps the last so many.
    #[must_use]
    pub fn last(mut self, count: u32) -> Self {
        self.last = count;
        self
    }

    /// Keeps the newest of each of the last so many hours that have one.
    #[must_use]
    pub fn hourly(mut self, count: u32) -> Self {
        self.hourly = count;
        self
    }

    /// Keeps the newest of each of the last so many days that have one.
    #[must_use]
    pub fn daily(mut self, count: u32) -> Self {
        self.daily = count;
        self
    }

    /// Keeps the newest of each of the last so many ISO weeks that have one.
    #[must_use]
    pub fn weekly(mut self, count: u32) -> Self {
        self.weekly = count;
        self
    }

    /// Keeps the newest of each of the last so many months that have one.
    #[must_use]
    pub fn monthly(mut self, count: u32) -> Self {
        self.monthly = count;
        self
    }

    /// Keeps the newest of each of the last so many years that have one.
    #[must_use]
    pub fn yearly(mut self, count: u32) -> Self {
        self.yearly = count;
        self
    }

    /// Keeps all that are not older than the newest complete one by more than a period.
    #[must_use]
    pub fn within(mut self, period: Period) -> Self {
        self.within = Some(period);
        self
    }

    /// Whether it has no rule: a count of 0 is none. Such a retention keeps everything.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As [`decide`] has it.
    pub(crate) fn decide(&self, backups: &[Backup], now: DateTime) -> Vec<Verdict> {
        let mut newest_first: Vec<usize> = (0..backups.len())
            .filter(|&at| backups[at].state == State::Complete && backups[at].moment <= now)
            .collect();
        newest_first.sort_by_key(|&at| std::cmp::Reverse((backups[at].moment, at)));
        let newest = newest_first.first().copied();

        let mut reasons = vec![Vec::new(); backups.len()];
        let moments: Vec<DateTime> = newest_first.iter().map(|&at| backups[at].moment).collect();
        self.apply(&moments, |position, reason| {
            reasons[newest_first[position]].push(reason);
        });
        for (at, backup) in backups.iter().enumerate() {
            let is_older =
                newest.is_some_and(|newest| (backup.moment, at) < (backups[newest].moment, newest));
            let kept = &mut reasons[at];
            if backup.moment > now {
                kept.push(KeepReason::Future);
                continue;
            }
            match backup.state {
                State::Complete if kept.is_empty() && (newest == Some(at) || self.is_empty()) => {
                    kept.push(KeepReason::Newest);
                }
                State::Complete => {}
                State::Unsettled => kept.push(KeepReason::Unsettled),
                State::Incomplete if !is_older || self.is_empty() => {
                    kept.push(KeepReason::Incomplete)
                }
                State::Incomplete => {}
            }
        }
        reasons
            .into_iter()
            .map(|kept| match kept.is_empty() {
                true => Verdict::Removed,
                false => Verdict::Kept(kept),
            })
            .collect()
    }

    /// Goes through the moments of complete backups, the newest first, and tells which is kept by which rule.
    fn apply(&self, moments: &[DateTime], mut keep: impl FnMut(usize, KeepReason)) {
        type Bucket = fn(DateTime) -> (i16, i16, i8);
        let rules: [(KeepReason, u32, Bucket); 5] = [
            (KeepReason::Hourly, self.hourly, |moment| {
                (moment.year(), moment.date().day_of_year(), moment.hour())
            }),
            (KeepReason::Daily, self.daily, |moment| {
                (moment.year(), moment.date().day_of_year(), 0)
            }),
            (KeepReason::Weekly, self.weekly, |moment| {
                let week = moment.date().iso_week_date();
                (week.year(), 0, week.week())
            }),
            (KeepReason::Monthly, self.monthly, |moment| {
                (moment.year(), 0, moment.month())
            }),
            (KeepReason::Yearly, self.yearly, |moment| {
                (moment.year(), 0, 0)
            }),
        ];
        for position in 0..moments.len().min(count(self.last)) {
            keep(position, KeepReason::Last);
        }
        for (reason, most, bucket) in rules {
            let opens_one = |position: &usize| {
                *position == 0 || bucket(moments[*position]) != bucket(moments[*position - 1])
            };
            for position in (0..moments.len()).filter(opens_one).take(count(most)) {
                keep(position, reason);
            }
        }
        if let (Some(period), Some(newest)) = (self.within, moments.first()) {
            let oldest = period.before(*newest);
            for position in (0..moments.len()).filter(|&at| moments[at] >= oldest) {
                keep(position, KeepReason::Within);
            }
        }
    }
}

/// What becomes of each backup, in the order in which they are given. Of two of the same moment, the one that is given later is the newer.
///
/// - The newest complete one is kept, whatever the rules say.
/// - What is not complete is not counted. It is removed where it is older than the newest complete one and nobody can be writing it.
/// - What has a moment after `now` is kept and not counted: one name with a wrong year must not take the place of all others.
/// - Without a rule, everything is kept.
pub fn decide(retention: &Retention, backups: &[Backup], now: DateTime) -> Vec<Verdict> {
    retention.decide(backups, now)
}

fn count(most: u32) -> usize {
    usize::try_from(most).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
