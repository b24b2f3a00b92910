//! The steps of a script, carried out.

use std::borrow::Cow;
use std::sync::Arc;

use bstr::{BStr, ByteSlice};
use pgdumprs_script::{Command, Parts, Pass, Purpose, Sql};

use tokio::sync::futures::Notified;

use super::{Kind, Shown, Turn, Worker};
use crate::load::shared::SharedTable;
use crate::schedule::HEAVY;
use crate::{Error, durable};

impl<'s> Worker<'s, '_> {
    /// Says what comes before the first step.
    pub(crate) async fn begin(&mut self) -> Result<(), Error> {
        let commands = self.told.begin();
        self.run_all(None, commands).await?;
        self.set_own().await
    }

    /// Says what comes after the last step.
    pub(crate) async fn end(&mut self) -> Result<(), Error> {
        if self.task.rules.takes_back_settings {
            for sql in ["RESET SESSION AUTHORIZATION", "RESET ROLE", "RESET ALL"] {
                self.say(sql).await?;
            }
        }
        if self.task.script.options().single_transaction {
            self.say(durable::WAIT_LOCALLY).await?;
        }
        let commands = self.told.end();
        self.run_all(None, commands).await?;
        self.finish().await
    }

    /// Does a step. What it says need not have ended when this has.
    pub(crate) async fn perform(&mut self, step: usize) -> Result<Turn<'s>, Error> {
        if let Some(mark) = self.task.ledger.flush_is_due() {
            self.say_as(durable::FLUSH, Kind::Flush(mark)).await?;
        }
        let what = &self.task.script.steps()[step];
        if self.bars_loading(step) {
            self.settle_rows().await?;
        }
        self.task.ledger.begun(step, what);
        let commands = self.told.perform(what);
        self.go_on(step, commands).await
    }

    /// Does what is left of a step.
    pub(crate) async fn go_on(
        &mut self,
        step: usize,
        commands: Vec<Command<'s>>,
    ) -> Result<Turn<'s>, Error> {
        let mut commands = commands.into_iter();
        while let Some(command) = commands.next() {
            if self.is_stopped() {
                break;
            }
            if let Command::Connect { database } = command {
                self.finish().await?;
                if self.is_stopped() {
                    break;
                }
                return Ok(Turn::Database(database.into(), commands.collect()));
            }
            self.run(Some(step), command).await?;
        }
        // Rows that were not taken would keep back all that was asked for behind them.
        self.ahead.remove(&step);
        self.in_hand.push_back((step, self.sent_count));
        self.reap();
        Ok(Turn::On)
    }

    /// Asks for the rows of steps that this connection does next, in this order, as far as they are small: those of the first are not read yet.
    /// Nothing is asked for behind data that is not asked for here, since it would come before.
    pub(crate) fn look_ahead(&mut self, steps: &[usize]) -> Result<(), Error> {
        let is_asked = |step: &usize| self.ahead.contains_key(step);
        if !self.task.source.is_server() || steps.first().is_none_or(is_asked) {
            return Ok(());
        }
        for &step in steps {
            let what = &self.task.script.steps()[step];
            let entry = self.task.script.entry(what);
            if !entry.had_dumper || !what.parts.contains(Parts::DATA) || what.pass == Pass::Drop {
                continue;
            }
            // What several connections may load is divided when its turn comes.
            let source = self.task.source;
            let is_small = entry.descriptor == "TABLE DATA"
                && source.size(entry.dump_id) < HEAVY
                && source.parts(entry.dump_id) == 1;
            if !is_small || self.ahead.contains_key(&step) {
                break;
            }
            let format = self.format(step, entry.dump_id);
            let rows = self.feeder.rows(entry.dump_id, format);
            self.ahead
                .insert(step, (format, rows.map_err(Error::Thread)?));
        }
        Ok(())
    }

    async fn run_all(
        &mut self,
        step: Option<usize>,
        commands: Vec<Command<'s>>,
    ) -> Result<(), Error> {
        for command in commands {
            if self.is_stopped() {
                return Ok(());
            }
            self.run(step, command).await?;
        }
        Ok(())
    }

    async fn run(&mut self, step: Option<usize>, command: Command<'s>) -> Result<(), Error> {
        match (command, step) {
            (Command::Sql(sql), _) => self.run_sql(step, sql).await,
            (Command::Copy { statement, dump_id }, Some(step)) => {
                self.copy(step, statement, dump_id).await
            }
            (Command::Statements { dump_id }, Some(step)) => self.statements(step, dump_id).await,
            (
                Command::LargeObjects {
                    dump_id,
                    transaction,
                },
                Some(step),
            ) => self.large_objects(step, dump_id, transaction).await,
            // What only a script has.
            _ => Ok(()),
        }
    }

    async fn run_sql(&mut self, step: Option<usize>, sql: Sql<'s>) -> Result<(), Error> {
        let kind = match sql.purpose {
            Purpose::Commit => {
                // What has failed must not be followed by another transaction.
                self.finish().await?;
                if self.is_stopped() {
                    return Ok(());
                }
                self.task.ledger.commits();
                Kind::Commit
            }
            Purpose::Setting
                if !self.task.rules.knows_transaction_timeout
                    && sets_transaction_timeout(&sql.text) =>
            {
                return Ok(());
            }
            _ => Kind::Plain,
        };
        if sql.text.trim_ascii().is_empty() {
            return Ok(());
        }
        match sql.text {
            Cow::Borrowed(text) => {
                self.send(step, text, Shown::Whole(Cow::Borrowed(text)), kind)
                    .await
            }
            Cow::Owned(text) => {
                let shown = Shown::Whole(Cow::Owned(text.clone()));
                self.send(step, &text, shown, kind).await
            }
        }
    }

    /// Sends a statement of our own.
    pub(crate) async fn say(&mut self, sql: &'static str) -> Result<(), Error> {
        self.say_as(sql, Kind::Plain).await
    }

    pub(super) async fn say_as(&mut self, sql: &'static str, kind: Kind) -> Result<(), Error> {
        let text = BStr::new(sql);
        self.send(None, text, Shown::Whole(Cow::Borrowed(text)), kind)
            .await
    }

    /// Sets what makes a restore quick and leaves no trace in what is restored.
    pub(crate) async fn set_own(&mut self) -> Result<(), Error> {
        if let Some(size) = self.task.rules.maintenance_work_mem {
            let sql = format!("SET maintenance_work_mem = '{size}kB'").into_bytes();
            let text = Shown::Whole(Cow::Owned(sql.clone().into()));
            self.send(None, &sql, text, Kind::Plain).await?;
        }
        if self.task.rules.commits_lazily {
            return self.say("SET synchronous_commit = off").await;
        }
        if !self.task.script.options().single_transaction {
            self.say(durable::WAIT).await?;
        }
        Ok(())
    }

    /// Tells when help with a table is wanted.
    pub(crate) fn help_is_wanted(&self) -> Notified<'s> {
        self.task.board.opened()
    }

    /// A table that another connection has begun to load.
    pub(crate) fn table_to_help_with(&self) -> Option<Arc<SharedTable>> {
        self.task.board.open_table()
    }

    /// Whether a table's rows are to be left out, because the table could not be made.
    pub(super) async fn leaves_out(&mut self, step: usize) -> Result<bool, Error> {
        if !self.task.rules.no_data_for_failed_tables {
            return Ok(false);
        }
        if !self.knows_tables {
            // Tables come before rows, and may still be under way.
            self.finish().await?;
            self.knows_tables = true;
        }
        let table = self.table_of(step);
        Ok(table.is_some_and(|table| self.task.ledger.has_failed(table)))
    }

    /// Whether this restore has made the table that a step loads, and nothing of it has failed.
    pub(super) fn has_made_table(&self, step: usize) -> bool {
        self.table_of(step)
            .is_some_and(|table| self.task.ledger.was_made(table))
    }

    /// The position of the entry of the table that a step loads.
    pub(super) fn table_of(&self, step: usize) -> Option<usize> {
        let data = self.task.script.entry(&self.task.script.steps()[step]);
        let table = data.dependencies.first()?;
        let position = *self.task.positions.get(table)?;
        (self.task.script.entries()[position].descriptor == "TABLE").then_some(position)
    }
}

/// Whether a setting is that of a parameter which servers before 17 do not have.
fn sets_transaction_timeout(sql: &[u8]) -> bool {
    sql.contains_str("transaction_timeout") && !sql.contains_str("idle_in_transaction")
}
