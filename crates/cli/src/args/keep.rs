//! Options that say which backups are kept.

use clap::Args;
use pgdumprs::{Period, Retention};

#[derive(Debug, Args)]
#[command(next_help_heading = "Keeping backups")]
pub(crate) struct KeepArgs {
    /// Keep the last so many backups
    #[arg(long, value_name = "NUM")]
    keep_last: Option<u32>,

    /// Keep the newest backup of each of the last so many hours that have one
    #[arg(long, value_name = "NUM")]
    keep_hourly: Option<u32>,

    /// Keep the newest backup of each of the last so many days that have one
    #[arg(long, value_name = "NUM")]
    keep_daily: Option<u32>,

    /// Keep the newest backup of each of the last so many weeks that have one
    #[arg(long, value_name = "NUM")]
    keep_weekly: Option<u32>,

    /// Keep the newest backup of each of the last so many months that have one
    #[arg(long, value_name = "NUM")]
    keep_monthly: Option<u32>,

    /// Keep the newest backup of each of the last so many years that have one
    #[arg(long, value_name = "NUM")]
    keep_yearly: Option<u32>,

    /// Keep all backups that are not older than the newest by more than this, such as 30d, 12h or 1y6m
    #[arg(long, value_name = "PERIOD")]
    keep_within: Option<Period>,
}

impl KeepArgs {
    /// What was asked for. A count of 0 is no rule.
    pub(crate) fn retention(&self) -> Retention {
        let count = |given: Option<u32>| given.unwrap_or(0);
        let retention = Retention::default()
            .last(count(self.keep_last))
            .hourly(count(self.keep_hourly))
            .daily(count(self.keep_daily))
            .weekly(count(self.keep_weekly))
            .monthly(count(self.keep_monthly))
            .yearly(count(self.keep_yearly));
        match self.keep_within {
            Some(period) => retention.within(period),
            None => retention,
        }
    }

    /// Whether anything was asked for.
    pub(crate) fn is_given(&self) -> bool {
        let counts = [
            self.keep_last,
            self.keep_hourly,
            self.keep_daily,
            self.keep_weekly,
            self.keep_monthly,
            self.keep_yearly,
        ];
        counts.iter().any(Option::is_some) || self.keep_within.is_some()
    }
}
