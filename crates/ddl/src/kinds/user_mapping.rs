//! User mappings, which come with their foreign server.

use bstr::BStr;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{ForeignServer, Oid};

use crate::contents::toc::Toc;
use crate::kinds::foreign_data_wrapper::options_clause;
use crate::state::dump::Dump;
use crate::state::object::Kind;
use crate::{Components, Error};

/// OIDs of the foreign servers whose user mappings are dumped.
pub(crate) fn wanted(dump: &Dump) -> Vec<Oid> {
    let objects = dump.objects.iter().filter(|object| {
        dump.options.schema
            && matches!(object.kind, Kind::ForeignServer(_))
            && object.dumps(Components::USERMAP)
    });
    objects.map(|object| object.catalog_id.oid).collect()
}

/// Renders the user mappings of a server of this owner, by name of the role. They are no objects of the dump, so that nothing depends on them.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    server: &ForeignServer,
    owner: &BStr,
) -> Result<(), Error> {
    let mappings = &dump.details.user_mappings;
    let start = mappings.partition_point(|row| row.server < server.oid);
    for row in mappings[start..]
        .iter()
        .take_while(|row| row.server == server.oid)
    {
        let Some(role) = &row.role else {
            return Err(Error::NoMappedRole {
                server: server.name.to_string(),
            });
        };
        let what = sql![dump.ident(role), " SERVER ", dump.ident(&server.name)];
        let options = options_clause(row.options.as_ref());
        let entry = toc.entry_on("USER MAPPING", &[]);
        toc.push(Entry {
            tag: Some(sql!["USER MAPPING ", role, " SERVER ", server.name]),
            owner: Some(owner.to_owned()),
            section: Section::PreData,
            definition: Some(sql!["CREATE USER MAPPING FOR ", what, options, ";\n"]),
            drop: Some(sql!["DROP USER MAPPING FOR ", what, ";\n"]),
            ..entry
        });
    }
    Ok(())
}
