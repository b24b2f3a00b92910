//! `docs/whole-servers.md`.

use std::fs;

use pgdumprs_testkit::provision::age;
use pgdumprs_testkit::{Major, ObjectStore, Server};

use crate::shop::{Shop, blocks, commands, succeeds};

#[test]
fn a_server_is_dumped_and_restored_as_the_page_says() {
    let texts = blocks("docs/whole-servers.md", &["console"; 7]);
    // Databases of other tests would come and go in the meantime.
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let target = Server::builder(Major::REFERENCE).start().unwrap();
    let store = ObjectStore::start().unwrap();
    let shop = Shop::open_on(&server);
    let keygen = age().unwrap().with_file_name("age-keygen");
    let key = format!("{0} -o key.txt && {0} -y key.txt", keygen.display());
    let recipient = succeeds(&mut shop.shell(&key));
    for line in texts.iter().flat_map(|text| commands(text)) {
        let mut line = line.to_owned();
        if line.contains("--encrypt-to") || line.contains("--identity") {
            // One folder is for one dump.
            line = line.replace("tonight", "sealed");
            line = line.replace("age1…", recipient.trim());
        }
        let mut command = shop.shell(&line);
        command
            .envs(store.environment())
            .env("URL", server.url("postgres"))
            .env("TARGET", target.url("postgres"));
        succeeds(&mut command);
        if line.contains("restore --all") {
            let name = shop.database.name();
            assert_eq!(target.ask(name, "SELECT count(*) FROM orders"), "2000");
            target.ask("postgres", &format!("DROP DATABASE {name}"));
        }
    }
    assert!(shop.path("tonight/manifest.json").exists());
    for file in ["tonight/globals.sql", "globals.sql"] {
        let script = fs::read_to_string(shop.path(file)).unwrap();
        assert!(script.contains("CREATE ROLE postgres;"), "{file}: {script}");
    }
    let script = fs::read_to_string(shop.path("all.sql")).unwrap();
    assert!(script.ends_with("-- PostgreSQL database cluster dump complete\n--\n\n"));
}
