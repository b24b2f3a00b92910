//! `kubernetes.md`: what the pod of the job runs.

use std::fs;
use std::process::Command;

use yaml_rust2::Yaml;

use crate::shop::{Shop, blocks, fails, names, succeeds, yaml};

#[test]
fn the_pod_writes_or_leaves_the_file() {
    let shop = Shop::open();
    let texts = blocks("docs/recipes/kubernetes.md", &["yaml"]);
    let documents = yaml(&texts[0]);
    let [secret, job] = &documents[..] else {
        panic!("a secret and a job");
    };
    assert_eq!(job["kind"].as_str(), Some("CronJob"));
    let pod = &job["spec"]["jobTemplate"]["spec"]["template"]["spec"];
    assert_eq!(pod["restartPolicy"].as_str(), Some("Never"));
    let container = &pod["containers"][0];
    let name = |yaml: &Yaml| yaml["name"].as_str().unwrap().to_owned();
    assert_eq!(
        name(&container["envFrom"][0]["secretRef"]),
        name(&secret["metadata"])
    );
    assert_eq!(
        name(&container["volumeMounts"][0]),
        name(&pod["volumes"][0])
    );
    let mount = container["volumeMounts"][0]["mountPath"].as_str().unwrap();

    let server = shop.database.server();
    let words = |yaml: &Yaml| -> Vec<String> {
        let words = yaml.as_vec().unwrap().iter();
        words
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    let folder = shop.path("backups");
    fs::create_dir(&folder).unwrap();
    // As a pod runs it: no shell in between, and no environment but its own.
    let program = words(&container["command"]);
    assert_eq!(program, ["pgdumprs"]);
    let arguments = words(&container["args"]);
    let pod = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgdumprs"));
        command.env_clear();
        for argument in &arguments {
            command.arg(argument.replace(mount, &folder.display().to_string()));
        }
        for (variable, value) in secret["stringData"].as_hash().unwrap() {
            let value = match variable.as_str().unwrap() {
                "PGHOST" => server.socket_dir().display().to_string(),
                "PGUSER" => "postgres".to_owned(),
                "PGDATABASE" => shop.database.name().to_owned(),
                _ => value.as_str().unwrap().to_owned(),
            };
            command.env(variable.as_str().unwrap(), value);
        }
        command.env("PGPORT", server.port().to_string());
        command
    };
    succeeds(&mut pod());
    let [archive] = &names(&folder)[..] else {
        panic!("one archive");
    };
    let archive = folder.join(archive);
    let older = |day: u32| folder.join(format!("shop-2020-01-{day:02}.dump"));
    for day in 1..=20 {
        fs::copy(&archive, older(day)).unwrap();
    }
    succeeds(&mut pod());
    let kept = names(&folder);
    assert_eq!(kept.len(), 14, "{kept:?}");
    assert!(older(8).exists() && !older(7).exists(), "{kept:?}");
    shop.assert_is_archived_in(&archive);
    let good = fs::read(&archive).unwrap();
    let mut midway = pod();
    shop.fail_midway(&mut midway);
    fails(&mut midway);
    assert!(
        fs::read(&archive).unwrap() == good,
        "the last good night's is still there"
    );
    assert_eq!(names(&folder), kept);
}
