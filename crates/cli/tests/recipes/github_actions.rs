//! `github-actions.md`: its workflows, run by the action as it is.

use std::fs;
use std::path::Path;

use yaml_rust2::Yaml;

use crate::action::Runner;
use crate::shop::{Shop, blocks, names, page, yaml};

/// The inputs that a step gives to the action.
fn inputs<'a>(step: &'a Yaml, url: &'a str) -> Vec<(&'a str, String)> {
    assert_eq!(step["uses"].as_str(), Some("OWNER/pgdumprs@v1"));
    let given = step["with"].as_hash().unwrap().iter();
    let value = |value: &Yaml| match value {
        Yaml::Integer(number) => number.to_string(),
        text => text
            .as_str()
            .unwrap()
            .replace("${{ secrets.DATABASE_URL }}", url),
    };
    given
        .map(|(name, given)| (name.as_str().unwrap(), value(given)))
        .collect()
}

#[test]
fn the_workflows_back_up() {
    let texts = blocks("docs/recipes/github-actions.md", &["yaml", "yaml"]);
    let workflows: Vec<_> = texts.iter().map(|text| yaml(text).remove(0)).collect();
    let steps = |workflow: usize| &workflows[workflow]["jobs"]["backup"]["steps"];
    let shop = Shop::open();
    let runner = Runner::new(&shop);
    let url = shop.database.url();
    let run = |step: &Yaml| {
        let inputs = inputs(step, &url);
        let inputs: Vec<_> = inputs
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let outcome = runner.run(&inputs, &[]);
        assert!(outcome.is_success, "{}", outcome.log);
        outcome.outputs
    };

    let nightly = runner.store().join("shop-backups/nightly");
    fs::create_dir_all(&nightly).unwrap();
    for day in 1..=20 {
        fs::write(nightly.join(format!("shop-2020-01-{day:02}.dump")), "old").unwrap();
    }
    let outputs = run(&steps(0)[0]);
    let kept = names(&nightly);
    assert_eq!((kept.len(), kept[0].as_str()), (14, "shop-2020-01-08.dump"));
    assert_eq!(kept.last(), Some(&outputs["name"]));
    assert_eq!(outputs["rows"], "2000");

    let outputs = run(&steps(1)[0]);
    shop.assert_is_archived_in(Path::new(&outputs["path"]));
    let upload = &steps(1)[1]["with"];
    for name in ["name", "path"] {
        let expression = format!("${{{{ steps.backup.outputs.{name} }}}}");
        assert_eq!(upload[name].as_str(), Some(expression.as_str()));
    }
}

#[test]
fn all_inputs_and_outputs_are_told() {
    let text = page("docs/recipes/github-actions.md");
    let action = yaml(&page("action.yml")).remove(0);
    for (name, input) in action["inputs"].as_hash().unwrap() {
        let name = name.as_str().unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let default = input["default"].as_str().unwrap();
        let line = line.unwrap_or_else(|| panic!("{name} is not told"));
        assert!(
            line.contains(default),
            "{line} does not tell the default, {default}"
        );
    }
    for name in action["outputs"].as_hash().unwrap().keys() {
        let name = name.as_str().unwrap();
        assert!(text.contains(&format!("`{name}`")), "{name} is not told");
    }
}
