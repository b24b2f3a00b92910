//! What is made from the definitions of the options besides `--help`: completions for shells, a man page, `docs/cli.md`.

mod man;
mod markdown;
mod sections;

use std::io::{self, Write};

use clap::{Command, ValueEnum};
use clap_complete::aot::{Bash, Fish, PowerShell, Zsh};
use clap_complete::generate;

/// What `--generate` can print.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Reference {
    /// A man page, for man
    Man,
    /// Completions for bash
    Bash,
    /// Completions for zsh
    Zsh,
    /// Completions for fish
    Fish,
    /// Completions for PowerShell
    #[value(name = "powershell")]
    PowerShell,
    /// The page `docs/cli.md` of this project
    #[value(hide = true)]
    Markdown,
}

impl Reference {
    /// Writes it, made from `command`, to `output`.
    ///
    /// # Errors
    ///
    /// Where `output` takes it not.
    pub(crate) fn write(self, mut command: Command, output: &mut dyn Write) -> io::Result<()> {
        if !matches!(self, Self::Man | Self::Markdown) {
            command = without_question_mark(command);
        }
        command.build();
        // The generators of completions cannot fail, but what they write to can.
        let mut text = Vec::new();
        let name = command.get_name().to_owned();
        match self {
            Self::Man => man::write(command, &mut text)?,
            Self::Markdown => text = markdown::page(&command).into_bytes(),
            Self::Bash => generate(Bash, &mut command, name, &mut text),
            Self::Zsh => generate(Zsh, &mut command, name, &mut text),
            Self::Fish => generate(Fish, &mut command, name, &mut text),
            Self::PowerShell => generate(PowerShell, &mut command, name, &mut text),
        }
        output.write_all(&text)
    }
}

/// The same command, whose `--help` has no letter: `-?` is a pattern of file names to shells, and fish takes the generated script not.
fn without_question_mark(command: Command) -> Command {
    command
        .mut_args(|arg| match arg.get_short() {
            Some('?') => arg.short(None),
            _ => arg,
        })
        .mut_subcommands(without_question_mark)
}
