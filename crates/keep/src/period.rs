//! Lengths of time, as people write them.

use std::fmt;
use std::str::FromStr;

use jiff::Span;
use jiff::civil::DateTime;

/// A length of time in years, months, days and hours: `1y6m`, `30d`, `12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Years, months, days, hours.
    counts: [u16; 4],
}

const UNITS: [char; 4] = ['y', 'm', 'd', 'h'];

/// A text that is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "\"{0}\" is no length of time: write it in years, months, days and hours, as in 1y6m, 30d or 12h"
)]
pub struct PeriodError(String);

impl Period {
    /// The moment that is so long before another.
    pub(crate) fn before(&self, moment: DateTime) -> DateTime {
        let [years, months, days, hours] = self.counts;
        // None of these is more than the type takes.
        let span = Span::new()
            .try_years(years)
            .and_then(|span| span.try_months(months))
            .and_then(|span| span.try_days(days))
            .and_then(|span| span.try_hours(hours));
        span.map_or(DateTime::MIN, |span| moment.saturating_sub(span))
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, PeriodError> {
        let error = || PeriodError(text.to_owned());
        let mut counts = [0; 4];
        let mut first = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(error)?;
            let (digits, unit) = rest.split_at(end);
            let count: u16 = digits.parse().map_err(|_| error())?;
            let found = UNITS
                .iter()
                .skip(first)
                .position(|&one| unit.starts_with(one));
            let at = first + found.ok_or_else(error)?;
            counts[at] = count;
            first = at + 1;
            rest = &unit[1..];
        }
        if counts == [0; 4] {
            return Err(error());
        }
        Ok(Period { counts })
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, unit) in self.counts.iter().zip(UNITS) {
            if *count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;

    use super::*;

    #[test]
    fn lengths_are_read_and_taken_off() {
        let moment = datetime(2024, 3, 31, 12, 0, 0, 0);
        for (text, expected) in [
            ("1m", datetime(2024, 2, 29, 12, 0, 0, 0)),
            ("1y", datetime(2023, 3, 31, 12, 0, 0, 0)),
            ("30d", datetime(2024, 3, 1, 12, 0, 0, 0)),
            ("1y1m1d13h", datetime(2023, 2, 26, 23, 0, 0, 0)),
            ("65535y", DateTime::MIN),
        ] {
            let period: Period = text.parse().unwrap();
            assert_eq!(period.before(moment), expected, "{text}");
            assert_eq!(period.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_length_is_refused() {
        for text in [
            "", "d", "30", "0d", "1d1y", "1d1d", "-1d", "1.5d", "99999d", "1w", "1é",
        ] {
            let error = text.parse::<Period>().unwrap_err();
            assert!(error.to_string().contains("30d"), "{error}");
        }
    }
}
