//! Empty values, in every place where a parameter can be given: refused and accepted as by libpq.

use std::fs;
use std::path::{Path, PathBuf};

use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Major, Server, tool};

/// Every parameter of libpq but the host, with its variable. An empty host is libpq's own folder of sockets, which is where it was built
/// to look.
fn keywords() -> Vec<(String, Option<String>)> {
    let guide = include_str!("../../../../docs/connections.md");
    let rows = guide.lines().filter_map(|line| line.strip_prefix("| `"));
    let named = |text: &str| text.trim_matches([' ', '`']).to_owned();
    rows.map(|row| {
        let mut cells = row.split('|');
        let keyword = named(cells.next().unwrap());
        let variable = named(cells.next().unwrap());
        (keyword, Some(variable).filter(|name| !name.is_empty()))
    })
    .filter(|(keyword, _)| keyword != "host")
    .collect()
}

/// A connection to try: a connection string and an environment.
struct Given {
    what: String,
    conninfo: String,
    variables: Vec<(String, String)>,
}

/// A parameter with a value, everywhere.
fn everywhere(
    server: &Server,
    folder: &Path,
    keyword: &str,
    variable: Option<&str>,
    value: &str,
) -> Vec<Given> {
    let place = [
        ("PGHOST", "127.0.0.1".to_owned()),
        ("PGPORT", server.port().to_string()),
        ("PGUSER", "postgres".to_owned()),
        ("PGDATABASE", "postgres".to_owned()),
        ("HOME", folder.display().to_string()),
    ];
    let others = || -> Vec<(String, String)> {
        let others = place.iter().filter(|(name, _)| Some(*name) != variable);
        others
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect()
    };
    let services: PathBuf = folder.join(format!("{keyword}.conf"));
    fs::write(&services, format!("[s]\n{keyword}={value}\n")).unwrap();
    let given = |form: &str, conninfo: String, more: &[(&str, &str)]| {
        let mut variables = others();
        variables.extend(
            more.iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let what = format!("{keyword}={value:?} {form}");
        Given {
            what,
            conninfo,
            variables,
        }
    };
    let mut all = vec![
        given("in a string", format!("{keyword}='{value}'"), &[]),
        given("in a URI", format!("postgresql:///?{keyword}={value}"), &[]),
        given(
            "in a service",
            "service=s".into(),
            &[("PGSERVICEFILE", services.to_str().unwrap())],
        ),
    ];
    if let Some(variable) = variable {
        all.push(given(
            "by its variable",
            String::new(),
            &[(variable, value)],
        ));
    }
    all
}

fn libpq_connects(given: &Given) -> bool {
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-X", "-w", "-c", "SELECT", "-d", &given.conninfo]);
    psql.envs(given.variables.iter().map(|(name, value)| (name, value)));
    psql.output().unwrap().status.success()
}

async fn we_connect(given: &Given) -> Result<(), String> {
    let variable = |name: &str| {
        let found = given.variables.iter().rfind(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    };
    let params = ConnectParams::parse(&given.conninfo).and_then(|params| params.resolve(variable));
    let session = Session::connect(&params.map_err(|error| error.to_string())?).await;
    session.map_err(|error| error.to_string())?.close().await;
    Ok(())
}

#[tokio::test]
async fn empty_values_are_taken_as_by_libpq() {
    let server = Server::get(Major::V17);
    let folder = tempfile::tempdir().unwrap();
    let (mut different, mut refused, mut taken) = (Vec::new(), 0, 0);
    for (keyword, variable) in keywords() {
        for value in ["", "x"] {
            // Users and databases of that name are not there, and numbers and files are compared elsewhere.
            if value == "x"
                && !matches!(
                    keyword.as_str(),
                    "sslmode" | "channel_binding" | "target_session_attrs" | "gssencmode"
                )
            {
                continue;
            }
            for given in everywhere(&server, folder.path(), &keyword, variable.as_deref(), value) {
                let theirs = libpq_connects(&given);
                let ours = we_connect(&given).await;
                *if theirs { &mut taken } else { &mut refused } += 1;
                if theirs != ours.is_ok() {
                    different.push(format!("{}: libpq {theirs}, ours {ours:?}", given.what));
                }
            }
        }
    }
    assert!(
        refused > 60 && taken > 60,
        "{refused} were refused, {taken} taken"
    );
    assert!(different.is_empty(), "{}", different.join("\n"));
}
