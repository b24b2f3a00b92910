//! `docs/whole-servers.md`.

use std::fs;

use pgdumprs_testkit::{Major, Server};

use crate::shop::{Shop, blocks, commands, succeeds};

#[test]
fn a_server_is_dumped_and_restored_as_the_page_says() {
    let texts = blocks("docs/whole-servers.md", &["console"; 4]);
    // Databases of other tests would come and go in the meantime.
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let target = Server::builder(Major::REFERENCE).start().unwrap();
    let shop = Shop::open_on(&server);
    for line in texts.iter().flat_map(|text| commands(text)) {
        succeeds(shop.shell(line).env("TARGET", target.url("postgres")));
    }
    assert!(shop.path("tonight/manifest.json").exists());
    for file in ["tonight/globals.sql", "globals.sql"] {
        let script = fs::read_to_string(shop.path(file)).unwrap();
        assert!(script.contains("CREATE ROLE postgres;"), "{file}: {script}");
    }
    let script = fs::read_to_string(shop.path("all.sql")).unwrap();
    assert!(script.ends_with("-- PostgreSQL database cluster dump complete\n--\n\n"));
}
