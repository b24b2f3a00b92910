//! The database itself (`pg_database`), its settings and its label.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::query::scan::scan;
use crate::{Acl, Error, Oid};

/// Where a database's default collation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LocaleProvider {
    /// The operating system; the only one before 15.
    #[default]
    Libc,
    /// The ICU library, since 15.
    Icu,
    /// PostgreSQL itself, since 17.
    Builtin,
}

/// The database that is dumped.
#[derive(Debug, Clone, Default)]
pub struct Database {
    /// OID in `pg_database`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// Name of the encoding that its texts are stored in: `UTF8`, `SQL_ASCII`.
    pub encoding: BString,
    /// Name of the encoding that texts of this session come in.
    pub client_encoding: BString,
    /// Where the default collation comes from.
    pub locale_provider: LocaleProvider,
    /// `LC_COLLATE`.
    pub collate: BString,
    /// `LC_CTYPE`.
    pub ctype: BString,
    /// The provider's own name of the locale, for providers other than libc.
    pub locale: Option<BString>,
    /// Rules that tailor an ICU locale, since 16.
    pub icu_rules: Option<BString>,
    /// Name of the default tablespace.
    pub tablespace: BString,
    /// Whether it can be cloned by anybody who may create databases.
    pub is_template: bool,
    /// How many sessions may use it at once: -1 for any number, -2 for a database that is invalid.
    pub connection_limit: i32,
    /// Privileges on the database.
    pub acl: Acl,
    /// The comment on it.
    pub comment: Option<BString>,
}

impl Listed for Database {
    const WHAT: &'static str = "database properties";

    fn query(version: u32) -> String {
        let locale = match version {
            170000.. => "d.datlocprovider, d.datlocale, d.daticurules",
            160000.. => "d.datlocprovider, d.daticulocale, d.daticurules",
            150000.. => "d.datlocprovider, d.daticulocale, NULL",
            _ => "'c', NULL, NULL",
        };
        format!(
            "SELECT d.oid, d.datname, d.datdba,
                    pg_catalog.pg_encoding_to_char(d.encoding), pg_catalog.current_setting('client_encoding'),
                    d.datcollate, d.datctype, {locale}, ts.spcname, d.datistemplate, d.datconnlimit,
                    d.datacl, pg_catalog.acldefault('d', d.datdba),
                    pg_catalog.shobj_description(d.oid, 'pg_database')
             FROM pg_catalog.pg_database AS d
                  JOIN pg_catalog.pg_tablespace AS ts ON ts.oid = d.dattablespace
             WHERE d.datname = pg_catalog.current_database()"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        let (oid, name, owner) = (cells.oid()?, cells.text()?, cells.oid()?);
        let (encoding, client_encoding) = (cells.text()?, cells.text()?);
        let (collate, ctype) = (cells.text()?, cells.text()?);
        let LocaleProviderCell(locale_provider) = cells.get()?;
        Ok(Self {
            oid,
            name,
            owner,
            encoding,
            client_encoding,
            locale_provider,
            collate,
            ctype,
            locale: cells.opt_text()?,
            icu_rules: cells.opt_text()?,
            tablespace: cells.text()?,
            is_template: cells.bool()?,
            connection_limit: cells.get()?,
            acl: Acl::decode(cells)?,
            comment: cells.opt_text()?,
        })
    }
}

/// A cell of `pg_database.datlocprovider`.
struct LocaleProviderCell(LocaleProvider);

impl pgdumprs_connect::FromCell<'_> for LocaleProviderCell {
    const EXPECTED: &'static str = "a locale provider: b, c or i";

    fn from_cell(cell: Option<&bstr::BStr>) -> Option<Self> {
        match u8::from_cell(cell)? {
            b'b' => Some(Self(LocaleProvider::Builtin)),
            b'c' => Some(Self(LocaleProvider::Libc)),
            b'i' => Some(Self(LocaleProvider::Icu)),
            _ => None,
        }
    }
}

/// A setting that sessions in the database start with (`ALTER DATABASE … SET`, `ALTER ROLE … IN DATABASE … SET`).
#[derive(Debug, Clone)]
pub struct DatabaseSetting {
    /// The role whose sessions it is for; `None` for all.
    pub role: Option<BString>,
    /// `name=value`. Values of settings that hold lists of names are quoted within.
    pub setting: BString,
}

impl Listed for DatabaseSetting {
    const WHAT: &'static str = "database settings";

    /// Settings for all come first. Those for roles come in whatever order the server finds them: the join is written so that
    /// the planner does what it does for pg_dump.
    fn query(_version: u32) -> String {
        "SELECT NULL, pg_catalog.unnest(s.setconfig)
         FROM pg_catalog.pg_db_role_setting AS s
         WHERE s.setrole = 0 AND s.setdatabase = (
             SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
         UNION ALL
         SELECT r.rolname, pg_catalog.unnest(s.setconfig)
         FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.pg_roles AS r
         WHERE s.setrole = r.oid AND s.setdatabase = (
             SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            role: cells.opt_text()?,
            setting: cells.text()?,
        })
    }
}

/// A security label on the database, which stands in a catalog shared by all databases.
#[derive(Debug, Clone)]
pub struct DatabaseLabel {
    /// Name of the label provider, unquoted.
    pub provider: BString,
    /// The label.
    pub label: BString,
}

impl Listed for DatabaseLabel {
    const WHAT: &'static str = "security labels of the database";

    fn query(_version: u32) -> String {
        format!(
            "SELECT l.provider, l.label
             FROM {} AS l
                  JOIN pg_catalog.pg_database AS d ON d.oid = l.objoid
             WHERE l.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
               AND d.datname = pg_catalog.current_database()
             ORDER BY l.place",
            scan("pg_shseclabel", "objoid, classoid, provider, label")
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            provider: cells.text()?,
            label: cells.text()?,
        })
    }
}
