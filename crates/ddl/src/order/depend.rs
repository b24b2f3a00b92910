//! Dependencies between objects: those that `pg_depend` records, and those that keep the sections apart.

use pgdumprs_catalog::CatalogId;

use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind};

/// The section boundaries, which loop repair moves objects across.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Boundaries {
    pub(crate) pre_data: DumpId,
    pub(crate) post_data: DumpId,
}

/// Adds the dependencies that the catalog records between objects of this dump.
pub(crate) fn collect(dump: &mut Dump) {
    for row in &dump.details.dependencies {
        let (Some(id), Some(on)) = (dump.objects.find(row.object), dump.objects.find(row.on))
        else {
            // One of them is nothing that can be dumped: a TOAST table, say.
            continue;
        };
        if row.kind == b'x' {
            dump.objects.get_mut(id).depends_on_ext = true;
        }
        // A composite type owns the relation behind it, but its definition needs the relation's columns.
        let reversed = row.kind == b'i'
            && matches!(dump.objects.get(id).kind, Kind::Table(_))
            && matches!(dump.objects.get(on).kind, Kind::Type(_));
        if reversed {
            dump.objects.add_dependency(on, id);
        } else {
            dump.objects.add_dependency(id, on);
        }
    }
}

/// Makes the two boundaries and ties every object to the side of them that its section is on.
///
/// The sides must agree with the sections that the files of the kinds give their entries.
pub(crate) fn add_boundaries(dump: &mut Dump) -> Boundaries {
    let objects = &mut dump.objects;
    let pre_data = objects.add(
        Kind::PreDataBoundary,
        CatalogId::default(),
        "PRE-DATA BOUNDARY",
        None,
    );
    let post_data = objects.add(
        Kind::PostDataBoundary,
        CatalogId::default(),
        "POST-DATA BOUNDARY",
        None,
    );
    let ids: Vec<_> = objects.iter().map(|object| object.id).collect();
    for id in ids {
        let object = objects.get(id);
        match object.kind {
            Kind::PreDataBoundary => {}
            Kind::PostDataBoundary => objects.add_dependency(id, pre_data),
            Kind::TableData(_)
            | Kind::SequenceSet(_)
            | Kind::LargeObject(_)
            | Kind::LargeObjectData(_) => {
                objects.add_dependency(id, pre_data);
                objects.add_dependency(post_data, id);
            }
            // The statistics of a materialized view can only follow its data, which comes in post-data.
            Kind::RelationStatistics(_) if object.postponed => {
                objects.add_dependency(id, post_data)
            }
            Kind::RelationStatistics(_) => {
                objects.add_dependency(id, pre_data);
                objects.add_dependency(post_data, id);
            }
            Kind::Rule(_)
            | Kind::Constraint(_)
            | Kind::DomainConstraint(_)
            | Kind::FkConstraint(_) => {
                // Those that are not separate are part of a pre-data object.
                if object.separate {
                    objects.add_dependency(id, post_data);
                }
            }
            Kind::Index(_)
            | Kind::IndexAttach(_)
            | Kind::IndexStatistics(_)
            | Kind::StatisticsExt(_)
            | Kind::RefreshMatview(_)
            | Kind::Trigger(_)
            | Kind::EventTrigger(_)
            | Kind::DefaultAcl(_)
            | Kind::Policy(_)
            | Kind::RowSecurity(_)
            | Kind::Publication(_)
            | Kind::PublicationRel(_)
            | Kind::PublicationNamespace(_)
            | Kind::Subscription(_) => objects.add_dependency(id, post_data),
            _ => objects.add_dependency(pre_data, id),
        }
    }
    Boundaries {
        pre_data,
        post_data,
    }
}
