//! Why servers refuse connections: the advice goes by what the server says, not by the SQLSTATE alone.

use pgdumprs_connect::{ConnectParams, Error, Session};
use pgdumprs_testkit::{Major, Server};

/// What a refused connection is told.
async fn refusal(server: &Server, database: &str, user: &str, options: &str) -> (String, Error) {
    let mut params = ConnectParams::parse(&server.conninfo(database)).unwrap();
    params.set_user(user);
    params.set("options", options).unwrap();
    let error = Session::connect(&params)
        .await
        .expect_err("the server refuses");
    (error.to_string(), error)
}

#[tokio::test]
async fn one_sqlstate_has_several_causes() {
    for major in [Major::V13, Major::V17, Major::V19] {
        let server = Server::get(major);
        let plain = server.role("LOGIN");
        let no_login = server.role("NOLOGIN");
        let limited = server.role("LOGIN CONNECTION LIMIT 0");
        let [closed, private, full] = [(); 3].map(|()| server.database());
        server.database().execute_sql(format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS false; REVOKE CONNECT ON DATABASE {} FROM PUBLIC; ALTER DATABASE {} CONNECTION LIMIT 0",
            closed.name(),
            private.name(),
            full.name()
        ));
        for (database, user, options, code, part) in [
            (private.name(), &*plain, "", "42501", "privilege CONNECT"),
            (
                "postgres",
                &plain,
                "-c session_replication_role=replica",
                "42501",
                "PGOPTIONS",
            ),
            (
                "postgres",
                &plain,
                "-c no_such_setting=1",
                "42704",
                "PGOPTIONS",
            ),
            (closed.name(), "postgres", "", "55000", "ALLOW_CONNECTIONS"),
            (
                "postgres",
                "nobody_here",
                "",
                "28000",
                "the attribute LOGIN",
            ),
            ("postgres", &no_login, "", "28000", "the attribute LOGIN"),
            ("postgres", &limited, "", "53300", "the role's limit"),
            (full.name(), &plain, "", "53300", "the database's limit"),
            (
                "no_such_database",
                "postgres",
                "",
                "3D000",
                "database's name",
            ),
        ] {
            let (said, error) = refusal(&server, database, user, options).await;
            assert_eq!(error.sqlstate(), Some(code), "{major}: {said}");
            assert!(said.contains(part), "{major}: {part} is not in {said}");
            let others = [
                "privilege CONNECT",
                "PGOPTIONS",
                "LOGIN;",
                "login event trigger",
            ];
            let others = others.into_iter().filter(|other| *other != part);
            for other in others {
                assert!(!said.contains(other), "{major}: {said}");
            }
        }
        server.database().execute_sql(format!(
            "ALTER DATABASE {} ALLOW_CONNECTIONS true",
            closed.name()
        ));
    }
}

#[tokio::test]
async fn access_rules_refuse_otherwise_than_a_role_that_is_not_there() {
    let rules = "local all strange peer\nlocal all refused reject\nlocal all postgres trust";
    let server = Server::builder(Major::V17)
        .access_rules(rules)
        .start()
        .unwrap();
    server
        .database()
        .execute_sql("CREATE ROLE strange LOGIN; CREATE ROLE refused LOGIN");
    for (user, part) in [
        ("strange", "of the operating system (peer)"),
        ("refused", "pg_hba.conf must let"),
        ("somebody", "pg_hba.conf must let"),
    ] {
        let (said, error) = refusal(&server, "postgres", user, "").await;
        assert_eq!(error.sqlstate(), Some("28000"), "{said}");
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

#[tokio::test]
async fn a_login_event_trigger_is_named_and_can_be_passed() {
    // The triggers are for logins to one database alone.
    let bodies = [
        (
            "plpgsql",
            "BEGIN SET session_replication_role = replica; END",
            "42501",
        ),
        (
            "plpgsql",
            "BEGIN RAISE EXCEPTION 'closed for today'; END",
            "P0001",
        ),
        ("plpgsql", "BEGIN PERFORM 1 / 0; END", "22012"),
    ];
    for major in [Major::V17, Major::V18] {
        for (language, body, code) in bodies {
            let server = Server::get(major);
            let (database, plain) = (server.database(), server.role("LOGIN"));
            database.execute_sql(format!(
                "CREATE FUNCTION \"the guard\"() RETURNS event_trigger LANGUAGE {language} AS $$ {body} $$;
                 CREATE EVENT TRIGGER guard ON login EXECUTE FUNCTION \"the guard\"();
                 ALTER EVENT TRIGGER guard ENABLE ALWAYS;"
            ));
            let (said, error) = refusal(&server, database.name(), &plain, "").await;
            assert_eq!(error.sqlstate(), Some(code), "{said}");
            for part in [
                "login event trigger",
                "\"the guard\"()",
                "event_triggers=off",
                "superuser",
            ] {
                assert!(said.contains(part), "{part} is not in {said}");
            }
            assert!(!said.contains("CONNECT"), "{said}");
            assert!(
                matches!(
                    error,
                    Error::Refused {
                        logged_in: true,
                        ..
                    }
                ),
                "{error:?}"
            );
            let mut params = ConnectParams::parse(&database.conninfo()).unwrap();
            params.set("options", "-c event_triggers=off").unwrap();
            let mut session = Session::connect(&params).await.unwrap();
            session.query("DROP EVENT TRIGGER guard").await.unwrap();
            session.close().await;
        }
    }
}
