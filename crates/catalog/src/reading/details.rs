//! The second flight: the whole truth about the objects that are dumped.

use std::collections::HashMap;

use bstr::BStr;
use pgdumprs_connect::Session;

use crate::annotations::comment::Comment;
use crate::annotations::extension_dependency::ExtensionDependency;
use crate::annotations::seclabel::SecLabel;
use crate::kinds::constraint::Constraint;
use crate::kinds::relation_statistics::AttributeStatistics;
use crate::kinds::statistics_ext::StatisticsExtData;
use crate::order::depend::Dependency;
use crate::privileges::init_privs::InitPrivs;
use crate::privileges::{acl::ColumnAcl, acl_item::AclItem};
use crate::query::flight::{Flight, aside};
use crate::reading::post_data::{self, PostData};
use crate::reading::relations::{self, Relations};
use crate::reading::type_system::{self, TypeSystemDetails};
use crate::{CatalogId, Error, Listing, Oid, UserMapping, Wanted};

/// What is too costly to fetch for objects that are not dumped, or may only be asked once their tables are locked.
#[derive(Debug, Default)]
pub struct Details {
    /// Columns, defaults, views, sequences and what else there is to relations.
    pub relations: Relations,
    /// Indexes, triggers, rules and what else hangs on tables.
    pub post_data: PostData,
    /// Types and what works on them.
    pub type_system: TypeSystemDetails,
    /// User mappings, by server and name of the role.
    pub user_mappings: Vec<UserMapping>,
    /// Objects that are dropped with an extension, sorted by object.
    pub extension_dependencies: Vec<ExtensionDependency>,
    /// What needs what, by the object that needs.
    pub dependencies: Vec<Dependency>,
    /// Constraints of tables: CHECK and NOT NULL, then those that an index enforces, then foreign keys.
    pub constraints: Vec<Constraint>,
    /// Comments of each object, by column.
    pub comments: HashMap<CatalogId, Vec<Comment>>,
    /// Security labels of each object and its columns, by column.
    pub security_labels: HashMap<CatalogId, Vec<SecLabel>>,
    /// Privileges that initdb or its extension gave to a whole object.
    pub initial_privileges: HashMap<CatalogId, Vec<AclItem>>,
    /// Privileges on columns, by table.
    pub column_acls: HashMap<Oid, Vec<ColumnAcl>>,
    /// What the planner knows of the columns of each table and index, by name of the column.
    pub attribute_statistics: HashMap<Oid, Vec<AttributeStatistics>>,
    /// What the planner knows by each statistics object, of a table by itself before that with its children. Empty before 19.
    pub statistics_ext_data: HashMap<Oid, Vec<StatisticsExtData>>,
}

impl Details {
    /// Reads the details in one round trip, in the transaction that `listing` was read in.
    ///
    /// # Errors
    ///
    /// As [`Listing::read`].
    pub async fn read(
        session: &mut Session,
        listing: &Listing,
        wanted: &Wanted,
    ) -> Result<Self, Error> {
        let mut flight = Flight::new(listing.server.version);
        let relations = relations::Asked::new(&mut flight, listing, wanted);
        let post_data = post_data::Asked::new(&mut flight, listing, wanted);
        let type_system = type_system::DetailsTickets::new(&mut flight, &wanted.type_system);
        let user_mappings = flight.detail::<UserMapping>(&wanted.foreign_servers);
        let extension_dependencies = flight.list::<ExtensionDependency>();
        let dependencies = flight.list::<Dependency>();
        let comments = Comment::ask(&mut flight, wanted);
        let security_labels = flight.list_if::<SecLabel>(wanted.security_labels);
        let initial_privileges = flight.list::<InitPrivs>();
        let column_acls = flight.list::<ColumnAcl>();
        let attribute_statistics = flight.detail::<AttributeStatistics>(&wanted.statistics);
        let statistics_ext_data =
            flight.detail_since::<StatisticsExtData>(StatisticsExtData::SINCE, &wanted.statistics);
        let landed = flight.run(session).await?;
        aside(move || {
            let (relations, mut constraints) = relations.take(&landed)?;
            let (post_data, keys) = post_data.take(&landed, &relations.columns)?;
            constraints.extend(keys);
            let mut details = Self {
                relations,
                post_data,
                constraints,
                dependencies: landed.take(dependencies)?,
                ..Self::default()
            };
            details.type_system = type_system.take(&landed)?;
            details.user_mappings = landed.take(user_mappings)?;
            details.extension_dependencies = landed.take(extension_dependencies)?;
            for comment in landed.take(comments)? {
                details
                    .comments
                    .entry(comment.object)
                    .or_default()
                    .push(comment);
            }
            for label in landed.take(security_labels)? {
                details
                    .security_labels
                    .entry(label.object)
                    .or_default()
                    .push(label);
            }
            for row in landed.take(initial_privileges)? {
                details
                    .initial_privileges
                    .insert(row.object, row.privileges);
            }
            for row in landed.take(column_acls)? {
                details.column_acls.entry(row.table).or_default().push(row);
            }
            for row in landed.take(attribute_statistics)? {
                details
                    .attribute_statistics
                    .entry(row.relation)
                    .or_default()
                    .push(row);
            }
            for row in landed.take(statistics_ext_data)? {
                details
                    .statistics_ext_data
                    .entry(row.statistics)
                    .or_default()
                    .push(row);
            }
            Ok(details)
        })
        .await
    }

    /// The comment on an object (`subid` 0) or on one of its columns.
    pub fn comment(&self, object: CatalogId, subid: i32) -> Option<&BStr> {
        let comments = self.comments.get(&object)?;
        comments
            .iter()
            .find(|comment| comment.subid == subid)
            .map(|comment| comment.text.as_ref())
    }
}
