//! Files with places that are filled in.

use anyhow::{Result, bail};

/// Fills `{{name}}` with the value of that name, everywhere in a text.
///
/// # Errors
///
/// When there is no such value, or a place does not end.
pub(crate) fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> Result<String> {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, place)) = rest.split_once("{{") {
        let Some((name, after)) = place.split_once("}}") else {
            bail!("a place in a template does not end: {{{{{place}");
        };
        let Some(value) = value(name) else {
            bail!("a template asks for {name}, which is not known");
        };
        filled.push_str(before);
        filled.push_str(value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled() {
        let value = |name: &str| (name == "a").then_some("1");
        assert_eq!(fill("{{a}} and {{a}}, {a}", value).unwrap(), "1 and 1, {a}");
        let says = |template| fill(template, value).unwrap_err().to_string();
        assert!(says("{{b}}").contains("asks for b"));
        assert!(says("{{a").contains("does not end"));
    }
}
