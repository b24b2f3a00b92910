//! Extended statistics.

use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, class};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every statistics object whose table is dumped. It is dumped where its own schema is.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.details.post_data.statistics_ext.len() {
        let row = &dump.details.post_data.statistics_ext[i];
        let (name, catalog_id) = (
            row.name.clone(),
            CatalogId::new(class::PG_STATISTIC_EXT, row.oid),
        );
        let namespace = dump.find_namespace(row.namespace, || format!("statistics \"{name}\""))?;
        let id = dump
            .objects
            .add(Kind::StatisticsExt(i), catalog_id, name, Some(namespace));
        selection::select(dump, id);
    }
    Ok(())
}

/// Renders a statistics object and the comment on it.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, object: &Object, index: usize) {
    if !dump.options.schema {
        return;
    }
    let row = &dump.details.post_data.statistics_ext[index];
    let owner = dump.listing.role(row.owner);
    if object.dumps(Components::DEFINITION) {
        let qualified = dump.qualified(object);
        let mut definition = sql![row.definition, ";\n"];
        if let Some(target) = row.target {
            push!(
                definition,
                "ALTER STATISTICS ",
                qualified,
                " SET STATISTICS ",
                target.to_string(),
                ";\n"
            );
        }
        toc.push(Entry {
            tag: Some(row.name.clone()),
            namespace: dump.namespace_name(object).map(ToOwned::to_owned),
            owner: Some(owner.to_owned()),
            definition: Some(definition),
            drop: Some(sql!["DROP STATISTICS ", qualified, ";\n"]),
            ..Toc::entry_of(object, "STATISTICS", Section::PostData)
        });
    }
    if object.dumps(Components::COMMENT) {
        let subject = Subject::of(dump, object, "STATISTICS", dump.ident(&row.name), owner);
        comment::render(dump, toc, &subject);
    }
}
