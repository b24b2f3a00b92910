//! What stands for a part of a moment in a name.

use jiff::civil::{Date, DateTime, Time};

/// A part of a moment. As a number, it has always the same count of digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversion {
    Year,
    Month,
    Day,
    DayOfYear,
    Hour,
    Minute,
    Second,
}

use Conversion::{Day, DayOfYear, Hour, Minute, Month, Second, Year};

/// How conversions are written, and what each stands for, with the text between.
const LETTERS: [(char, &[Conversion], &str); 9] = [
    ('Y', &[Year], ""),
    ('m', &[Month], ""),
    ('d', &[Day], ""),
    ('j', &[DayOfYear], ""),
    ('H', &[Hour], ""),
    ('M', &[Minute], ""),
    ('S', &[Second], ""),
    ('F', &[Year, Month, Day], "-"),
    ('T', &[Hour, Minute, Second], ":"),
];

/// All of them, as messages name them.
pub(crate) const KNOWN: &str = "%Y %m %d %j %H %M %S %F (%Y-%m-%d) %T (%H:%M:%S)";

impl Conversion {
    /// What a letter behind `%` stands for, and the text between its parts.
    pub(crate) fn of(letter: char) -> Option<(&'static [Self], &'static str)> {
        let found = LETTERS.iter().find(|(known, ..)| *known == letter)?;
        Some((found.1, found.2))
    }

    /// How many digits it has.
    pub(crate) fn digits(self) -> usize {
        match self {
            Year => 4,
            DayOfYear => 3,
            Month | Day | Hour | Minute | Second => 2,
        }
    }

    /// Its number at a moment.
    pub(crate) fn of_moment(self, moment: DateTime) -> i16 {
        match self {
            Year => moment.year(),
            Month => moment.month().into(),
            Day => moment.day().into(),
            DayOfYear => moment.date().day_of_year(),
            Hour => moment.hour().into(),
            Minute => moment.minute().into(),
            Second => moment.second().into(),
        }
    }
}

/// The numbers that were read out of a name.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Numbers([Option<i16>; 7]);

impl Numbers {
    /// Takes a number down. Says whether it is the same as one that was there already.
    pub(crate) fn set(&mut self, conversion: Conversion, number: i16) -> bool {
        *self.0[conversion as usize].get_or_insert(number) == number
    }

    fn get(&self, conversion: Conversion) -> Option<i16> {
        self.0[conversion as usize]
    }

    /// The moment that they are; what is smaller than all of them is zero. `None` where there is no such moment.
    pub(crate) fn moment(&self) -> Option<DateTime> {
        let year = self.get(Year)?;
        let small = |conversion| i8::try_from(self.get(conversion).unwrap_or(0)).ok();
        let date = match self.get(DayOfYear) {
            Some(day) => Date::new(year, 1, 1)
                .ok()?
                .with()
                .day_of_year(day)
                .build()
                .ok()?,
            None => Date::new(year, small(Month)?, small(Day)?).ok()?,
        };
        let time = Time::new(small(Hour)?, small(Minute)?, small(Second)?, 0).ok()?;
        Some(date.to_datetime(time))
    }
}
