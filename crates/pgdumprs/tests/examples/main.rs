//! The example programs, against a server.

#[path = "../../examples/backup_service.rs"]
#[expect(dead_code, reason = "the tests listen and parse arguments themselves")]
mod backup_service;
mod http;
#[path = "../../examples/nightly.rs"]
#[expect(dead_code, reason = "the tests parse arguments themselves")]
mod nightly;
mod rotation;
