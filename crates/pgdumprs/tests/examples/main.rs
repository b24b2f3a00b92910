//! The example programs, against a server.

#[path = "../../examples/backup_service.rs"]
#[expect(dead_code, reason = "the tests listen and parse arguments themselves")]
mod backup_service;
#[path = "../../examples/before_migrations.rs"]
#[expect(dead_code, reason = "the tests parse arguments themselves")]
mod before_migrations;
mod http;
mod migrations;
#[path = "../../examples/nightly.rs"]
#[expect(dead_code, reason = "the tests parse arguments themselves")]
mod nightly;
#[path = "../../examples/rehearsal.rs"]
#[expect(dead_code, reason = "the tests parse arguments themselves")]
mod rehearsal;
mod rotation;
