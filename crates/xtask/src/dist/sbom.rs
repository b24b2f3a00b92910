//! The bill of materials of a program, for tools that look for known faults in it: CycloneDX, as JSON.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::crates::{Crate, CrateId, Crates};
use super::release::Release;
use super::stage::Staged;

/// The version of the format.
const FORMAT: &str = "1.6";

/// Writes it, and returns its path.
pub(crate) fn pack(staged: &Staged, crates: &Crates, out: &Path) -> Result<PathBuf> {
    let path = out.join(format!("{}.cdx.json", staged.name()));
    let bill = bill(&staged.release, staged.target.triple, crates)?;
    let text = serde_json::to_string_pretty(&bill)? + "\n";
    fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn bill(release: &Release, triple: &str, crates: &Crates) -> Result<Value> {
    let time = Timestamp::from_second(release.time.try_into()?)?;
    let root = &crates.root;
    let program = crates.all.get(root).context("the command is no crate")?;
    let mut component = component("application", root, program);
    component["properties"] = json!([{ "name": "target", "value": triple }]);
    let components: Vec<_> = crates
        .all
        .iter()
        .filter(|(id, _)| *id != root)
        .map(|(id, described)| self::component("library", id, described))
        .collect();
    let dependencies: Vec<_> = crates
        .all
        .iter()
        .map(|(id, described)| {
            let needed: Vec<_> = described.dependencies.iter().map(reference).collect();
            json!({ "ref": reference(id), "dependsOn": needed })
        })
        .collect();
    Ok(json!({
        "$schema": format!("http://cyclonedx.org/schema/bom-{FORMAT}.schema.json"),
        "bomFormat": "CycloneDX",
        "specVersion": FORMAT,
        "version": 1,
        "metadata": { "timestamp": time.to_string(), "component": component },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(kind: &str, id: &CrateId, described: &Crate) -> Value {
    let mut component = json!({
        "type": kind,
        "bom-ref": reference(id),
        "name": id.name,
        "version": id.version,
        "licenses": [{ "expression": described.licence }],
        "purl": reference(id),
    });
    if let Some(description) = &described.description {
        component["description"] = json!(description.trim());
    }
    if let Some(sum) = &described.checksum {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

/// The package's address, by which it is known in the bill and everywhere else.
fn reference(id: &CrateId) -> String {
    format!("pkg:cargo/{}@{}", id.name, id.version.replace('+', "%2B"))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::dist::crates::tests::id;

    fn example() -> Crates {
        let described = |dependencies: &[&str], checksum: Option<&str>| Crate {
            authors: Vec::new(),
            licence: "MIT OR Apache-2.0".to_owned(),
            description: Some("Does\nthings.\n".to_owned()),
            folder: PathBuf::new(),
            checksum: checksum.map(str::to_owned),
            dependencies: dependencies.iter().map(|name| id(name)).collect(),
        };
        let all = BTreeMap::from([
            (id("ours"), described(&["near", "far"], None)),
            (id("near"), described(&["far"], Some("00ff"))),
            (id("far"), described(&[], Some("ff00"))),
        ]);
        Crates {
            root: id("ours"),
            all,
        }
    }

    #[test]
    fn each_crate_is_listed_once_with_what_it_needs() {
        let release = Release {
            version: "1.0.0".to_owned(),
            time: 1_000_000_000,
        };
        let bill = bill(&release, "a-target", &example()).unwrap();
        assert_eq!(bill["metadata"]["timestamp"], "2001-09-09T01:46:40Z");
        assert_eq!(bill["metadata"]["component"]["name"], "ours");
        let names: Vec<_> = bill["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| &it["name"])
            .collect();
        assert_eq!(names, ["far", "near"]);
        let near = &bill["components"][1];
        assert_eq!(near["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(near["hashes"][0]["content"], "00ff");
        let needs: BTreeSet<_> = bill["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| format!("{}: {}", it["ref"], it["dependsOn"]))
            .collect();
        let expected = [
            r#""pkg:cargo/far@1.0.0": []"#,
            r#""pkg:cargo/near@1.0.0": ["pkg:cargo/far@1.0.0"]"#,
            r#""pkg:cargo/ours@1.0.0": ["pkg:cargo/far@1.0.0","pkg:cargo/near@1.0.0"]"#,
        ];
        assert!(needs.iter().eq(&expected), "{needs:?}");
    }

    #[test]
    fn a_version_with_a_plus_has_an_address() {
        let id = CrateId {
            name: "zstd-sys".to_owned(),
            version: "2.1.2+zstd.1.5.7".to_owned(),
        };
        assert_eq!(reference(&id), "pkg:cargo/zstd-sys@2.1.2%2Bzstd.1.5.7");
    }
}
