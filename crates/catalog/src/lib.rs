//! Reads PostgreSQL's system catalogs into a typed model.
//!
//! Reading happens in two flights, so that the number of round trips never depends on the number of objects:
//!
//! 1. [`Listing::read`] fetches a few cheap columns of every object in the database: enough to decide what is
//!    dumped and in which order. It calls no server function that could fail while tables are not locked yet.
//! 2. After the caller has chosen and locked, [`Details::read`] fetches the expensive rest, for the chosen
//!    objects alone ([`Wanted`]).
//!
//! Each file is one kind of object: its row types, its queries for every server major, its decoding. Nothing here
//! renders SQL definitions: that is `pgdumprs-ddl`, whose files have the same names.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod access_method;
mod acl;
mod aggregate;
mod attrdef;
mod attribute_statistics;
mod cast;
mod cells;
mod check_constraint;
mod collation;
mod column;
mod comment;
mod constraint;
mod conversion;
mod data_type;
mod database;
mod default_acl;
mod depend;
mod details;
mod domain;
mod error;
mod event_trigger;
mod extension;
mod extension_dependency;
mod flight;
mod foreign_data_wrapper;
mod foreign_server;
mod function;
mod index;
mod inherits;
mod init_privs;
mod key_constraint;
mod language;
mod large_object;
mod listing;
mod matching;
mod namespace;
mod oid;
mod op_class;
mod op_family;
mod operator;
mod partition;
mod pattern;
mod patterns;
mod policy;
mod post_data;
mod publication;
mod readable;
mod relation_size;
mod relations;
mod rule;
mod scope;
mod seclabel;
mod sequence;
mod statistics_ext;
mod subscription;
mod table;
mod table_definition;
mod transform;
mod trigger;
mod ts_config;
mod ts_dictionary;
mod ts_parser;
mod ts_template;
mod type_base;
mod type_composite;
mod type_enum;
mod type_range;
mod type_system;
mod user_mapping;
mod value_type;
mod view;

pub use pgdumprs_connect::Encoding;

pub use access_method::AccessMethod;
pub use acl::{Acl, AclItem, ColumnAcl};
pub use aggregate::{Aggregate, AggregateDetails, Transition};
pub use attrdef::AttrDef;
pub use attribute_statistics::AttributeStatistics;
pub use cast::{Cast, CastDetails};
pub use collation::{Collation, CollationDetails};
pub use column::{Column, NotNull, generated, identity};
pub use comment::Comment;
pub use constraint::{Constraint, contype};
pub use conversion::{Conversion, ConversionDetails};
pub use data_type::{DataType, QualifiedName, TypeDefault, typtype};
pub use database::{Database, DatabaseLabel, DatabaseSetting, LocaleProvider};
pub use default_acl::DefaultAcl;
pub use depend::Dependency;
pub use details::{Details, Wanted};
pub use domain::{DomainConstraint, DomainConstraintDetails, DomainDetails};
pub use error::Error;
pub use event_trigger::EventTrigger;
pub use extension::{ConfigTable, Extension, ExtensionForeignKey, ExtensionMember};
pub use extension_dependency::ExtensionDependency;
pub use foreign_data_wrapper::ForeignDataWrapper;
pub use foreign_server::ForeignServer;
pub use function::{Function, FunctionBody, FunctionDetails, prokind};
pub use index::Index;
pub use inherits::Inherits;
pub use language::Language;
pub use large_object::LargeObjectGroup;
pub use listing::{Listing, ServerInfo};
pub use matching::Matched;
pub use namespace::Namespace;
pub use oid::{CatalogId, Oid, class};
pub use op_class::{OpClass, OpClassDetails};
pub use op_family::{FunctionMember, OpFamily, OperatorMember};
pub use operator::{Operator, OperatorDetails};
pub use patterns::{Pattern, Patterns, Purpose};
pub use policy::Policy;
pub use post_data::PostData;
pub use publication::{Publication, PublicationNamespace, PublicationRel};
pub use readable::Closed;
pub use relation_size::RelationSize;
pub use relations::Relations;
pub use rule::Rule;
pub use scope::Scope;
pub use seclabel::SecLabel;
pub use sequence::{Position, Sequence};
pub use statistics_ext::StatisticsExt;
pub use subscription::Subscription;
pub use table::{OwningColumn, Table, relkind};
pub use table_definition::TableDefinition;
pub use transform::{Transform, TransformDetails};
pub use trigger::Trigger;
pub use ts_config::{TsConfig, TsConfigDetails, TsMapping};
pub use ts_dictionary::{TsDictionary, TsDictionaryDetails};
pub use ts_parser::{TsParser, TsParserDetails};
pub use ts_template::{TsTemplate, TsTemplateDetails};
pub use type_base::BaseTypeDetails;
pub use type_composite::CompositeAttribute;
pub use type_enum::EnumDetails;
pub use type_range::RangeDetails;
pub use type_system::{TypeSystem, TypeSystemDetails, WantedTypeSystem};
pub use user_mapping::UserMapping;
pub use value_type::ValueType;
pub use view::ViewDependency;
