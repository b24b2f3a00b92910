//! Parameters that libpq does not know: whose they are, or what was meant.

use crate::parameters::conninfo::ConnInfoError;
use crate::parameters::keywords::KEYWORDS;
use crate::parameters::shown::{HIDDEN, shown_keyword};

/// Parameters of connection strings that other programs and libraries have added, by whose they are. None of them matters to a dump.
const FOREIGN: &[(&str, &str)] = &[
    (
        "Prisma's",
        "schema connection_limit pool_timeout pgbouncer sslaccept sslidentity socket_timeout \
         single_use_connections max_connection_lifetime max_idle_connection_lifetime",
    ),
    (
        "node-postgres's",
        "uselibpqcompat query_timeout connectionTimeoutMillis idleTimeoutMillis maxUses max min keepAlive \
         allowExitOnIdle enableChannelBinding",
    ),
    (
        "JDBC's",
        "currentSchema ApplicationName adaptiveFetch allowEncodingChanges assumeMinServerVersion autosave \
         binaryTransfer cancelSignalTimeout channelBinding cleanupSavepoints connectTimeout \
         databaseMetadataCacheFields defaultRowFetchSize disableColumnSanitiser escapeSyntaxCallMode \
         gssEncMode hostRecheckSeconds jaasLogin kerberosServerName loadBalanceHosts logUnclosedConnections \
         loginTimeout maxResultBuffer preferQueryMode prepareThreshold preparedStatementCacheQueries \
         preparedStatementCacheSizeMiB protocolVersion readOnly readOnlyMode receiveBufferSize \
         reWriteBatchedInserts sendBufferSize socketFactory socketTimeout sslfactory sslfactoryarg \
         sslhostnameverifier sslpasswordcallback sslResponseTimeout stringtype targetServerType tcpKeepAlive \
         tcpNoDelay unknownLength",
    ),
    (
        "those of Go's libraries",
        "pool_max_conns pool_min_conns pool_min_idle_conns pool_max_conn_lifetime \
         pool_max_conn_lifetime_jitter pool_max_conn_idle_time pool_health_check_period \
         default_query_exec_mode statement_cache_capacity statement_cache_mode description_cache_capacity \
         prefer_simple_protocol binary_parameters disable_prepared_binary_result x-migrations-table \
         x-multi-statement",
    ),
    (
        "Rails's",
        "adapter pool timeout checkout_timeout reaping_frequency idle_timeout prepared_statements \
         advisory_locks schema_search_path statement_limit min_messages encoding variables",
    ),
    (
        "those of Python's libraries",
        "async_fallback charset command_timeout conn_health_checks conn_max_age direct_tls \
         max_cacheable_statement_size max_cached_statement_lifetime max_overflow pool_pre_ping pool_recycle \
         pool_size prepare_threshold prepared_statement_cache_size prepared_statement_name_func \
         server_settings statement_cache_size",
    ),
    (
        "those of Rust's libraries",
        "statement-cache-capacity ssl-mode ssl-ca ssl-cert ssl-key keepalives_retries",
    ),
    ("a host's mark of its pooler", "supa workaround"),
    (
        "settings of the session, which a dump chooses itself",
        "search_path statement_timeout lock_timeout idle_in_transaction_session_timeout timezone TimeZone \
         DateStyle datestyle client_min_messages",
    ),
];

/// What people write for libpq's own parameters.
const MEANT: &[(&str, &str)] = &[
    ("dbname", "database databasename db"),
    ("user", "username user_name role uid"),
    ("password", "pass passwd pwd"),
    ("host", "hostname server address"),
    ("sslmode", "ssl tls ssl_mode"),
    ("sslrootcert", "ssl_ca sslca"),
];

/// Whose parameter it is; `None` where it is nobody's that is known.
pub(crate) fn owner(keyword: &str) -> Option<&'static str> {
    named(FOREIGN, keyword)
}

/// The parameter of libpq that was meant by another name, or by other letter case.
fn meant(keyword: &str) -> Option<&'static str> {
    let lower = keyword.to_ascii_lowercase();
    let other_case = KEYWORDS.iter().find(|known| known.name == lower);
    other_case
        .map(|known| known.name)
        .or_else(|| named(MEANT, &lower))
}

/// What stands beside a name in a table.
fn named(table: &[(&'static str, &str)], name: &str) -> Option<&'static str> {
    let row = table
        .iter()
        .find(|(_, names)| names.split_whitespace().any(|known| known == name));
    row.map(|(beside, _)| *beside)
}

/// The error for all the parameters of a connection string that libpq does not know.
///
/// Behind a password with a blank in it, what looks like a keyword may be the rest of the password: there, with `is_doubtful`, only what is
/// known is shown.
pub(crate) fn unknown(keywords: &[(String, bool)]) -> ConnInfoError {
    let mut groups: Vec<(Option<&str>, Vec<String>)> = Vec::new();
    let mut foreign = 0;
    for (keyword, is_doubtful) in keywords {
        let (owner, meant) = (owner(keyword), meant(keyword));
        foreign += usize::from(owner.is_some());
        let is_shown = owner.is_some() || meant.is_some() || !is_doubtful;
        let mut text = format!(
            "{:?}",
            if is_shown {
                shown_keyword(keyword)
            } else {
                HIDDEN
            }
        );
        if let Some(meant) = meant.filter(|_| owner.is_none()) {
            text.push_str(&format!(" (did you mean {meant:?}?)"));
        }
        match groups.iter_mut().find(|(group, _)| *group == owner) {
            Some((_, texts)) if !texts.contains(&text) => texts.push(text),
            Some(_) => {}
            None => groups.push((owner, vec![text])),
        }
    }
    let groups = groups.iter().map(|(owner, texts)| {
        let owner = owner.map(|owner| format!(" ({owner})")).unwrap_or_default();
        format!("{}{owner}", texts.join(", "))
    });
    let text = groups.collect::<Vec<_>>().join(", ");
    let parameters = match keywords {
        [_] => "unknown connection parameter",
        _ => "unknown connection parameters",
    };
    let advice = match (foreign, keywords.len()) {
        _ if text.contains(HIDDEN) => {
            "; if that is a part of a password: in a URI, \"@\" is written %40, \"/\" %2F and \"?\" %3F, elsewhere values \
             with blanks need single quotes"
        }
        (0, _) => "",
        (foreign, all) if foreign == all && all == 1 => "; take it out of the connection string",
        (foreign, all) if foreign == all => "; take them out of the connection string",
        _ => "; take out of the connection string what belongs to others",
    };
    ConnInfoError::new(format!("{parameters} {text}{advice}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(keywords: &[&str]) -> String {
        let keywords: Vec<_> = keywords
            .iter()
            .map(|&keyword| (keyword.to_owned(), false))
            .collect();
        unknown(&keywords).to_string()
    }

    #[test]
    fn all_are_named_at_once_with_whose_they_are() {
        assert_eq!(
            said(&["schema", "connection_limit", "currentSchema", "pgbouncer"]),
            "unknown connection parameters \"schema\", \"connection_limit\", \"pgbouncer\" (Prisma's), \"currentSchema\" \
             (JDBC's); take them out of the connection string"
        );
        assert_eq!(
            said(&["uselibpqcompat"]),
            "unknown connection parameter \"uselibpqcompat\" (node-postgres's); take it out of the connection string"
        );
        assert_eq!(
            said(&["hots", "schema"]),
            "unknown connection parameters \"hots\", \"schema\" (Prisma's); take out of the connection string what belongs to \
             others"
        );
    }

    #[test]
    fn what_was_meant_is_named() {
        for (keyword, meant) in [
            ("database", "dbname"),
            ("sslMode", "sslmode"),
            ("Host", "host"),
            ("Username", "user"),
        ] {
            let said = said(&[keyword]);
            assert!(
                said.contains(&format!("did you mean \"{meant}\"?")),
                "{said}"
            );
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        let doubtful = [("secret".to_owned(), true), ("schema".to_owned(), true)];
        let said = unknown(&doubtful).to_string();
        assert!(
            said.contains("\"…\", \"schema\"") && !said.contains("secret"),
            "{said}"
        );
        assert!(!self::said(&["u:secret@h/d?sslmode"]).contains("secret"));
    }

    #[test]
    fn none_is_libpqs_own() {
        for (_, names) in FOREIGN.iter().chain(MEANT) {
            for name in names.split_whitespace() {
                assert!(KEYWORDS.iter().all(|known| known.name != name), "{name}");
            }
        }
    }
}
