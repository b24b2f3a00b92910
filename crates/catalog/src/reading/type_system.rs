//! Types and what works on them: functions, operators, casts, collations, text search and their like.

use std::collections::HashMap;
use std::hash::Hash;

use crate::kinds::aggregate::AggregateDetails;
use crate::kinds::cast::CastDetails;
use crate::kinds::collation::CollationDetails;
use crate::kinds::conversion::ConversionDetails;
use crate::kinds::domain::{DomainConstraintDetails, DomainDetails};
use crate::kinds::function::FunctionDetails;
use crate::kinds::op_class::OpClassDetails;
use crate::kinds::op_family::{FunctionMember, OperatorMember};
use crate::kinds::operator::OperatorDetails;
use crate::kinds::transform::TransformDetails;
use crate::kinds::ts_config::{TsConfigDetails, TsMapping};
use crate::kinds::ts_dictionary::TsDictionaryDetails;
use crate::kinds::ts_parser::TsParserDetails;
use crate::kinds::ts_template::TsTemplateDetails;
use crate::kinds::type_base::BaseTypeDetails;
use crate::kinds::type_composite::CompositeAttribute;
use crate::kinds::type_enum::EnumDetails;
use crate::kinds::type_range::RangeDetails;
use crate::query::flight::{Flight, Landed, Listed, Ticket};
use crate::{
    AccessMethod, Aggregate, Cast, CatalogId, Collation, Conversion, DataType, DomainConstraint,
    Error, Function, Language, Oid, OpClass, OpFamily, Operator, Scope, Transform, TsConfig,
    TsDictionary, TsParser, TsTemplate,
};

/// Tickets and rows of kinds that are listed, so that each kind is named once.
macro_rules! listed {
    ($($(#[$doc:meta])* $field:ident: $row:ty),* $(,)?) => {
        /// What is listed of the type system. Lists without another order are in the order of their catalogs.
        #[derive(Debug, Default)]
        pub struct TypeSystem {
            $($(#[$doc])* pub $field: Vec<$row>,)*
        }

        /// Where the lists will be found.
        pub(crate) struct ListingTickets {
            $($field: Ticket<$row>,)*
        }

        impl ListingTickets {
            pub(crate) fn new(flight: &mut Flight, scope: &Scope) -> Self {
                Self { $($field: flight.list_if::<$row>(<$row>::is_in_scope(scope)),)* }
            }

            pub(crate) fn take(self, landed: &Landed) -> Result<TypeSystem, Error> {
                Ok(TypeSystem { $($field: landed.take(self.$field)?,)* })
            }
        }
    };
}

listed! {
    /// All types, those of the system too.
    types: DataType,
    /// Constraints of domains, by domain and name.
    domain_constraints: DomainConstraint,
    /// Functions outside pg_catalog, and those in it that matter to the dump.
    functions: Function,
    /// Procedural languages, in OID order.
    languages: Language,
    /// Aggregates outside pg_catalog, and those in it whose privileges were changed.
    aggregates: Aggregate,
    /// All operators.
    operators: Operator,
    /// All access methods.
    access_methods: AccessMethod,
    /// All operator classes.
    op_classes: OpClass,
    /// All operator families.
    op_families: OpFamily,
    /// All text search parsers.
    ts_parsers: TsParser,
    /// All text search templates.
    ts_templates: TsTemplate,
    /// All text search dictionaries.
    ts_dictionaries: TsDictionary,
    /// All text search configurations.
    ts_configs: TsConfig,
    /// All collations.
    collations: Collation,
    /// All conversions.
    conversions: Conversion,
    /// Casts, by the types they cast from and to.
    casts: Cast,
    /// Transforms, by type and language.
    transforms: Transform,
}

/// Tickets and rows of kinds whose details are read: one row for each OID that is wanted.
macro_rules! detailed {
    ($($(#[$doc:meta])* $field:ident: $row:ty),* $(,)?) => {
        /// Objects of the type system whose details are wanted, by kind.
        #[derive(Debug, Clone, Default)]
        pub struct WantedTypeSystem {
            /// Stand-alone composite types.
            pub composites: Vec<Oid>,
            $($(#[$doc])* pub $field: Vec<Oid>,)*
            /// Operator families.
            pub op_families: Vec<Oid>,
        }

        /// Details of the type system.
        #[derive(Debug, Default)]
        pub struct TypeSystemDetails {
            $($(#[$doc])* pub $field: HashMap<Oid, $row>,)*
            /// Attributes of composite types in their order, by the type.
            pub attributes: HashMap<Oid, Vec<CompositeAttribute>>,
            /// Dictionaries of text search configurations in their order, by the configuration.
            pub ts_mappings: HashMap<Oid, Vec<TsMapping>>,
            /// Operators of operator families by strategy, by the class or family they are bound to.
            pub operator_members: HashMap<CatalogId, Vec<OperatorMember>>,
            /// Functions of operator families by number, by the class or family they are bound to.
            pub function_members: HashMap<CatalogId, Vec<FunctionMember>>,
        }

        /// Where the details will be found.
        pub(crate) struct DetailsTickets {
            $($field: Ticket<$row>,)*
            attributes: Ticket<CompositeAttribute>,
            ts_mappings: Ticket<TsMapping>,
            operator_members: Ticket<OperatorMember>,
            function_members: Ticket<FunctionMember>,
        }

        impl DetailsTickets {
            pub(crate) fn new(flight: &mut Flight, wanted: &WantedTypeSystem) -> Self {
                let with_members = [&wanted.op_classes[..], &wanted.op_families[..]].concat();
                Self {
                    $($field: flight.detail::<$row>(&wanted.$field),)*
                    attributes: flight.detail(&wanted.composites),
                    ts_mappings: flight.detail(&wanted.ts_configs),
                    operator_members: flight.detail(&with_members),
                    function_members: flight.detail(&with_members),
                }
            }

            pub(crate) fn take(self, landed: &Landed) -> Result<TypeSystemDetails, Error> {
                Ok(TypeSystemDetails {
                    $($field: landed.take(self.$field)?.into_iter().map(|row| (row.oid, row)).collect(),)*
                    attributes: grouped(landed.take(self.attributes)?, |row| row.composite),
                    ts_mappings: grouped(landed.take(self.ts_mappings)?, |row| row.config),
                    operator_members: grouped(landed.take(self.operator_members)?, |row| row.owner),
                    function_members: grouped(landed.take(self.function_members)?, |row| row.owner),
                })
            }
        }
    };
}

detailed! {
    /// Enum types; those without labels have no details.
    enums: EnumDetails,
    /// Domains.
    domains: DomainDetails,
    /// Constraints of domains, by their OIDs in `pg_constraint`.
    domain_constraints: DomainConstraintDetails,
    /// Range types.
    ranges: RangeDetails,
    /// Base types.
    base_types: BaseTypeDetails,
    /// Functions other than aggregates.
    functions: FunctionDetails,
    /// Aggregates.
    aggregates: AggregateDetails,
    /// Operators.
    operators: OperatorDetails,
    /// Operator classes.
    op_classes: OpClassDetails,
    /// Text search parsers.
    ts_parsers: TsParserDetails,
    /// Text search templates.
    ts_templates: TsTemplateDetails,
    /// Text search dictionaries.
    ts_dictionaries: TsDictionaryDetails,
    /// Text search configurations.
    ts_configs: TsConfigDetails,
    /// Collations.
    collations: CollationDetails,
    /// Conversions.
    conversions: ConversionDetails,
    /// Casts.
    casts: CastDetails,
    /// Transforms.
    transforms: TransformDetails,
}

/// Rows by key, each group in the order of the rows.
fn grouped<K: Eq + Hash, T>(rows: Vec<T>, key: impl Fn(&T) -> K) -> HashMap<K, Vec<T>> {
    let mut groups: HashMap<K, Vec<T>> = HashMap::new();
    for row in rows {
        groups.entry(key(&row)).or_default().push(row);
    }
    groups
}
