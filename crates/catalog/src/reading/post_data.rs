//! The details of what hangs on tables and is restored after their data, constraints apart.

use std::collections::HashMap;

use bstr::BString;

use crate::kinds::column::Column;
use crate::kinds::constraint::Constraint;
use crate::kinds::constraint::{ForeignKey, KeyConstraint};
use crate::kinds::index::{Index, IndexRow};
use crate::kinds::policy::Policy;
use crate::kinds::publication::{Publication, PublicationNamespace, PublicationRel};
use crate::kinds::rule::Rule;
use crate::kinds::statistics_ext::StatisticsExt;
use crate::kinds::subscription::{HiddenSubscription, Subscription};
use crate::kinds::trigger::Trigger;
use crate::query::flight::{Flight, Landed, Ticket};
use crate::{Error, Listing, Oid, Wanted};

/// What the details say of indexes, triggers, rules and their like.
#[derive(Debug, Default)]
pub struct PostData {
    /// Indexes, by table and name.
    pub indexes: Vec<Index>,
    /// Triggers, by table and name.
    pub triggers: Vec<Trigger>,
    /// All rules of the database, in OID order.
    pub rules: Vec<Rule>,
    /// Extended statistics, in OID order.
    pub statistics_ext: Vec<StatisticsExt>,
    /// Row security policies, in OID order.
    pub policies: Vec<Policy>,
    /// Publications, in OID order.
    pub publications: Vec<Publication>,
    /// Tables in publications, in OID order.
    pub publication_rels: Vec<PublicationRel>,
    /// Schemas in publications, in OID order.
    pub publication_namespaces: Vec<PublicationNamespace>,
    /// Subscriptions, in OID order; none for a role that is no superuser.
    pub subscriptions: Vec<Subscription>,
    /// Names of the subscriptions that the role may not read.
    pub hidden_subscriptions: Vec<BString>,
}

/// Where the answers will be found.
pub(crate) struct Asked {
    indexes: Ticket<IndexRow>,
    keys: Ticket<KeyConstraint>,
    foreign_keys: Ticket<ForeignKey>,
    triggers: Ticket<Trigger>,
    rules: Ticket<Rule>,
    statistics_ext: Ticket<StatisticsExt>,
    policies: Ticket<Policy>,
    publications: Ticket<Publication>,
    publication_rels: Ticket<PublicationRel>,
    publication_namespaces: Ticket<PublicationNamespace>,
    subscriptions: Subscriptions,
}

/// Subscriptions, as far as the role may read them.
enum Subscriptions {
    Whole(Ticket<Subscription>),
    Names(Ticket<HiddenSubscription>),
}

impl Asked {
    pub(crate) fn new(flight: &mut Flight, listing: &Listing, wanted: &Wanted) -> Self {
        // Rules are listed in any case, for the order of what they need.
        let ruled = if wanted.schema {
            &wanted.definitions[..]
        } else {
            &[]
        };
        Self {
            indexes: flight.detail(&wanted.tables),
            keys: flight.detail(&wanted.tables),
            foreign_keys: flight.detail(&wanted.definitions),
            triggers: flight.detail(&wanted.definitions),
            rules: flight.detail(ruled),
            statistics_ext: flight.detail(&wanted.definitions),
            policies: flight.detail(&wanted.policies),
            publications: flight.list_if(wanted.publications),
            publication_rels: flight.list_if(wanted.publications),
            publication_namespaces: flight
                .list_if(wanted.publications && flight.version() >= PublicationNamespace::SINCE),
            subscriptions: if listing.server.is_superuser {
                Subscriptions::Whole(flight.list_if(wanted.subscriptions))
            } else {
                Subscriptions::Names(flight.list_if(wanted.subscriptions))
            },
        }
    }

    /// The answers, the constraints apart: they have their place among other constraints. `columns` are those of each table.
    pub(crate) fn take(
        self,
        landed: &Landed,
        columns: &HashMap<Oid, Vec<Column>>,
    ) -> Result<(PostData, Vec<Constraint>), Error> {
        let mut constraints: Vec<_> = landed
            .take(self.keys)?
            .into_iter()
            .map(|key| key.0)
            .collect();
        constraints.extend(landed.take(self.foreign_keys)?.into_iter().map(|key| key.0));
        let (subscriptions, hidden) = match self.subscriptions {
            Subscriptions::Whole(ticket) => (landed.take(ticket)?, Vec::new()),
            Subscriptions::Names(ticket) => (Vec::new(), landed.take(ticket)?),
        };
        let post_data = PostData {
            indexes: landed
                .take(self.indexes)?
                .into_iter()
                .map(|row| row.named(columns))
                .collect(),
            triggers: landed.take(self.triggers)?,
            rules: landed.take(self.rules)?,
            statistics_ext: landed.take(self.statistics_ext)?,
            policies: landed.take(self.policies)?,
            publications: landed.take(self.publications)?,
            publication_rels: landed.take(self.publication_rels)?,
            publication_namespaces: landed.take(self.publication_namespaces)?,
            subscriptions,
            hidden_subscriptions: hidden.into_iter().map(|row| row.0).collect(),
        };
        Ok((post_data, constraints))
    }
}
