//! Where a dump goes whose name has parts of the time in it.

use std::path::PathBuf;
use std::time::SystemTime;

use anyhow::{Context, bail};
use pgdumprs::BackupTemplate;

use crate::args::DumpArgs;
use crate::program::Program;

/// The names of a dump and of those before it.
pub(crate) struct Named {
    pub(crate) template: BackupTemplate,
    /// When this one was begun, which its name tells.
    pub(crate) time: SystemTime,
}

impl DumpArgs {
    /// Puts the time into the name of the output, and says how that was written. As pg_dump, names are taken as they are.
    pub(crate) fn name(&mut self) -> anyhow::Result<Option<Named>> {
        let keeps = self.keep.is_given();
        if Program::called() != Program::Pgdumprs {
            if keeps {
                bail!(
                    "options --keep-… are those of pgdumprs: under this name, it takes names as they are"
                );
            }
            return Ok(None);
        }
        let Some(file) = self.file() else {
            if keeps {
                bail!("options --keep-… require option -f/--file, which names the backups");
            }
            return Ok(None);
        };
        if keeps && (self.is_plain() || self.keep.retention().is_empty()) {
            match self.is_plain() {
                true => bail!(
                    "options --keep-… are for archives: a script of SQL is not told from other files"
                ),
                false => bail!("options --keep-… keep nothing with a number of 0"),
            }
        }
        let Some(text) = file.to_str() else {
            if keeps || file.as_os_str().as_encoded_bytes().contains(&b'%') {
                bail!(
                    "the name \"{}\" is not Unicode, so that no time can be put into it",
                    file.display()
                );
            }
            return Ok(None);
        };
        let template = BackupTemplate::new(text).context("option -f/--file")?;
        if keeps {
            template.check_moment().context("options --keep-…")?;
        }
        let time = SystemTime::now();
        self.file = Some(PathBuf::from(template.name(time)));
        if template.is_plain() {
            return Ok(None);
        }
        Ok(Some(Named { template, time }))
    }
}
