//! When an archive was made, as a number of fields and as text.

use jiff::{
    Timestamp, Zoned,
    civil::DateTime,
    tz::{Disambiguation, TimeZone},
};
use pgdumprs_archive::CreationTime;

/// The time of an archive's creation as `pg_restore -l` prints it: `2026-11-21 12:00:00 CET`, read and named in the local time zone,
/// because archives do not say theirs.
pub fn created_text(created: CreationTime) -> String {
    local(created).map_or_else(
        || "[unknown]".into(),
        |time| time.strftime("%Y-%m-%d %H:%M:%S %Z").to_string(),
    )
}

/// The time in the local time zone, if it is one.
fn local(created: CreationTime) -> Option<Zoned> {
    let small = |field: i32| i8::try_from(field).ok();
    let time = DateTime::new(
        i16::try_from(created.year.checked_add(1900)?).ok()?,
        small(created.month.checked_add(1)?)?,
        small(created.day)?,
        small(created.hour)?,
        small(created.minute)?,
        // A leap second counts as the one before, as it does for jiff.
        small(created.second)?.min(59),
        0,
    );
    // An hour that clocks show twice is the first of the two in daylight saving time.
    let which = if created.is_dst > 0 {
        Disambiguation::Earlier
    } else {
        Disambiguation::Later
    };
    let zone = TimeZone::system();
    zone.to_ambiguous_zoned(time.ok()?).disambiguate(which).ok()
}

/// A time as the archive's header holds it: in the local time zone.
pub(crate) fn creation_time(time: Timestamp) -> CreationTime {
    let now = time.to_zoned(TimeZone::system());
    CreationTime {
        second: now.second().into(),
        minute: now.minute().into(),
        hour: now.hour().into(),
        day: now.day().into(),
        month: i32::from(now.month()) - 1,
        year: i32::from(now.year()) - 1900,
        is_dst: i32::from(
            now.time_zone()
                .to_offset_info(now.timestamp())
                .dst()
                .is_dst(),
        ),
    }
}
