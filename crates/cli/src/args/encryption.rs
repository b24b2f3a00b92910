//! Options that encrypt what is dumped, and those that open it.

use std::env;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use pgdumprs::{Identities, Passphrase, Recipients};

use crate::password;
use crate::standard_stream;

/// The environment variable that a passphrase is taken from, where no file has it.
const VARIABLE: &str = "PGDUMPRS_PASSPHRASE";

/// Longer than any file of keys.
const LONGEST_FILE: u64 = 1 << 20;

#[derive(Debug, Args)]
#[command(next_help_heading = "Encryption")]
pub(crate) struct EncryptionArgs {
    /// Encrypt the dump with age to this recipient (age1…), so that only its identity opens it; may be given several times
    ///
    /// age-keygen makes both. A dump in the custom or tar format or a script is encrypted, and none in the directory format. docs/encryption.md has
    /// what that protects from.
    #[arg(long, value_name = "RECIPIENT", value_hint = ValueHint::Other)]
    encrypt_to: Vec<String>,

    /// Encrypt the dump to the recipients in this file, one in a line, as age -R does; may be given several times
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    encrypt_to_file: Vec<PathBuf>,

    /// Encrypt the dump with a passphrase: from --passphrase-file, from PGDUMPRS_PASSPHRASE, or asked for on the terminal
    #[arg(long, conflicts_with_all = ["encrypt_to", "encrypt_to_file"])]
    encrypt_with_passphrase: bool,

    /// File whose first line is the passphrase
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "encrypt_with_passphrase")]
    passphrase_file: Option<PathBuf>,
}

impl EncryptionArgs {
    /// Whether the dump is encrypted.
    pub(crate) fn is_given(&self) -> bool {
        self.encrypt_with_passphrase
            || !self.encrypt_to.is_empty()
            || !self.encrypt_to_file.is_empty()
    }

    /// Who can open the dump; nobody where it is not encrypted. A person is asked for a passphrase twice.
    pub(crate) fn recipients(&self) -> anyhow::Result<Option<Recipients>> {
        if self.encrypt_with_passphrase {
            let passphrase = match given_passphrase(self.passphrase_file.as_deref())? {
                Some(passphrase) => passphrase,
                None => Passphrase::new(password::ask_new_passphrase()?)?,
            };
            return Ok(Some(Recipients::passphrase(passphrase)));
        }
        if !self.is_given() {
            return Ok(None);
        }
        let mut recipients = Recipients::new();
        for recipient in &self.encrypt_to {
            recipients.add(recipient).context("option --encrypt-to")?;
        }
        for file in &self.encrypt_to_file {
            let name = quoted(file);
            let text =
                fs::read_to_string(file).with_context(|| format!("could not read {name}"))?;
            recipients.add_lines(&text, &name)?;
        }
        Ok(Some(recipients))
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Encryption")]
pub(crate) struct IdentityArgs {
    /// Open an encrypted archive with the keys in this file, as age-keygen makes it, or - for standard input; may be given several times
    ///
    /// The file may itself be encrypted with a passphrase.
    #[arg(long = "identity", value_name = "FILE", value_hint = ValueHint::FilePath)]
    identities: Vec<PathBuf>,

    /// File whose first line is the passphrase that opens an encrypted archive or a file of keys
    ///
    /// Without it, PGDUMPRS_PASSPHRASE has it, or it is asked for on the terminal.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    passphrase_file: Option<PathBuf>,
}

impl IdentityArgs {
    /// Whether there is anything that opens an encrypted archive, without asking.
    pub(crate) fn is_given(&self) -> bool {
        !self.identities.is_empty()
            || self.passphrase_file.is_some()
            || env::var_os(VARIABLE).is_some()
    }

    /// What opens an encrypted archive. A passphrase is asked for where one is needed.
    pub(crate) fn identities(&self, archive: &Path) -> anyhow::Result<Identities> {
        let file = self.passphrase_file.clone();
        let mut identities = Identities::new().passphrase_from(Box::new(move || {
            let given = given_passphrase(file.as_deref()).map_err(std::io::Error::other)?;
            match given {
                Some(passphrase) => Ok(passphrase),
                None => {
                    let text = password::ask_passphrase()?;
                    Passphrase::new(text).map_err(std::io::Error::other)
                }
            }
        }));
        for file in &self.identities {
            let is_standard = file == Path::new("-");
            if is_standard && archive == file {
                bail!("standard input cannot be both the archive and its identity");
            }
            let (name, content) = match is_standard {
                true => ("standard input".to_owned(), read_input()),
                false => (quoted(file), fs::read(file)),
            };
            let content = content.with_context(|| format!("could not read {name}"))?;
            identities
                .add_file(&content, &name)
                .context(name_of_option(file))?;
        }
        Ok(identities)
    }
}

fn name_of_option(file: &Path) -> String {
    format!("option --identity {}", quoted(file))
}

fn read_input() -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    standard_stream::input()?
        .take(LONGEST_FILE)
        .read_to_end(&mut content)?;
    Ok(content)
}

/// The passphrase of a file or of the environment.
fn given_passphrase(file: Option<&Path>) -> anyhow::Result<Option<Passphrase>> {
    if let Some(file) = file {
        let name = quoted(file);
        let text = fs::read_to_string(file).with_context(|| format!("could not read {name}"))?;
        return Ok(Some(Passphrase::first_line(&text).context(name)?));
    }
    match env::var(VARIABLE) {
        Ok(text) => Ok(Some(Passphrase::new(text).context(VARIABLE)?)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => bail!("{VARIABLE} is not UTF-8"),
    }
}

fn quoted(file: &Path) -> String {
    format!("\"{}\"", file.display())
}
