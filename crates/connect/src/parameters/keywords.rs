//! The connection parameters that libpq 19 knows.

/// A connection parameter.
#[derive(Debug)]
pub(crate) struct Keyword {
    pub(crate) name: &'static str,
    /// The environment variable that sets it where nothing else does.
    pub(crate) variable: Option<&'static str>,
    /// Whether its value must never be shown.
    pub(crate) secret: bool,
}

const fn known(name: &'static str, variable: &'static str) -> Keyword {
    Keyword {
        name,
        variable: Some(variable),
        secret: false,
    }
}

const fn unexported(name: &'static str) -> Keyword {
    Keyword {
        name,
        variable: None,
        secret: false,
    }
}

const fn secret(name: &'static str) -> Keyword {
    Keyword {
        name,
        variable: None,
        secret: true,
    }
}

/// Every parameter, in the order of libpq's documentation.
pub(crate) const KEYWORDS: &[Keyword] = &[
    known("host", "PGHOST"),
    known("hostaddr", "PGHOSTADDR"),
    known("port", "PGPORT"),
    known("dbname", "PGDATABASE"),
    known("user", "PGUSER"),
    Keyword {
        name: "password",
        variable: Some("PGPASSWORD"),
        secret: true,
    },
    known("passfile", "PGPASSFILE"),
    known("require_auth", "PGREQUIREAUTH"),
    known("channel_binding", "PGCHANNELBINDING"),
    known("connect_timeout", "PGCONNECT_TIMEOUT"),
    known("client_encoding", "PGCLIENTENCODING"),
    known("options", "PGOPTIONS"),
    known("application_name", "PGAPPNAME"),
    unexported("fallback_application_name"),
    unexported("keepalives"),
    unexported("keepalives_idle"),
    unexported("keepalives_interval"),
    unexported("keepalives_count"),
    unexported("tcp_user_timeout"),
    unexported("replication"),
    known("gssencmode", "PGGSSENCMODE"),
    known("sslmode", "PGSSLMODE"),
    known("sslnegotiation", "PGSSLNEGOTIATION"),
    known("sslcompression", "PGSSLCOMPRESSION"),
    known("sslcert", "PGSSLCERT"),
    known("sslkey", "PGSSLKEY"),
    secret("sslpassword"),
    known("sslcertmode", "PGSSLCERTMODE"),
    known("sslrootcert", "PGSSLROOTCERT"),
    known("sslcrl", "PGSSLCRL"),
    known("sslcrldir", "PGSSLCRLDIR"),
    known("sslsni", "PGSSLSNI"),
    known("requirepeer", "PGREQUIREPEER"),
    known("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    known("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    known("min_protocol_version", "PGMINPROTOCOLVERSION"),
    known("max_protocol_version", "PGMAXPROTOCOLVERSION"),
    known("krbsrvname", "PGKRBSRVNAME"),
    known("gsslib", "PGGSSLIB"),
    known("gssdelegation", "PGGSSDELEGATION"),
    secret("scram_client_key"),
    secret("scram_server_key"),
    known("service", "PGSERVICE"),
    known("servicefile", "PGSERVICEFILE"),
    known("target_session_attrs", "PGTARGETSESSIONATTRS"),
    known("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    unexported("oauth_issuer"),
    unexported("oauth_client_id"),
    secret("oauth_client_secret"),
    unexported("oauth_scope"),
    known("oauth_ca_file", "PGOAUTHCAFILE"),
    unexported("sslkeylogfile"),
];

/// The parameter of that name.
pub(crate) fn find(name: &str) -> Option<&'static Keyword> {
    KEYWORDS.iter().find(|keyword| keyword.name == name)
}

/// Parameters that say where other parameters are found.
pub(crate) fn is_about_services(keyword: &str) -> bool {
    matches!(keyword, "service" | "servicefile")
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn the_guide_has_every_parameter_with_its_variable() {
        let guide = include_str!("../../../../docs/connections.md");
        let rows: Vec<_> = guide
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        assert_eq!(rows.len(), KEYWORDS.len());
        for keyword in KEYWORDS {
            let variable = keyword.variable.map(|name| format!("`{name}` "));
            let row = format!("| `{}` | {}|", keyword.name, variable.unwrap_or_default());
            assert!(rows.iter().any(|line| line.starts_with(&row)), "{row}");
        }
    }
}
