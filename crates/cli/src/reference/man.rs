//! The man page.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::sections::{Content, SECTIONS};

/// Writes the page: the command itself, then each command it has, then what is not about options.
pub(super) fn write(command: Command, output: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(command.clone()).manual("pgdumprs");
    man.render_title(output)?;
    man.render_name_section(output)?;
    man.render_synopsis_section(output)?;
    man.render_description_section(output)?;
    output.write_all(b".PP\n")?;
    let closing = command.get_after_long_help().map(ToString::to_string);
    paragraphs(&closing.unwrap_or_default()).to_writer(output)?;
    man.render_options_section(output)?;
    // Explicit form of what goes before; its options are those.
    let others = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "dump" && !sub.is_hide_set());
    for sub in others {
        let mut options = Vec::new();
        let page = Man::new(sub.clone());
        page.render_synopsis_section(&mut options)?;
        page.render_description_section(&mut options)?;
        page.render_options_section(&mut options)?;
        let title = format!("{} {}", command.get_name(), sub.get_name());
        Roff::new()
            .control("SH", [title.to_uppercase().as_str()])
            .to_writer(output)?;
        let options = String::from_utf8_lossy(&options).replace(".SH ", ".SS ");
        output.write_all(options.as_bytes())?;
        let closing = sub.get_after_help().map(ToString::to_string);
        Roff::new().control("PP", []).to_writer(output)?;
        paragraphs(&closing.unwrap_or_default()).to_writer(output)?;
    }
    for section in SECTIONS {
        let mut roff = Roff::new();
        roff.control("SH", [section.title.to_uppercase().as_str()]);
        for content in section.content {
            match content {
                Content::Paragraph(text) => {
                    roff.text([roman(*text)]);
                }
                Content::Item(name, text) | Content::Example(name, text) => {
                    roff.control("TP", []);
                    roff.text([bold(*name)]);
                    roff.text([roman(*text)]);
                }
            }
        }
        roff.to_writer(output)?;
    }
    Roff::new()
        .control("SH", ["SEE ALSO"])
        .text([
            bold("pg_dump"),
            roman("(1), "),
            bold("pg_restore"),
            roman("(1)"),
        ])
        .to_writer(output)
}

/// Each line as a paragraph.
fn paragraphs(text: &str) -> Roff {
    let mut roff = Roff::new();
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            roff.control("PP", []);
        }
        roff.text([roman(line)]);
    }
    roff
}
