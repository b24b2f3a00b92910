//! The pgdumprs command.

fn main() {}
