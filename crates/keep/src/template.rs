//! Names by a template of times.

use std::fmt::Write;

use jiff::civil::DateTime;

use crate::conversion::{Conversion, KNOWN, Numbers};

/// A name with parts of a moment in it, written as for `strftime`: `shop-%Y-%m-%d.dump`.
///
/// It knows `%Y`, `%m`, `%d`, `%j`, `%H`, `%M`, `%S`, `%F` for `%Y-%m-%d`, `%T` for `%H:%M:%S`, and `%%` for a percent sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Moment(Conversion),
}

/// Why a text is no template, or none that is of use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// What follows a percent sign stands for nothing.
    #[error(
        "\"%{letter}\" in \"{template}\" is none of {KNOWN}: a percent sign of its own is written %%"
    )]
    Unknown {
        /// The template.
        template: String,
        /// What follows the percent sign.
        letter: char,
    },
    /// There is a percent sign at the end.
    #[error("\"{template}\" ends with a lone percent sign, which is written %%")]
    Ends {
        /// The template.
        template: String,
    },
    /// Several moments have the same name, in no order.
    #[error(
        "\"{template}\" does not say when a backup was made: it needs the year (%Y) and the day (%m and %d, or %j, or all of it by %F), minutes only \
         with hours, and seconds only with minutes"
    )]
    NoMoment {
        /// The template.
        template: String,
    },
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// [`TemplateError`] for a percent sign that stands for nothing.
    pub fn new(text: &str) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            if letter != '%' {
                plain.push(letter);
                continue;
            }
            let template = || text.to_owned();
            match letters.next() {
                None => {
                    return Err(TemplateError::Ends {
                        template: template(),
                    });
                }
                Some('%') => plain.push('%'),
                Some(letter) => {
                    let (conversions, between) =
                        Conversion::of(letter).ok_or_else(|| TemplateError::Unknown {
                            template: template(),
                            letter,
                        })?;
                    for (at, &conversion) in conversions.iter().enumerate() {
                        if at > 0 {
                            plain.push_str(between);
                        }
                        if !plain.is_empty() {
                            pieces.push(Piece::Text(std::mem::take(&mut plain)));
                        }
                        pieces.push(Piece::Moment(conversion));
                    }
                }
            }
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Template { pieces })
    }

    /// Whether it is a name without any part of a moment.
    pub fn is_plain(&self) -> bool {
        !self.conversions().any(|_| true)
    }

    /// Fails where a name does not tell its moment.
    ///
    /// # Errors
    /// [`TemplateError::NoMoment`] with `text`, as which it was read.
    pub fn check_moment(&self, text: &str) -> Result<(), TemplateError> {
        use Conversion::{Day, DayOfYear, Hour, Minute, Month, Second, Year};
        let has = |conversion| self.conversions().any(|one| one == conversion);
        let has_day = has(Year) && (has(DayOfYear) || has(Month) && has(Day));
        let is_orderly = (has(Hour) || !has(Minute)) && (has(Minute) || !has(Second));
        if has_day && is_orderly {
            return Ok(());
        }
        Err(TemplateError::NoMoment {
            template: text.to_owned(),
        })
    }

    /// The name of a moment.
    pub fn name(&self, moment: DateTime) -> String {
        let mut name = String::new();
        for piece in &self.pieces {
            // Writing into a text does not fail.
            let _ = match piece {
                Piece::Text(text) => name.write_str(text),
                Piece::Moment(conversion) => {
                    let digits = conversion.digits();
                    write!(name, "{:0digits$}", conversion.of_moment(moment))
                }
            };
        }
        name
    }

    /// The moment of a name, if the template could have made it: its smallest part is the smallest that the template has, and what is smaller is
    /// zero.
    pub fn moment(&self, name: &str) -> Option<DateTime> {
        let moment = self.numbers(name)?.moment()?;
        // Such as a day of the year beside another month.
        (self.name(moment) == name).then_some(moment)
    }

    /// Whether a name has the form of those that the template makes, such as a part of a path that tells no moment by itself.
    pub fn fits(&self, name: &str) -> bool {
        self.numbers(name).is_some()
    }

    /// The same template with other texts between the parts of moments.
    #[must_use]
    pub fn map_texts(mut self, change: impl Fn(&str) -> String) -> Self {
        for piece in &mut self.pieces {
            if let Piece::Text(text) = piece {
                *text = change(text);
            }
        }
        self
    }

    fn conversions(&self) -> impl Iterator<Item = Conversion> + '_ {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Moment(conversion) => Some(*conversion),
            Piece::Text(_) => None,
        })
    }

    fn numbers(&self, name: &str) -> Option<Numbers> {
        let mut numbers = Numbers::default();
        let mut rest = name;
        for piece in &self.pieces {
            rest = match piece {
                Piece::Text(text) => rest.strip_prefix(text.as_str())?,
                Piece::Moment(conversion) => {
                    let (digits, rest) = rest.split_at_checked(conversion.digits())?;
                    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                        return None;
                    }
                    if !numbers.set(*conversion, digits.parse().ok()?) {
                        return None;
                    }
                    rest
                }
            };
        }
        rest.is_empty().then_some(numbers)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::datetime;
    use proptest::prelude::*;

    use super::*;

    const MOMENT: DateTime = datetime(2026, 2, 3, 4, 5, 6, 0);

    #[test]
    fn names_are_made_and_read() {
        for (template, name, read) in [
            (
                "shop-%Y-%m-%d.dump",
                "shop-2026-02-03.dump",
                datetime(2026, 2, 3, 0, 0, 0, 0),
            ),
            ("%F %T", "2026-02-03 04:05:06", MOMENT),
            ("%Y%m%d%H%M%S", "20260203040506", MOMENT),
            (
                "100%%-%Y.%j",
                "100%-2026.034",
                datetime(2026, 2, 3, 0, 0, 0, 0),
            ),
            (
                "%Y/%m/%F-%H",
                "2026/02/2026-02-03-04",
                datetime(2026, 2, 3, 4, 0, 0, 0),
            ),
        ] {
            let made = Template::new(template).unwrap();
            assert_eq!(made.name(MOMENT), name);
            assert_eq!(made.moment(name), Some(read), "{template}");
            made.check_moment(template).unwrap();
        }
    }

    #[test]
    fn what_a_template_cannot_have_made_is_not_its_own() {
        let template = Template::new("shop-%F.dump").unwrap();
        for name in [
            "shop-eu-2026-02-03.dump",
            "shop-2026-02-03.dump.age",
            "shop-2026-02-30.dump",
            "shop-2026-2-3.dump",
            "shop-+026-02-03.dump",
            "shop-２０２６-02-03.dump",
            "shop-2026-02-0\u{e9}.dump",
            "Shop-2026-02-03.dump",
            "shop-2026-02-03",
            "",
        ] {
            assert_eq!(template.moment(name), None, "{name}");
        }
        let twice = Template::new("%Y/%F %j").unwrap();
        assert!(twice.moment("2026/2026-02-03 034").is_some());
        assert_eq!(twice.moment("2025/2026-02-03 034"), None);
        assert_eq!(twice.moment("2026/2026-02-03 035"), None);
        let leap = Template::new("%F %T").unwrap();
        for name in [
            "2026-02-03 24:00:00",
            "2026-02-03 23:59:60",
            "2025-02-29 00:00:00",
        ] {
            assert_eq!(leap.moment(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused_and_the_percent_sign_named() {
        for (text, said) in [
            ("db-%q.dump", "\"%q\" in \"db-%q.dump\""),
            ("db-%-d", "\"%-\""),
            ("db-%\u{e9}", "\"%\u{e9}\""),
            ("100%", "ends with a lone percent sign"),
        ] {
            let error = Template::new(text).unwrap_err().to_string();
            assert!(error.contains(said) && error.contains("%%"), "{error}");
        }
    }

    #[test]
    fn a_template_that_tells_no_moment_is_known() {
        for text in [
            "shop.dump",
            "%d",
            "%m-%d",
            "%Y-%m",
            "%Y-%d",
            "%F-%M",
            "%F %H-%S",
            "%H:%M",
        ] {
            let template = Template::new(text).unwrap();
            template.check_moment(text).unwrap_err();
        }
        assert!(Template::new("shop%%.dump").unwrap().is_plain());
    }

    fn moments() -> impl Strategy<Value = DateTime> {
        let date = (1i16..=9999, 1i8..=12, 1i8..=28);
        let time = (0i8..24, 0i8..60, 0i8..60);
        (date, time).prop_map(|((year, month, day), (hour, minute, second))| {
            datetime(year, month, day, hour, minute, second, 0)
        })
    }

    proptest! {
        #[test]
        fn every_moment_comes_back(moment in moments(), text in "[a-z0-9/.-]{0,4}") {
            for form in ["%Y%m%d%H%M%S", "%j.%Y %T", "%F%T"] {
                let template = Template::new(&format!("{text}{form}{text}")).unwrap();
                prop_assert_eq!(template.moment(&template.name(moment)), Some(moment));
            }
        }

        #[test]
        fn what_is_read_would_be_made(name in "[0-9]{3,5}-[0-9]{1,2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?") {
            for form in ["%F %T", "%F"] {
                let template = Template::new(form).unwrap();
                if let Some(moment) = template.moment(&name) {
                    prop_assert_eq!(template.name(moment), name.as_str());
                }
            }
        }
    }
}
