//! The order by kind, schema and name that sorting by dependencies starts from.

use std::cmp::Ordering;
use std::collections::HashMap;

use bstr::BStr;
use pgdumprs_catalog::class;

use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object, Objects, Tie};

/// All objects by rank of kind, then schema, then name, then what breaks ties for the kind, then OID.
pub(super) fn sort(dump: &Dump) -> Vec<DumpId> {
    let types = type_names(dump);
    let mut sorted: Vec<&Object> = dump.objects.iter().collect();
    sorted.sort_by(|a, b| compare(dump, &types, a, b));
    sorted.into_iter().map(|object| object.id).collect()
}

/// Schema and name of every type, for comparing arguments by what they are called rather than by OID.
type TypeNames<'a> = HashMap<u32, (Option<&'a BStr>, &'a BStr)>;

fn type_names(dump: &Dump) -> TypeNames<'_> {
    let is_type = |object: &&Object| object.catalog_id.tableoid == class::PG_TYPE;
    let name = |object: &'_ Object| {
        (
            object.catalog_id.oid,
            (dump.namespace_name(object), object.id),
        )
    };
    let mut names = TypeNames::new();
    for (oid, (namespace, id)) in dump.objects.iter().filter(is_type).map(name) {
        names.insert(oid, (namespace, dump.objects.get(id).name.as_ref()));
    }
    names
}

/// The rank of a kind. Pre-data kinds rank before the first boundary, data kinds between the two, post-data kinds after the
/// second; within a section the ranks make most dependencies hold without further moves. Equal ranks mix by name.
fn rank(kind: Kind) -> u8 {
    match kind {
        Kind::Namespace(_) => 1,
        Kind::Language(_) => 2,
        Kind::Collation(_) => 3,
        Kind::Transform(_) => 4,
        Kind::Extension(_) => 5,
        Kind::Type(_) | Kind::ShellType(_) => 6,
        Kind::Cast(_) => 7,
        Kind::Function(_) => 8,
        Kind::Aggregate(_) => 9,
        Kind::AccessMethod(_) => 10,
        Kind::Operator(_) => 11,
        Kind::OpFamily(_) | Kind::OpClass(_) => 12,
        Kind::Conversion(_) => 13,
        Kind::TsParser(_) => 14,
        Kind::TsTemplate(_) => 15,
        Kind::TsDictionary(_) => 16,
        Kind::TsConfig(_) => 17,
        Kind::ForeignDataWrapper(_) => 18,
        Kind::ForeignServer(_) => 19,
        Kind::Table(_) => 20,
        Kind::TableAttach(_) => 21,
        Kind::DummyType(_) => 22,
        Kind::AttrDef(_) => 23,
        Kind::SingleLargeObject(_) => 24,
        Kind::PreDataBoundary => 25,
        Kind::TableData(_) => 26,
        Kind::SequenceSet(_) => 27,
        Kind::LargeObject(_) => 28,
        Kind::LargeObjectData(_) => 29,
        Kind::RelationStatistics(_) | Kind::IndexStatistics(_) => 30,
        Kind::PostDataBoundary => 31,
        Kind::Constraint(_) | Kind::DomainConstraint(_) => 32,
        Kind::Index(_) => 33,
        Kind::IndexAttach(_) => 34,
        Kind::StatisticsExt(_) => 35,
        Kind::Rule(_) => 36,
        Kind::Trigger(_) => 37,
        Kind::FkConstraint(_) => 38,
        Kind::Policy(_) | Kind::RowSecurity(_) => 39,
        Kind::Publication(_) => 40,
        Kind::PublicationRel(_) => 41,
        Kind::PublicationNamespace(_) => 42,
        Kind::Subscription(_) => 43,
        Kind::DefaultAcl(_) => 44,
        Kind::EventTrigger(_) => 45,
        Kind::RefreshMatview(_) => 46,
    }
}

/// Between kinds of equal rank and objects of equal name: which kind comes first.
fn kind_order(kind: Kind) -> u8 {
    match kind {
        Kind::ShellType(_) | Kind::OpFamily(_) => 1,
        _ => 0,
    }
}

fn compare(dump: &Dump, types: &TypeNames<'_>, a: &Object, b: &Object) -> Ordering {
    rank(a.kind)
        .cmp(&rank(b.kind))
        .then_with(|| match (dump.namespace_name(a), dump.namespace_name(b)) {
            (Some(a), Some(b)) => a.cmp(b),
            // Objects without a schema come last.
            (a, b) => b.is_some().cmp(&a.is_some()),
        })
        .then_with(|| a.name.cmp(&b.name))
        .then_with(|| kind_order(a.kind).cmp(&kind_order(b.kind)))
        .then_with(|| break_tie(&dump.objects, types, a, b))
        .then_with(|| a.catalog_id.oid.cmp(&b.catalog_id.oid))
        // Objects made here have no OID. The order of creation keeps the result the same from run to run.
        .then_with(|| a.id.cmp(&b.id))
}

fn break_tie(objects: &Objects, types: &TypeNames<'_>, a: &Object, b: &Object) -> Ordering {
    let type_order = |a: u32, b: u32| match (types.get(&a), types.get(&b)) {
        (Some(a), Some(b)) => a.cmp(b),
        _ => Ordering::Equal,
    };
    match (&a.tie, &b.tie) {
        (Tie::Number(a), Tie::Number(b)) => a.cmp(b),
        (Tie::Name(a), Tie::Name(b)) => a.cmp(b),
        (Tie::Arguments(a), Tie::Arguments(b)) => a.len().cmp(&b.len()).then_with(|| {
            let orders = a.iter().zip(b).map(|(&a, &b)| type_order(a, b));
            orders.fold(Ordering::Equal, Ordering::then)
        }),
        (
            Tie::Operator {
                kind: kind_a,
                left: left_a,
                right: right_a,
            },
            Tie::Operator {
                kind: kind_b,
                left: left_b,
                right: right_b,
            },
        ) => kind_b
            .cmp(kind_a)
            .then_with(|| type_order(*left_a, *left_b))
            .then_with(|| type_order(*right_a, *right_b)),
        (Tie::Part, Tie::Part) => {
            let whole = |object: &Object| {
                object
                    .part_of
                    .map(|id| objects.get(id))
                    .map(|o| (rank(o.kind), &o.name))
            };
            whole(a).cmp(&whole(b))
        }
        _ => Ordering::Equal,
    }
}
