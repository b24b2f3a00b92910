//! From listing to plan: the one file that knows every kind of object, and calls each at its time.

use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_catalog::{Details, Listing, Oid, Wanted, WantedTypeSystem, typtype};

use crate::annotations::{comment, seclabel};
use crate::contents::toc::{DataJob, Toc};
use crate::contents::{required, settings};
use crate::families::table_part;
use crate::kinds::{
    access_method, aggregate, attrdef, cast, check_constraint, collation, constraint, conversion,
    data_type, database, default_acl, domain, event_trigger, extension, foreign_data_wrapper,
    foreign_server, function, index, index_attach, inherit, language, large_object, matview,
    namespace, op_class, op_family, operator, policy, publication, relation_statistics, rule,
    statistics_ext, subscription, table, table_attach, table_data, transform, trigger, ts_config,
    ts_dictionary, ts_parser, ts_template, user_mapping,
};
use crate::order::{depend, sort};
use crate::privileges::{acl, readable};
use crate::selection::row_choice::ChosenRows;
use crate::selection::{self, row_choice};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind};
use crate::{Components, Error, Options};

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
    pub fn new(listing: Listing, options: Options) -> Result<Self, Error> {
        let mut dump = Self::empty(listing, options);
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
        row_choice::collect(&mut dump)?;
        readable::check(&dump)?;
        Ok(dump)
    }

    /// Tables to lock in ACCESS SHARE mode before their details are read, as qualified and quoted names.
    pub fn tables_to_lock(&self) -> Vec<BString> {
        table::to_lock(self)
    }

    /// Tables whose rows are dumped, by ascending OID.
    pub fn tables_to_read(&self) -> Vec<Oid> {
        table::to_read(self)
    }

    /// Tables of which not all rows are dumped.
    pub fn chosen_rows(&self) -> Vec<ChosenRows> {
        row_choice::all(self)
    }

    /// The objects whose details [`Dump::plan`] needs.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            definitions: table_part::wanted(self),
            policies: policy::wanted(self),
            type_system: wanted_of_type_system(self),
            foreign_servers: user_mapping::wanted(self),
            publications: self.options.publications,
            subscriptions: self.options.subscriptions,
            security_labels: self.options.security_labels,
            comments: self.options.comments,
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
        inherit::warn_of_dropped_not_null(&mut self);
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
        row_choice::doubt_foreign_keys(&mut self);
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
        database::render(&self, &mut toc)?;
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
            Kind::Namespace(i) => namespace::render(self, toc, object, i)?,
            Kind::ForeignDataWrapper(i) => foreign_data_wrapper::render(self, toc, object, i)?,
            Kind::ForeignServer(i) => foreign_server::render(self, toc, object, i)?,
            Kind::DefaultAcl(i) => default_acl::render(self, toc, object, i)?,
            Kind::LargeObject(i) => large_object::render_group(self, toc, object, i)?,
            Kind::SingleLargeObject(i) => large_object::render_single(self, toc, object, i)?,
            Kind::LargeObjectData(i) => large_object::render_contents(self, toc, object, i)?,
            Kind::Type(i) => data_type::render(self, toc, object, i)?,
            Kind::ShellType(i) => data_type::render_shell(self, toc, object, i)?,
            Kind::DomainConstraint(i) => domain::render_constraint(self, toc, object, i)?,
            Kind::Function(i) => function::render(self, toc, object, i)?,
            Kind::Language(i) => language::render(self, toc, object, i)?,
            Kind::Aggregate(i) => aggregate::render(self, toc, object, i)?,
            Kind::Operator(i) => operator::render(self, toc, object, i)?,
            Kind::AccessMethod(i) => access_method::render(self, toc, object, i)?,
            Kind::OpClass(i) => op_class::render(self, toc, object, i)?,
            Kind::OpFamily(i) => op_family::render(self, toc, object, i)?,
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
            Kind::TableData(i) => table_data::render(self, toc, object, i)?,
            Kind::SequenceSet(i) => table_data::render_position(self, toc, object, i)?,
            Kind::RefreshMatview(i) => matview::render(self, toc, object, i)?,
            Kind::Index(i) => index::render(self, toc, object, i)?,
            Kind::IndexAttach(i) => index_attach::render(self, toc, object, i)?,
            Kind::StatisticsExt(i) => statistics_ext::render(self, toc, object, i)?,
            Kind::Constraint(i) | Kind::FkConstraint(i) => {
                constraint::render(self, toc, object, i)?
            }
            Kind::Trigger(i) => trigger::render(self, toc, object, i)?,
            Kind::Rule(i) => rule::render(self, toc, object, i)?,
            Kind::RowSecurity(i) => policy::render_enabled(self, toc, object, i)?,
            Kind::Policy(i) => policy::render(self, toc, object, i)?,
            Kind::Publication(i) => publication::render(self, toc, object, i)?,
            Kind::PublicationRel(i) => publication::render_rel(self, toc, object, i)?,
            Kind::PublicationNamespace(i) => publication::render_namespace(self, toc, object, i)?,
            Kind::Subscription(i) => subscription::render(self, toc, object, i)?,
            Kind::EventTrigger(i) => event_trigger::render(self, toc, object, i)?,
            Kind::RelationStatistics(i) => relation_statistics::render_table(self, toc, object, i),
            Kind::IndexStatistics(i) => relation_statistics::render_index(self, toc, object, i),
            Kind::PreDataBoundary | Kind::PostDataBoundary | Kind::DummyType(_) => {}
        }
        Ok(())
    }
}

/// The objects whose details are needed: those of which anything may be dumped. Whether there are comments and labels is not
/// known yet.
fn wanted_of_type_system(dump: &Dump) -> WantedTypeSystem {
    let mut wanted = WantedTypeSystem::default();
    if !dump.options.schema {
        return wanted;
    }
    for object in dump.objects.iter() {
        let possible = object.components | Components::COMMENT | Components::SECLABEL;
        if !object.dumps(possible) {
            continue;
        }
        let list = match object.kind {
            Kind::Type(i) => match dump.listing.type_system.types[i].typtype {
                typtype::BASE => &mut wanted.base_types,
                typtype::COMPOSITE => &mut wanted.composites,
                typtype::DOMAIN => &mut wanted.domains,
                typtype::ENUM => &mut wanted.enums,
                typtype::RANGE => &mut wanted.ranges,
                _ => continue,
            },
            Kind::DomainConstraint(_) => &mut wanted.domain_constraints,
            Kind::Function(_) => &mut wanted.functions,
            Kind::Aggregate(_) => &mut wanted.aggregates,
            Kind::Operator(_) => &mut wanted.operators,
            Kind::OpClass(_) => &mut wanted.op_classes,
            Kind::OpFamily(_) => &mut wanted.op_families,
            Kind::TsParser(_) => &mut wanted.ts_parsers,
            Kind::TsTemplate(_) => &mut wanted.ts_templates,
            Kind::TsDictionary(_) => &mut wanted.ts_dictionaries,
            Kind::TsConfig(_) => &mut wanted.ts_configs,
            Kind::Collation(_) => &mut wanted.collations,
            Kind::Conversion(_) => &mut wanted.conversions,
            Kind::Cast(_) => &mut wanted.casts,
            Kind::Transform(_) => &mut wanted.transforms,
            _ => continue,
        };
        list.push(object.catalog_id.oid);
    }
    wanted
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::relkind;

    use super::*;
    use crate::testing::{Fixture, table};

    /// What is wanted of a partitioned table with one partition.
    fn wanted(change: impl FnOnce(&mut Options)) -> Wanted {
        let mut tables = vec![table(20_000, "parted"), table(20_010, "part")];
        tables[0].relkind = relkind::PARTITIONED_TABLE;
        tables[1].is_partition = true;
        let mut fixture = Fixture::new(170_000, tables).inherits(20_010, 20_000);
        change(&mut fixture.options);
        let dump = Dump::new(fixture.listing, fixture.options);
        dump.expect("the fixture is consistent").wanted()
    }

    #[test]
    fn what_options_rule_out_is_not_wanted() {
        let all = wanted(|_| {});
        assert!(all.schema && all.partition_rows);
        assert!(all.comments && all.security_labels && all.publications && all.subscriptions);
        assert!(!wanted(|options| options.schema = false).schema);
        assert!(!wanted(|options| options.data = false).partition_rows);
        assert!(!wanted(|options| options.comments = false).comments);
        assert!(!wanted(|options| options.security_labels = false).security_labels);
        assert!(!wanted(|options| options.publications = false).publications);
        assert!(!wanted(|options| options.subscriptions = false).subscriptions);
    }
}
