//! When an archive was made.

use pgdumprs_archive::CreationTime;

/// The current time as the archive's header holds it: in the local time zone.
pub(crate) fn local_time() -> CreationTime {
    let now = jiff::Zoned::now();
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
