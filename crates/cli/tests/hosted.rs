//! The commands that hosts of PostgreSQL print in their guides, with the program's name replaced, on a server that wants TLS and a
//! password.
//!
//! Each guide is followed twice, with stock pg_dump and with ours, up to the restored database.

#[path = "support/shell.rs"]
mod shell;

use std::process::Command;

use pgdumprs_testkit::compare::without_internal_options;
use pgdumprs_testkit::{
    Authority, Database, DatabaseOptions, Major, Server, checked_output, reference_pg_dump,
};
use shell::shell;

/// What a guide says. In braces stands what its reader puts in.
struct Guide {
    host: &'static str,
    dump: &'static str,
    restore: &'static str,
    /// Whether it brings everything back.
    whole: bool,
}

const GUIDES: &[Guide] = &[
    Guide {
        host: "Neon, backups with pg_dump",
        dump: r#"pg_dump -Fc -v -d "{url}?sslmode=require&channel_binding=require" -f mydatabase.bak"#,
        restore: r#"pg_restore -v -d "{target_url}?sslmode=require&channel_binding=require" mydatabase.bak"#,
        whole: true,
    },
    Guide {
        host: "Neon, download a backup",
        dump: r#"NEON_URL="{url}?sslmode=require"; pg_dump -Fc -d "$NEON_URL" -f "neondb-$(date +%Y-%m-%d).dump""#,
        restore: r#"TARGET_URL="{target_url}"; pg_restore -v -d "$TARGET_URL" --no-owner neondb-*.dump"#,
        whole: true,
    },
    Guide {
        host: "Neon, through a pipe",
        dump: r#"set -o pipefail; pg_dump -Fc -v -d "{url}?sslmode=require" | pg_restore -v -d "{target_url}?sslmode=require""#,
        restore: "true",
        whole: true,
    },
    Guide {
        host: "Prisma Postgres, backups",
        dump: r#"pg_dump -Fc -v -d "{url}?sslmode=require" -n public -f db_dump.bak"#,
        // The schema public is there already, which pg_restore says and ignores.
        restore: r#"pg_restore -d "{target_url}?sslmode=require" -v ./db_dump.bak && echo "-complete-""#,
        whole: false,
    },
    Guide {
        host: "Prisma Postgres, from Supabase",
        dump: r#"export SUPABASE_DATABASE_URL='{url}'; pg_dump -Fc -d "$SUPABASE_DATABASE_URL" -n public -f supabase_dump.bak"#,
        restore: r#"export PRISMA_POSTGRES_DATABASE_URL='{target_url}?sslmode=require'; pg_restore --no-owner --no-acl -d "$PRISMA_POSTGRES_DATABASE_URL" supabase_dump.bak"#,
        whole: false,
    },
    Guide {
        host: "Supabase to Neon",
        dump: "pg_dump -Fc -v -d {url} --schema=public -f supabase_dump.bak",
        restore: "pg_restore -v -d {target_url} --no-owner --no-acl supabase_dump.bak",
        whole: false,
    },
    Guide {
        host: "Supabase, from Heroku",
        dump: "PGPASSWORD={password} PGSSLMODE=require pg_dump -Fc --clean --if-exists --quote-all-identifiers \
               -h {server} -p {port} -U {user} -d {database} --no-owner --no-privileges > heroku_dump.dump",
        restore: "PGPASSWORD={password} pg_restore --clean --if-exists -h {server} -p {port} -U {user} -d {target} heroku_dump.dump",
        whole: false,
    },
    Guide {
        host: "Heroku",
        dump: "PGPASSWORD={password} pg_dump -Fc --no-acl --no-owner -h {server} -p {port} -U {user} {database} > mydb.dump",
        restore: "PGPASSWORD={password} pg_restore --verbose --clean --no-acl --no-owner -h {server} -p {port} -U {user} -d {target} mydb.dump",
        whole: false,
    },
    Guide {
        host: "Amazon RDS",
        dump: "export PGPASSWORD={password} PGSSLMODE=verify-full PGSSLROOTCERT=global-bundle.pem; \
               pg_dump --host={server} --port={port} --username={user} --format=custom -Z 1 -b -v -f \"dump.backup\" --dbname={database}",
        restore: "export PGPASSWORD={password}; pg_restore -v -j 4 -h {server} -p {port} -U {user} -d {target} dump.backup",
        whole: true,
    },
    Guide {
        host: "Azure",
        dump: "PGPASSWORD={password} PGSSLMODE=require pg_dump -Fc -v --host={server} --port={port} --username={user} --dbname={database} -f testdb.dump",
        restore: "PGPASSWORD={password} pg_restore -v --no-owner --host={server} --port={port} --username={user} --dbname={target} testdb.dump",
        whole: true,
    },
    Guide {
        host: "Aiven, key and value",
        dump: r#"pg_dump -d 'host={server} port={port} user={user} password={password} dbname={database} sslmode=verify-ca sslrootcert=global-bundle.pem' -F c -Z 9 -f db.dump"#,
        restore: r#"pg_restore -d 'host={server} port={port} user={user} password={password} dbname={target} sslmode=require' --jobs 4 db.dump"#,
        whole: true,
    },
    Guide {
        host: "Google Cloud SQL",
        dump: "echo '{server}:{port}:*:{user}:{password}' > pass; chmod 600 pass; export PGPASSFILE=$PWD/pass; \
               pg_dump -h {server} -p {port} -U {user} --format=custom --no-owner --no-acl {database} > {database}.dmp",
        restore: "PGPASSFILE=$PWD/pass pg_restore -h {server} -p {port} -U {user} -d {target} {database}.dmp",
        whole: false,
    },
    Guide {
        host: "Dokploy, compressed once more",
        dump: "set -o pipefail; PGPASSWORD={password} pg_dump -Fc --no-acl --no-owner -h {server} -p {port} -U {user} --no-password '{database}' | gzip > db.gz",
        restore: "set -o pipefail; gunzip -c db.gz | PGPASSWORD={password} pg_restore -d {target} -h {server} -p {port} -U {user} --no-password -O --clean --if-exists",
        whole: false,
    },
];

const PASSWORD: &str = "npg_AbC123dEf";

/// A server as hosts run them, and the certificate of the authority that stands behind it.
fn host() -> (Server, String) {
    let authority = Authority::new("the host's authority").unwrap();
    let server = Server::builder(Major::V17)
        .tls(&authority.sign_host("localhost").unwrap())
        .setting("password_encryption", "scram-sha-256")
        .access_rules(
            "local all all trust\n\
             hostssl all all all scram-sha-256\n\
             hostnossl all all all reject\n",
        )
        .start()
        .unwrap();
    (server, authority.pem())
}

/// A database of a customer, who is no superuser.
fn sample(server: &Server, user: &str) -> Database {
    let database = server.database_with(&DatabaseOptions {
        name: "neondb".to_owned(),
        more: format!("OWNER {user}"),
        ..DatabaseOptions::default()
    });
    database.execute_sql(format!(
        "SET ROLE {user};
         CREATE SCHEMA auth;
         CREATE TABLE auth.users (id int PRIMARY KEY, email text NOT NULL);
         CREATE TYPE public.state AS ENUM ('new', 'paid');
         CREATE TABLE public.\"Order\" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             \"userId\" int, state public.state DEFAULT 'new', total numeric(10,2) CHECK (total >= 0), at timestamptz DEFAULT now());
         CREATE TABLE public.item (id serial PRIMARY KEY, \"orderId\" int REFERENCES public.\"Order\" ON DELETE CASCADE, name text);
         CREATE INDEX ON public.item (lower(name));
         CREATE VIEW public.paid AS SELECT * FROM public.\"Order\" WHERE state = 'paid';
         CREATE FUNCTION public.touch() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.at = now(); RETURN NEW; END$$;
         CREATE TRIGGER touching BEFORE UPDATE ON public.\"Order\" FOR EACH ROW EXECUTE FUNCTION public.touch();
         ALTER TABLE public.item ENABLE ROW LEVEL SECURITY;
         CREATE POLICY own ON public.item USING (\"orderId\" > 0);
         GRANT SELECT ON public.item TO PUBLIC;
         COMMENT ON TABLE public.item IS 'What was ordered';
         INSERT INTO auth.users SELECT n, n || '@example.com' FROM generate_series(1, 50) n;
         INSERT INTO public.\"Order\" (\"userId\", state, total) SELECT n, CASE n % 2 WHEN 0 THEN 'paid' ELSE 'new' END::public.state, n FROM generate_series(1, 200) n;
         INSERT INTO public.item (\"orderId\", name) SELECT 1 + n % 200, 'item ' || n FROM generate_series(1, 1000) n;
         SELECT lo_from_bytea(4711, 'a large object');"
    ));
    database
}

/// All that a database holds, as lines in no order: rows may come back in another.
fn content(database: &Database) -> Vec<String> {
    let output = checked_output(reference_pg_dump().args(["-d", &database.conninfo()])).unwrap();
    let text = String::from_utf8(without_internal_options(&output.stdout)).unwrap();
    let lines = text.lines().filter(|line| {
        !["\\restrict", "\\unrestrict"]
            .iter()
            .any(|start| line.starts_with(start))
    });
    let mut lines: Vec<_> = lines.map(str::to_owned).collect();
    lines.sort();
    lines
}

/// Follows a guide with one program; returns the two exit statuses and what the target holds then.
fn follow(
    guide: &Guide,
    program: &str,
    source: &Database,
    user: &str,
    authority: &str,
) -> ([Option<i32>; 2], Vec<String>) {
    let target = source.empty_sibling().unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("global-bundle.pem"), authority).unwrap();
    let port = source.server().port().to_string();
    let url = |database: &Database| {
        format!(
            "postgresql://{user}:{PASSWORD}@localhost:{port}/{}",
            database.name()
        )
    };
    let follow = |line: &str| {
        let line = line
            .replace("{url}", &url(source))
            .replace("{target_url}", &url(&target))
            .replace("{server}", "localhost")
            .replace("{port}", &port)
            .replace("{user}", user)
            .replace("{password}", PASSWORD)
            .replace("{database}", source.name())
            .replace("{target}", target.name());
        let output = run(&mut shell(folder.path(), &[], &line));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains(PASSWORD), "{line}: {said}");
        if !output.status.success() {
            println!("{}, {program}: {line}: {said}", guide.host);
        }
        output.status.code()
    };
    let dumped = follow(&guide.dump.replace("pg_dump ", &format!("{program} ")));
    let restored = follow(guide.restore);
    ([dumped, restored], content(&target))
}

fn run(command: &mut Command) -> std::process::Output {
    command
        .output()
        .expect("bash is a part of every system that runs these tests")
}

#[test]
fn guides_work_with_the_programs_name_replaced() {
    let (server, authority) = host();
    let user = server.role(&format!("LOGIN PASSWORD '{PASSWORD}'"));
    let source = sample(&server, &user);
    let before = content(&source);
    for guide in GUIDES {
        let (statuses, stock) = follow(guide, "pg_dump", &source, &user, &authority);
        assert_eq!(statuses[0], Some(0), "{}: stock's own dump", guide.host);
        let (ours_statuses, ours) = follow(guide, "pgdumprs", &source, &user, &authority);
        assert_eq!(statuses, ours_statuses, "{}", guide.host);
        assert!(
            stock == ours,
            "{}: the restored databases are not the same",
            guide.host
        );
        assert!(
            stock.iter().any(|line| line.contains("item 1000")),
            "{}: rows",
            guide.host
        );
        if guide.whole {
            assert_eq!(statuses[1], Some(0), "{}", guide.host);
            assert!(ours == before, "{}: something is missing", guide.host);
        }
    }
}

/// Hosts whose certificates come from an authority that everybody knows. Both programs find what this machine trusts where
/// SSL_CERT_FILE says, so that a test can have a say in it.
#[test]
fn what_the_system_trusts_is_trusted() {
    let (server, authority) = host();
    let user = server.role(&format!("LOGIN PASSWORD '{PASSWORD}'"));
    let folder = tempfile::tempdir().unwrap();
    let stranger = Authority::new("a stranger").unwrap().pem();
    for (pem, status) in [(authority, Some(0)), (stranger, Some(1))] {
        let trusted = folder.path().join("trusted.pem");
        std::fs::write(&trusted, pem).unwrap();
        for program in ["pg_dump", "pgdumprs"] {
            let line = format!(
                "{program} -Fc -s -f db.dump -d 'postgresql://{user}:{PASSWORD}@localhost:{}/postgres?sslmode=verify-full&sslrootcert=system'",
                server.port()
            );
            let output = run(shell(folder.path(), &[], &line).env("SSL_CERT_FILE", &trusted));
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), status, "{program}: {said}");
            assert_eq!(said.contains("certificate"), status == Some(1), "{said}");
        }
    }
}
