//! One dump from listing to plan.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{CatalogId, Details, Encoding, Listing, Wanted};

use crate::object::{DumpId, Kind, Object, Objects};
use crate::relations::Relations;
use crate::toc::{DataJob, Toc};
use crate::{
    Error, Options, access_method, acl, aggregate, attrdef, cast, check_constraint, collation,
    comment, constraint, conversion, data_type, database, default_acl, depend, domain,
    event_trigger, extension, foreign_data_wrapper, foreign_server, function, index, index_attach,
    inherit, language, large_object, matview, namespace, op_class, op_family, operator, policy,
    publication, readable, relation_statistics, required, rule, seclabel, selection, settings,
    sort, sql, statistics_ext, subscription, table, table_attach, table_data, table_part,
    transform, trigger, ts_config, ts_dictionary, ts_parser, ts_template, type_system,
};

/// A dump in the making.
#[derive(Debug)]
pub struct Dump {
    pub(crate) options: Options,
    pub(crate) listing: Listing,
    pub(crate) details: Details,
    /// What all texts are in.
    pub(crate) encoding: Encoding,
    pub(crate) objects: Objects,
    /// Dump ids of schemas, by index in the listing.
    pub(crate) namespace_ids: Vec<DumpId>,
    /// Dump ids of relations, by index in the listing.
    pub(crate) table_ids: Vec<DumpId>,
    /// Links between relations and their parts.
    pub(crate) relations: Relations,
    /// The extension that owns an object.
    pub(crate) extension_of: HashMap<CatalogId, DumpId>,
    /// Indexes of schemas in the listing, by OID.
    namespace_index: HashMap<u32, usize>,
    /// Indexes of relations in the listing, by OID.
    table_index: HashMap<u32, usize>,
    /// Things that the user should know of and that do not stop the dump.
    pub(crate) warnings: Vec<String>,
}

/// What goes into the archive.
#[derive(Debug)]
#[non_exhaustive]
pub struct Plan {
    /// Entries in order, with their ids, sections and dependencies.
    pub entries: Vec<Entry>,
    /// The data of entries that have data, in the order of the entries.
    pub data: Vec<DataJob>,
    /// Things that the user should know of and that do not stop the dump.
    pub warnings: Vec<String>,
}

impl Dump {
    /// Makes an object of every row in the listing and decides what of it is dumped.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] where a row refers to one that is not in the listing.
    pub fn new(listing: Listing, mut options: Options) -> Result<Self, Error> {
        // A standby has nothing of an unlogged table but that there is one.
        options.unlogged_table_data &= !listing.server.in_recovery;
        let index = |oids: &mut dyn Iterator<Item = u32>| {
            oids.enumerate().map(|(i, oid)| (oid, i)).collect()
        };
        let mut dump = Self {
            namespace_index: index(&mut listing.namespaces.iter().map(|row| row.oid)),
            table_index: index(&mut listing.tables.iter().map(|row| row.oid)),
            encoding: Encoding::named(&listing.database.client_encoding),
            options,
            listing,
            details: Details::default(),
            objects: Objects::default(),
            namespace_ids: Vec::new(),
            table_ids: Vec::new(),
            relations: Relations::default(),
            extension_of: HashMap::new(),
            warnings: Vec::new(),
        };
        // Dump ids are given in this order, and they decide which of several dependency loops is broken first: it is pg_dump's
        // order. It also lets each kind rely on those before it.
        extension::collect(&mut dump);
        namespace::collect(&mut dump);
        table::collect(&mut dump)?;
        function::collect(&mut dump)?;
        data_type::collect(&mut dump)?;
        language::collect(&mut dump);
        aggregate::collect(&mut dump)?;
        operator::collect(&mut dump)?;
        access_method::collect(&mut dump);
        op_class::collect(&mut dump)?;
        op_family::collect(&mut dump)?;
        ts_parser::collect(&mut dump)?;
        ts_template::collect(&mut dump)?;
        ts_dictionary::collect(&mut dump)?;
        ts_config::collect(&mut dump)?;
        foreign_data_wrapper::collect(&mut dump);
        foreign_server::collect(&mut dump);
        default_acl::collect(&mut dump)?;
        collation::collect(&mut dump)?;
        conversion::collect(&mut dump)?;
        cast::collect(&mut dump);
        transform::collect(&mut dump);
        event_trigger::collect(&mut dump);
        extension::collect_config_tables(&mut dump);
        inherit::collect(&mut dump)?;
        readable::check(&dump)?;
        Ok(dump)
    }

    /// The listing that the dump was made from.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Tables to lock in ACCESS SHARE mode before their details are read, as qualified and quoted names.
    pub fn tables_to_lock(&self) -> Vec<BString> {
        table::to_lock(self)
    }

    /// The objects whose details [`Dump::plan`] needs.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            definitions: table_part::wanted(self),
            policies: policy::wanted(self),
            type_system: type_system::wanted(self),
            builtin_comments: selection::comments_on_builtin(self),
            ..table::wanted(self)
        }
    }

    /// Orders and renders everything.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::Unsupported`], [`Error::Unordered`].
    pub fn plan(mut self, details: Details) -> Result<Plan, Error> {
        self.details = details;
        attrdef::collect(&mut self)?;
        check_constraint::collect(&mut self)?;
        inherit::adjust_defaults(&mut self);
        index::collect(&mut self)?;
        index_attach::collect(&mut self)?;
        statistics_ext::collect(&mut self)?;
        constraint::collect(&mut self)?;
        trigger::collect(&mut self)?;
        rule::collect(&mut self)?;
        policy::collect(&mut self)?;
        publication::collect(&mut self);
        subscription::collect(&mut self);
        table_data::collect(&mut self);
        matview::link(&mut self);
        table_data::link_foreign_keys(&mut self);
        large_object::collect(&mut self);
        depend::collect(&mut self);
        acl::collect(&mut self);
        comment::collect(&mut self);
        seclabel::collect(&mut self);
        let boundaries = depend::add_boundaries(&mut self);
        let order = sort::sort(&mut self, boundaries)?;
        for id in &order {
            // Objects are selected whole before it is known what they have.
            let object = self.objects.get_mut(*id);
            object.dump &= object.components;
        }
        let mut toc = Toc::new(self.objects.len());
        settings::render(&self, &mut toc);
        database::render(&self, &mut toc);
        for id in order {
            self.render(&mut toc, id)?;
        }
        required::filter(&self.options, &mut toc);
        toc.link(&self);
        Ok(Plan {
            entries: toc.entries,
            data: toc.data,
            warnings: self.warnings,
        })
    }

    fn render(&self, toc: &mut Toc, id: DumpId) -> Result<(), Error> {
        let object = self.objects.get(id);
        if object.dump.is_empty() {
            return Ok(());
        }
        match object.kind {
            Kind::Extension(i) => extension::render(self, toc, object, i)?,
            Kind::Namespace(i) => namespace::render(self, toc, object, i),
            Kind::ForeignDataWrapper(i) => foreign_data_wrapper::render(self, toc, object, i),
            Kind::ForeignServer(i) => foreign_server::render(self, toc, object, i),
            Kind::DefaultAcl(i) => default_acl::render(self, toc, object, i)?,
            Kind::LargeObject(i) => large_object::render_group(self, toc, object, i),
            Kind::SingleLargeObject(i) => large_object::render_single(self, toc, object, i),
            Kind::LargeObjectData(i) => large_object::render_contents(self, toc, object, i),
            Kind::Type(i) => data_type::render(self, toc, object, i)?,
            Kind::ShellType(i) => data_type::render_shell(self, toc, object, i),
            Kind::DomainConstraint(i) => domain::render_constraint(self, toc, object, i)?,
            Kind::Function(i) => function::render(self, toc, object, i)?,
            Kind::Language(i) => language::render(self, toc, object, i),
            Kind::Aggregate(i) => aggregate::render(self, toc, object, i)?,
            Kind::Operator(i) => operator::render(self, toc, object, i)?,
            Kind::AccessMethod(i) => access_method::render(self, toc, object, i)?,
            Kind::OpClass(i) => op_class::render(self, toc, object, i)?,
            Kind::OpFamily(i) => op_family::render(self, toc, object, i),
            Kind::TsParser(i) => ts_parser::render(self, toc, object, i)?,
            Kind::TsTemplate(i) => ts_template::render(self, toc, object, i)?,
            Kind::TsDictionary(i) => ts_dictionary::render(self, toc, object, i)?,
            Kind::TsConfig(i) => ts_config::render(self, toc, object, i)?,
            Kind::Collation(i) => collation::render(self, toc, object, i)?,
            Kind::Conversion(i) => conversion::render(self, toc, object, i)?,
            Kind::Cast(i) => cast::render(self, toc, object, i)?,
            Kind::Transform(i) => transform::render(self, toc, object, i)?,
            Kind::Table(i) => table::render(self, toc, object, i)?,
            Kind::TableAttach(i) => table_attach::render(self, toc, object, i)?,
            Kind::AttrDef(i) => attrdef::render(self, toc, object, i)?,
            Kind::TableData(i) => table_data::render(self, toc, object, i),
            Kind::SequenceSet(i) => table_data::render_position(self, toc, object, i)?,
            Kind::RefreshMatview(i) => matview::render(self, toc, object, i),
            Kind::Index(i) => index::render(self, toc, object, i)?,
            Kind::IndexAttach(i) => index_attach::render(self, toc, object, i)?,
            Kind::StatisticsExt(i) => statistics_ext::render(self, toc, object, i),
            Kind::Constraint(i) | Kind::FkConstraint(i) => {
                constraint::render(self, toc, object, i)?
            }
            Kind::Trigger(i) => trigger::render(self, toc, object, i)?,
            Kind::Rule(i) => rule::render(self, toc, object, i)?,
            Kind::RowSecurity(i) => policy::render_enabled(self, toc, object, i)?,
            Kind::Policy(i) => policy::render(self, toc, object, i)?,
            Kind::Publication(i) => publication::render(self, toc, object, i),
            Kind::PublicationRel(i) => publication::render_rel(self, toc, object, i)?,
            Kind::PublicationNamespace(i) => publication::render_namespace(self, toc, object, i)?,
            Kind::Subscription(i) => subscription::render(self, toc, object, i),
            Kind::EventTrigger(i) => event_trigger::render(self, toc, object, i),
            Kind::RelationStatistics(i) => relation_statistics::render_table(self, toc, object, i),
            Kind::IndexStatistics(i) => relation_statistics::render_index(self, toc, object, i),
            Kind::PreDataBoundary | Kind::PostDataBoundary | Kind::DummyType(_) => {}
        }
        Ok(())
    }

    /// Quotes a name as an identifier where it needs it.
    pub(crate) fn ident(&self, name: impl AsRef<[u8]>) -> BString {
        let always = self.options.quote_all_identifiers;
        sql::ident(name.as_ref().as_bstr(), always, self.encoding)
    }

    /// Writes a string literal, for a server with `standard_conforming_strings` on.
    pub(crate) fn literal(&self, text: impl AsRef<[u8]>) -> BString {
        sql::literal(text, self.encoding)
    }

    /// Name of the schema that an object lives in.
    pub(crate) fn namespace_name(&self, object: &Object) -> Option<&BStr> {
        object
            .namespace
            .map(|index| self.listing.namespaces[index].name.as_ref())
    }

    /// An object's name, quoted, behind that of its schema.
    pub(crate) fn qualified(&self, object: &Object) -> BString {
        let name = self.ident(&object.name);
        match self.namespace_name(object) {
            Some(namespace) => sql![self.ident(namespace), ".", name],
            None => name,
        }
    }

    /// Index of a schema in the listing.
    pub(crate) fn find_namespace(
        &self,
        oid: u32,
        object: impl FnOnce() -> String,
    ) -> Result<usize, Error> {
        self.namespace_index
            .get(&oid)
            .copied()
            .ok_or_else(|| Error::Missing {
                object: object(),
                target: format!("schema with OID {oid}"),
            })
    }

    /// The object of a schema, by index in the listing.
    pub(crate) fn namespace_object(&self, index: usize) -> &Object {
        self.objects.get(self.namespace_ids[index])
    }

    /// Index of a relation in the listing, by OID.
    pub(crate) fn find_table(&self, oid: u32) -> Option<usize> {
        self.table_index.get(&oid).copied()
    }

    /// The object of a relation, by index in the listing.
    pub(crate) fn table_object(&self, index: usize) -> &Object {
        self.objects.get(self.table_ids[index])
    }
}
