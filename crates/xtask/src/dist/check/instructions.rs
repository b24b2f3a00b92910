//! The commands of docs/install.md.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::build::workspace;

const PAGE: &str = "docs/install.md";

/// All commands of a section, in their order.
///
/// # Errors
///
/// When there is no such section, or there are none in it.
pub(super) fn commands(section: &str) -> Result<String> {
    let page = fs::read_to_string(workspace().join(PAGE)).context("reading docs/install.md")?;
    let commands = blocks(&page, section);
    ensure!(!commands.is_empty(), "{PAGE} has no commands for {section}");
    Ok(commands)
}

/// What is in the blocks for a shell below a heading.
fn blocks(page: &str, section: &str) -> String {
    let heading = format!("## {section}");
    let mut blocks = String::new();
    let (mut is_below, mut is_in_block) = (false, false);
    for line in page.lines() {
        match line {
            "```sh" => is_in_block = true,
            "```" => is_in_block = false,
            line if is_in_block && is_below => {
                blocks += line;
                blocks.push('\n');
            }
            line if line.starts_with("## ") => is_below = line == heading,
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_those_of_their_section() {
        let page = "```sh\nno\n```\n## One\n```sh\na\n## b\n```\ntext\n```js\nno\n```\n```sh\nc\n```\n## Two\n```sh\nno\n```\n";
        assert_eq!(blocks(page, "One"), "a\n## b\nc\n");
        assert_eq!(blocks(page, "Three"), "");
    }
}
