//! A runner of GitHub Actions, as far as `action.yml` has use for one.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::path::{Path, PathBuf};

use yaml_rust2::Yaml;

use super::stores;
use crate::shop::{Shop, page, run, yaml};

/// The repository of the action, and that of the workflow.
const ACTION_REPOSITORY: &str = "pgdumprs/pgdumprs";
const REPOSITORY: &str = "shop/backend";

/// A runner with the clients of all stores, and a folder for what is stored by each.
pub(crate) struct Runner<'a> {
    shop: &'a Shop,
    action: Yaml,
    recorder: PathBuf,
}

/// What a step came to.
pub(crate) struct Outcome {
    pub(crate) is_success: bool,
    /// What people see of its output, secrets included that the runner would hide.
    pub(crate) log: String,
    /// What the runner was told to hide.
    pub(crate) hidden: Vec<String>,
    pub(crate) summary: String,
    pub(crate) outputs: BTreeMap<String, String>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(shop: &'a Shop) -> Self {
        stores::install(shop);
        let recorder = shop.program(
            "recording-pgdumprs",
            &format!(
                "#!/bin/sh\necho \"$*\" >> \"$STORE/arguments\"\nexec '{}' \"$@\"\n",
                env!("CARGO_BIN_EXE_pgdumprs")
            ),
        );
        let action = yaml(&page("action.yml")).remove(0);
        fs::create_dir_all(shop.path("store")).unwrap();
        Self {
            shop,
            action,
            recorder,
        }
    }

    /// The folder that stands for all stores.
    pub(crate) fn store(&self) -> PathBuf {
        self.shop.path("store")
    }

    /// The folder of a release of the action's repository.
    pub(crate) fn release(&self, version: &str) -> PathBuf {
        let releases = format!("hub/{ACTION_REPOSITORY}/releases/download/v{version}");
        self.shop.path(&releases)
    }

    /// Runs the action with a pgdumprs that records its arguments, unless the inputs have a word about that.
    pub(crate) fn run(&self, inputs: &[(&str, &str)], variables: &[(&str, &str)]) -> Outcome {
        let recorder = self.recorder.display().to_string();
        let mut given = BTreeMap::from([("program", recorder.as_str())]);
        given.extend(inputs.iter().copied());
        let place = tempfile::tempdir_in(self.shop.path("")).unwrap();
        let file = |name: &str| place.path().join(name);
        let temporary = self.shop.path("runner");
        for folder in [&file("workspace"), &temporary] {
            fs::create_dir_all(folder).unwrap();
        }

        let [step] = &self.action["runs"]["steps"].as_vec().unwrap()[..] else {
            panic!("the action has one step");
        };
        assert_eq!(step["shell"].as_str(), Some("bash"));
        let script = file("step");
        fs::write(&script, step["run"].as_str().unwrap()).unwrap();
        // What a runner does with such a step.
        let command = "exec bash --noprofile --norc -eo pipefail \"$0\" 2>&1";
        let mut shell = self
            .shop
            .shell(&command.replace("$0", &script.display().to_string()));
        for name in ["PGHOST", "PGPORT", "PGUSER", "PGDATABASE"] {
            shell.env_remove(name);
        }
        for (name, value) in step["env"].as_hash().unwrap() {
            let value = self.evaluate(value.as_str().unwrap(), &given);
            shell.env(name.as_str().unwrap(), value);
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        shell
            .env("GITHUB_ACTION_PATH", root)
            .env("GITHUB_OUTPUT", file("output"))
            .env("GITHUB_STEP_SUMMARY", file("summary"))
            .env("GITHUB_REPOSITORY", REPOSITORY)
            .env("RUNNER_OS", "Linux")
            .env(
                "RUNNER_ARCH",
                if ARCH == "aarch64" { "ARM64" } else { "X64" },
            )
            .env("RUNNER_TEMP", temporary)
            .env("STORE", self.store())
            .envs(variables.iter().copied())
            .current_dir(file("workspace"));
        let output = run(&mut shell);

        let said = String::from_utf8(output.stdout).unwrap();
        let (hidden, log): (Vec<&str>, Vec<&str>) = said
            .lines()
            .partition(|line| line.starts_with("::add-mask::"));
        let written = |name: &str| fs::read_to_string(file(name)).unwrap_or_default();
        let written_outputs = written("output");
        let lines = written_outputs
            .lines()
            .map(|line| line.split_once('=').unwrap());
        let outputs = lines.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Outcome {
            is_success: output.status.success(),
            // As the runner shows it, in which a message's letters may be written by their numbers.
            log: log.join("\n").replace("%0A", "\n").replace("%25", "%"),
            hidden: hidden
                .iter()
                .map(|line| line["::add-mask::".len()..].to_owned())
                .collect(),
            summary: written("summary"),
            outputs: self.named(&outputs.collect()),
        }
    }

    /// Replaces the expressions in a value.
    fn evaluate(&self, text: &str, given: &BTreeMap<&str, &str>) -> String {
        let declared = &self.action["inputs"];
        for name in given.keys() {
            assert!(!declared[*name].is_badvalue(), "there is no input {name}");
        }
        let mut parts = text.split("${{ ");
        let mut value = parts.next().unwrap().to_owned();
        for part in parts {
            let (expression, rest) = part.split_once(" }}").unwrap();
            value += &match expression {
                "github.server_url" => format!("file://{}", self.shop.path("hub").display()),
                "github.action_repository || github.repository" => ACTION_REPOSITORY.to_owned(),
                "env.GH_TOKEN || github.token" => "a token".to_owned(),
                input => {
                    let name = input.strip_prefix("inputs.").unwrap();
                    let default = || declared[name]["default"].as_str().unwrap();
                    given.get(name).copied().unwrap_or_else(default).to_owned()
                }
            };
            value += rest;
        }
        value
    }

    /// The action's outputs, of the step's.
    fn named(&self, outputs: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let declared = self.action["outputs"].as_hash().unwrap();
        let of_step = |value: &str| -> Option<String> {
            let name = value
                .strip_prefix("${{ steps.backup.outputs.")?
                .strip_suffix(" }}")?;
            outputs.get(name).cloned()
        };
        let outputs = declared.iter().filter_map(|(name, output)| {
            let value = of_step(output["value"].as_str().unwrap())?;
            Some((name.as_str().unwrap().to_owned(), value))
        });
        outputs.collect()
    }
}

impl Outcome {
    /// Fails where a text shows anywhere.
    pub(crate) fn assert_hides(&self, secret: &str) {
        let outputs: Vec<_> = self.outputs.values().map(String::as_str).collect();
        for text in [&self.log, &self.summary, &outputs.join("\n")] {
            assert!(!text.contains(secret), "{secret:?} shows: {text}");
        }
    }
}
