//! Conditions and expressions over columns.

use super::data_type::Family;
use super::world::{Column, World};

impl World {
    /// A condition over a column that most values meet; immutable, without subqueries.
    pub(super) fn condition(&mut self, column: &Column) -> String {
        let name = &column.name;
        if let Some(call) = self.call(column)
            && self.rng.chance(25)
        {
            return format!("{call} IS NOT NULL OR {name} IS NULL");
        }
        match column.data_type.family {
            Family::Integer | Family::Number => match self.rng.below(4) {
                0 => format!("{name} > 0 OR {name} <= 0"),
                1 => format!("{name} IN (1, 2, 3) IS NOT NULL OR {name} IS NULL"),
                2 => format!("({name} BETWEEN 1 AND 10) IS DISTINCT FROM NULL OR true"),
                _ => format!("{name} <> 42"),
            },
            Family::Text => match self.rng.below(4) {
                0 => format!("length({name}) < 1000"),
                1 => format!("{name} <> {}", self.text()),
                2 => format!(
                    "{name} ~ {} OR {name} IS NOT NULL OR {name} IS NULL",
                    "'^[a-z]\\d*$'"
                ),
                _ => format!("{name} = ANY (ARRAY[{}, 'b']) IS NOT TRUE", self.text()),
            },
            Family::Date => format!("{name} <> DATE '1999-12-31'"),
            Family::Boolean => format!("{name} OR NOT {name}"),
            Family::Json => format!("({name} -> 'a') IS DISTINCT FROM '7'::jsonb"),
            Family::Integers => format!("cardinality({name}) < 9"),
            Family::Range => format!("NOT isempty({name}) OR {name} IS NULL OR isempty({name})"),
            _ => format!("{name} IS NOT NULL OR {name} IS NULL"),
        }
    }

    /// An immutable expression over a column, and whether it is text that can be long.
    pub(super) fn expression(&mut self, column: &Column) -> String {
        let name = &column.name;
        if let Some(call) = self.call(column)
            && self.rng.chance(35)
        {
            return call;
        }
        match column.data_type.family {
            Family::Integer => format!("({name} % 10)"),
            Family::Number => format!("abs({name})"),
            Family::Text => match self.rng.below(3) {
                0 => format!("lower({name}::text)"),
                1 => format!("({name}::text || {}::text)", self.text()),
                _ => format!("\"left\"({name}::text, 3)"),
            },
            Family::Date => format!("date_part('year'::text, {name}::timestamp)"),
            Family::Boolean => format!("(NOT {name})"),
            Family::Json => format!("({name} ->> 'a')"),
            Family::Integers => format!("cardinality({name})"),
            Family::Range => format!("isempty({name})"),
            _ => format!("({name} IS NULL)"),
        }
    }

    /// A call of an immutable function of this database on a column.
    fn call(&mut self, column: &Column) -> Option<String> {
        let family = column.data_type.family;
        let fitting: Vec<String> = self
            .functions
            .iter()
            .filter(|function| function.takes == Some(family))
            .map(|function| function.name.clone())
            .collect();
        (!fitting.is_empty()).then(|| format!("{}({})", self.rng.pick(&fitting), column.name))
    }

    /// A default for a column: a value, a call or an expression.
    pub(super) fn default_for(&mut self, column: &Column) -> String {
        match column.data_type.family {
            Family::Integer if !self.sequences.is_empty() && self.rng.chance(30) => {
                let sequence = self.rng.pick(&self.sequences).replace('\'', "''");
                format!("nextval('{sequence}')")
            }
            Family::Date if self.rng.chance(30) => "CURRENT_DATE".to_owned(),
            Family::Text if self.rng.chance(20) => {
                (*self
                    .rng
                    .pick(&["CURRENT_USER", "version()", "'a' || 'b'", "upper('q')"]))
                .to_owned()
            }
            _ => format!(
                "{}::{}",
                column.data_type.value(&mut self.rng),
                column.data_type.sql
            ),
        }
    }
}
