#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Reading happens in two flights, so that the number of round trips never depends on the number of objects:
//!
//! 1. [`Listing::read`] fetches a few cheap columns of every object in the database: enough to decide what is
//!    dumped and in which order. It calls no server function that could fail while tables are not locked yet.
//! 2. After the caller has chosen and locked, [`Details::read`] fetches the expensive rest, for the chosen
//!    objects alone ([`Wanted`]).
//!
//! Each file in `kinds` is one kind of object: its row types, its queries for every server major, its decoding. `reading` alone knows
//! them all. `globals` has a file for each kind that belongs to the whole server, which [`Globals::read`] reads. Nothing here renders SQL definitions: that is `pgdumprs-ddl`, whose files of kinds have the same names.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod annotations;
mod error;
mod globals;
mod kinds;
mod oid;
mod order;
mod privileges;
mod query;
mod reading;
mod selection;

pub use pgdumprs_connect::Encoding;

pub use annotations::comment::Comment;
pub use annotations::extension_dependency::ExtensionDependency;
pub use annotations::seclabel::SecLabel;
pub use error::Error;
pub use globals::database::{DatabaseChoice, ListedDatabase};
pub use globals::label::GlobalLabel;
pub use globals::membership::{Membership, MembershipOptions};
pub use globals::parameter::ParameterAcl;
pub use globals::reading::{GlobalScope, Globals};
pub use globals::role::Role;
pub use globals::setting::RoleSetting;
pub use globals::tablespace::Tablespace;
pub use kinds::access_method::AccessMethod;
pub use kinds::aggregate::{Aggregate, AggregateDetails, Transition};
pub use kinds::attrdef::AttrDef;
pub use kinds::cast::{Cast, CastDetails};
pub use kinds::collation::{Collation, CollationDetails};
pub use kinds::column::{Column, NotNull, generated, identity};
pub use kinds::constraint::{Constraint, contype};
pub use kinds::conversion::{Conversion, ConversionDetails};
pub use kinds::data_type::{DataType, QualifiedName, TypeDefault, typtype};
pub use kinds::database::{Database, DatabaseLabel, DatabaseSetting, LocaleProvider};
pub use kinds::default_acl::DefaultAcl;
pub use kinds::domain::{DomainConstraint, DomainConstraintDetails, DomainDetails};
pub use kinds::event_trigger::EventTrigger;
pub use kinds::extension::{ConfigTable, Extension, ExtensionForeignKey, ExtensionMember};
pub use kinds::foreign_data_wrapper::ForeignDataWrapper;
pub use kinds::foreign_server::ForeignServer;
pub use kinds::function::{Function, FunctionBody, FunctionDetails, prokind};
pub use kinds::index::Index;
pub use kinds::inherit::Inherits;
pub use kinds::language::Language;
pub use kinds::large_object::LargeObjectGroup;
pub use kinds::namespace::Namespace;
pub use kinds::op_class::{OpClass, OpClassDetails};
pub use kinds::op_family::{FunctionMember, OpFamily, OperatorMember};
pub use kinds::operator::{Operator, OperatorDetails};
pub use kinds::policy::Policy;
pub use kinds::publication::{Publication, PublicationNamespace, PublicationRel};
pub use kinds::relation_statistics::AttributeStatistics;
pub use kinds::rule::Rule;
pub use kinds::sequence::{Position, Sequence};
pub use kinds::statistics_ext::{StatisticsExt, StatisticsExtData};
pub use kinds::subscription::{Publisher, Subscription};
pub use kinds::table::{OwningColumn, Table, relkind};
pub use kinds::table_data::RelationSize;
pub use kinds::table_data::ValueType;
pub use kinds::table_data::replaced_files;
pub use kinds::table_definition::TableDefinition;
pub use kinds::transform::{Transform, TransformDetails};
pub use kinds::trigger::Trigger;
pub use kinds::ts_config::{TsConfig, TsConfigDetails, TsMapping};
pub use kinds::ts_dictionary::{TsDictionary, TsDictionaryDetails};
pub use kinds::ts_parser::{TsParser, TsParserDetails};
pub use kinds::ts_template::{TsTemplate, TsTemplateDetails};
pub use kinds::type_base::BaseTypeDetails;
pub use kinds::type_composite::CompositeAttribute;
pub use kinds::type_enum::EnumDetails;
pub use kinds::type_range::RangeDetails;
pub use kinds::user_mapping::UserMapping;
pub use kinds::view::ViewDependency;
pub use oid::{CatalogId, Oid, class};
pub use order::depend::Dependency;
pub use privileges::acl::{Acl, ColumnAcl};
pub use privileges::acl_item::AclItem;
pub use privileges::readable::Closed;
pub use reading::details::Details;
pub use reading::listing::{Listing, ServerInfo};
pub use reading::post_data::PostData;
pub use reading::relations::Relations;
pub use reading::type_system::{TypeSystem, TypeSystemDetails, WantedTypeSystem};
pub use reading::wanted::Wanted;
pub use selection::likeness;
pub use selection::matching::Matched;
pub use selection::patterns::{Pattern, Patterns, Purpose};
pub use selection::scope::Scope;
