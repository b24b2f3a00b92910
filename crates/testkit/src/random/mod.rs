//! Random schemas: what a database may hold, put together from a seed.
//!
//! A seed and a major always give the same statements. Each runs by itself, and a server may refuse some of them: the
//! generator knows roughly what exists and not every rule of the server's. [`Loaded`] says how many were refused, so that
//! a test can see to it that schemas do not come out empty.

mod alter;
mod census;
mod column;
mod comment;
mod constraint;
mod data_type;
mod expression;
mod function;
mod index;
mod load;
mod names;
mod partition;
mod privilege;
mod rng;
mod shrink;
mod single;
mod table;
mod trigger;
mod types;
mod view;
mod world;

pub use census::census;
pub use load::{Loaded, Refusal, create_roles};
pub use shrink::shrink;

use crate::Major;
use world::World;

/// So many numbers below `bound`, the same for a seed for ever: where a test lets something happen.
///
/// # Panics
///
/// When `bound` is 0.
pub fn random_numbers(seed: u64, count: usize, bound: usize) -> Vec<usize> {
    let mut rng = rng::Rng::new(seed);
    (0..count).map(|_| rng.below(bound)).collect()
}

/// The roles that random schemas of a major speak of; they belong to the whole server.
fn roles(major: Major) -> &'static [&'static str] {
    // Since 19 no name of a role breaks a line.
    let since_19 = major >= Major::V19;
    &ROLES[usize::from(since_19)..]
}

/// The roles of all majors, after one that only older ones take.
const ROLES: &[&str] = &[
    "rnd\\percent%\nrole",
    "rnd_owner",
    "rnd_other",
    "rnd_reader",
    "rnd Upper \"quoted\" role",
    "rnd-dash",
    "rnd\\percent%role",
    "rnd_group,comma=é",
];

/// How many things happen to a schema once its first objects exist.
const EVENTS: usize = 250;

/// Statements that belong together, run outside a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    sql: String,
    stores_rows: bool,
}

impl Step {
    fn definition(sql: String) -> Step {
        Step {
            sql,
            stores_rows: false,
        }
    }

    fn rows(sql: String) -> Step {
        Step {
            sql,
            stores_rows: true,
        }
    }

    /// The statements, without the last semicolon.
    pub fn sql(&self) -> &str {
        &self.sql
    }
}

/// Makes up a schema for a server of a major: statements for a superuser in an empty UTF-8 database, on a server with the
/// roles that [`create_roles`] makes.
pub fn random_schema(seed: u64, major: Major) -> Vec<Step> {
    let mut world = World::new(seed, major);
    world.found();
    for _ in 0..EVENTS {
        world.event();
    }
    world.steps
}

impl World {
    /// Makes what everything else needs something of.
    fn found(&mut self) {
        for _ in 0..self.rng.between(1, 3) {
            self.create_schema();
        }
        if self.rng.chance(60) {
            self.default_privilege();
        }
        self.create_sequence();
        self.create_collation();
        for _ in 0..self.rng.between(2, 5) {
            self.create_type();
        }
        for _ in 0..self.rng.between(2, 4) {
            self.create_column_function();
        }
        for number in 0..4 {
            let column = self.new_column(number);
            self.common.push(column);
        }
        for _ in 0..self.rng.between(3, 6) {
            self.create_table();
        }
        self.create_partitioned_table();
        self.create_view();
    }

    /// Something happens: something is made, filled, changed or given away.
    fn event(&mut self) {
        type Event = fn(&mut World);
        const EVENTS: &[(usize, Event)] = &[
            (1, World::create_schema),
            (3, World::create_type),
            (2, World::alter_type),
            (2, World::create_sequence),
            (2, World::create_column_function),
            (4, World::create_function),
            (3, World::create_table),
            (2, World::create_partitioned_table),
            (10, World::insert_row),
            (11, World::alter_table),
            (10, World::create_constraint),
            (8, World::create_index),
            (3, World::alter_index),
            (5, World::create_view),
            (2, World::replace_view),
            (3, World::create_materialized_view),
            (4, World::create_trigger),
            (2, World::create_rule),
            (3, World::create_policy),
            (2, World::create_statistics),
            (1, World::create_publication),
            (1, World::create_large_object),
            (3, World::create_single),
            (1, World::create_collation),
            (8, World::grant),
            (3, World::revoke),
            (1, World::default_privilege),
            (4, World::give_away),
            (7, World::comment),
        ];
        let total = EVENTS.iter().map(|(weight, _)| weight).sum();
        let mut at = self.rng.below(total);
        for (weight, event) in EVENTS {
            if at < *weight {
                return event(self);
            }
            at -= weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_schema_again_and_another_gives_another() {
        let schema = random_schema(5, Major::V17);
        assert_eq!(schema, random_schema(5, Major::V17));
        assert_ne!(schema, random_schema(6, Major::V17));
        assert!(schema.len() > EVENTS);
    }

    #[test]
    fn every_seed_gives_a_schema() {
        for major in Major::ALL {
            for seed in 0..200 {
                assert!(
                    random_schema(seed, major).len() > EVENTS / 2,
                    "seed {seed} on {major}"
                );
            }
        }
    }
}
