//! Development tasks: demo, test, pg.

fn main() {}
