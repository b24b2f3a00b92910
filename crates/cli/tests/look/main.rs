//! Looking into archives: `list`, `verify` and `cat` of what stock `pg_dump` of each major writes, and of our own.

#[path = "../support/mod.rs"]
mod support;

mod cat;
mod list;
mod others;
mod samples;
mod verify;

use pgdumprs_testkit::for_each_major;
use samples::Samples;

#[test]
fn archives_of_every_major_can_be_looked_into() {
    for_each_major(|server| {
        let samples = Samples::new(server);
        list::check(&samples);
        cat::check(&samples);
        verify::check(&samples);
        Ok(())
    });
}
