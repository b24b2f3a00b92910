//! Databases of odd names.

use pgdumprs_testkit::{DatabaseOptions, Major, for_each_major};

use crate::support::{ALL_WAYS, compare};

#[test]
fn databases_may_have_any_name() {
    for_each_major(|server| {
        // Since 19, names of databases have no line breaks.
        let line_break = if server.major() < Major::V19 {
            "\n"
        } else {
            ""
        };
        let database = server.database_with(&DatabaseOptions {
            name: format!("Db \"x\" 'y' \\ %s%20 $$ a=b{line_break}é漢"),
            ..DatabaseOptions::default()
        });
        database.execute_sql(
            "DO $do$ BEGIN
                 EXECUTE format('COMMENT ON DATABASE %I IS %L', current_database(), current_database());
                 EXECUTE format('ALTER DATABASE %I SET search_path = %I, public', current_database(), current_database());
                 EXECUTE format('GRANT CREATE ON DATABASE %I TO PUBLIC', current_database());
             END $do$",
        );
        // Restored, it has another name, so that its comment and settings are not compared again.
        compare(&database, ALL_WAYS)
    });
}
