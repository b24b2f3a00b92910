//! The image, built by buildah, and run in its root file system.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{checked_output, provision};
use serde_json::Value;
use tempfile::TempDir;

use super::place::Place;
use super::{Checked, ROUND_TRIP};
use crate::dist::container;
use crate::dist::facts::Facts;
use crate::dist::stage::Staged;
use crate::dist::template::fill;
use crate::trial::{Program, Source, round_trip};

/// Who may say what images are: everybody, as all of them are built here.
const POLICY: &str = r#"{ "default": [{ "type": "insecureAcceptAnything" }] }"#;

/// What buildah makes networks by, and the file of its settings.
const NETWORKS: &str = "netavark";
const SETTINGS: &str = "containers.conf";

/// Stands in for `docker run`: a container takes a kernel and rights that not every machine has. It knows the options that docs/install.md has.
const DOCKER: &str = include_str!("docker.sh");

/// Somebody who is neither root nor the image's user.
const SOMEBODY: u32 = 1000;

/// Checks the image for this machine's processor, and that those for the others have their programs. It takes root to build and to enter them.
pub(super) fn check(
    staged: &[Staged],
    facts: &Facts,
    out: &Path,
    source: &Source,
) -> Result<Option<Checked>> {
    if staged
        .iter()
        .all(|staged| staged.target.container.is_none())
    {
        return Ok(None);
    }
    let folder = container::path(facts, out);
    let mut checked = None;
    let builder = Builder::new()?;
    for staged in staged {
        let Some(processor) = staged.target.container else {
            continue;
        };
        println!("== {} for {processor}", folder.display());
        let image = builder.build(&folder, processor)?;
        let program = image.root.join("usr/local/bin/pgdumprs");
        ensure!(
            fs::read(program)? == fs::read(staged.program())?,
            "the image for {processor} has another program"
        );
        if staged.target.runs_here() {
            run(&image, source)?;
            checked = Some(Checked {
                artefact: folder.join("Containerfile"),
                installed:
                    "`buildah build`, run in its root file system as its user and as another"
                        .to_owned(),
                did: ROUND_TRIP.to_owned(),
            });
        }
    }
    Ok(checked)
}

/// An image that was built, and where its files are.
struct Image {
    root: PathBuf,
    /// What is in it besides files, as the image's specification has it.
    config: Value,
}

/// buildah, with storage of its own.
struct Builder {
    program: PathBuf,
    storage: TempDir,
}

impl Builder {
    fn new() -> Result<Builder> {
        let builder = Builder {
            program: provision::buildah()?,
            storage: tempfile::tempdir().context("creating a folder for images")?,
        };
        let place = |name: &str| builder.storage.path().join(name);
        fs::write(place("policy.json"), POLICY)?;
        // It looks for what makes networks even where a build has no use for one.
        fs::write(place(NETWORKS), "")?;
        fs::set_permissions(place(NETWORKS), Permissions::from_mode(0o755))?;
        let folder = builder.storage.path().display().to_string();
        let settings = format!("[engine]\nhelper_binaries_dir = [\"{folder}\"]\n");
        fs::write(place(SETTINGS), settings)?;
        Ok(builder)
    }

    /// Runs it, and returns what it printed.
    fn run(&self, task: &str, arguments: &[&str]) -> Result<String> {
        println!("$ buildah {task} {}", arguments.join(" "));
        let place = |name: &str| self.storage.path().join(name);
        let mut buildah = Command::new(&self.program);
        buildah.env("CONTAINERS_CONF", place(SETTINGS));
        buildah.arg("--root").arg(place("images"));
        buildah.arg("--runroot").arg(place("run"));
        buildah
            .args(["--storage-driver", "vfs", task])
            .args(arguments);
        let output = checked_output(&mut buildah)?;
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Builds an image from a folder.
    fn build(&self, folder: &Path, processor: &str) -> Result<Image> {
        let policy = self.storage.path().join("policy.json");
        let name = format!("pgdumprs-{processor}");
        self.run(
            "build",
            &[
                "--quiet",
                "--isolation=chroot",
                &format!("--signature-policy={}", policy.display()),
                &format!("--platform=linux/{processor}"),
                &format!("--tag={name}"),
                &folder.display().to_string(),
            ],
        )?;
        let described: Value =
            serde_json::from_str(&self.run("inspect", &["--type=image", &name])?)?;
        let container = self.run(
            "from",
            &[
                "--pull-never",
                &format!("--signature-policy={}", policy.display()),
                &name,
            ],
        )?;
        Ok(Image {
            root: self.run("mount", &[&container])?.into(),
            config: described["OCIv1"]["config"].clone(),
        })
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        // Whatever remains mounted would keep the folder from going.
        let _ = self.run("umount", &["--all"]);
    }
}

/// Does with it what docs/install.md says, and a round trip as somebody else.
fn run(image: &Image, source: &Source) -> Result<()> {
    let mut place = Place::new(source)?;
    let docker = place.folder().join("bin/docker");
    fs::create_dir(place.path("bin"))?;
    fs::write(&docker, docker_for(image)?)?;
    fs::set_permissions(&docker, Permissions::from_mode(0o755))?;
    place.put_on_search_path(place.path("bin"))?;

    let port = source.server.port();
    let server = format!(
        "host=localhost hostaddr=127.0.0.1 port={port} user={} sslmode=require",
        source.role
    );
    place.follow("Container", &server, source)?;

    let database = source.database.name();
    let url = format!("{server} dbname={database}");
    let nowhere = place
        .other("docker")
        .args([
            "run",
            "-e",
            "PGPASSWORD",
            "pgdumprs",
            "-d",
            &url,
            "-f",
            "lost.dump",
        ])
        .output()?;
    let said = String::from_utf8_lossy(&nowhere.stderr);
    ensure!(
        nowhere.status.code() == Some(1) && said.contains("Permission denied"),
        "without a volume it ended with {} and said {said:?}",
        nowhere.status
    );
    let url = url.replace("sslmode=require", "sslmode=verify-full sslrootcert=system");
    let stranger = place
        .other("docker")
        .args(["run", "-e", "PGPASSWORD", "pgdumprs", "-d", &url])
        .output()?;
    let said = String::from_utf8_lossy(&stranger.stderr);
    ensure!(
        stranger.status.code() == Some(1) && said.contains("UnknownIssuer"),
        "of a server that no authority vouches for it said {said:?}"
    );

    chown(place.folder(), Some(SOMEBODY), Some(SOMEBODY))?;
    let volume = format!("{}:/backup", place.folder().display());
    let user = format!("{SOMEBODY}:{SOMEBODY}");
    let mut words = vec![
        "docker", "run", "--rm", "-i", "-v", &volume, "--user", &user,
    ];
    for name in [
        "PGHOST",
        "PGHOSTADDR",
        "PGPORT",
        "PGUSER",
        "PGPASSWORD",
        "PGSSLMODE",
        "PGSSLROOTCERT",
    ] {
        words.extend(["-e", name]);
    }
    words.push("pgdumprs");
    place.set("PGHOSTADDR", "127.0.0.1");
    place.set("PGSSLROOTCERT", "authority.pem");
    place.run_by(&words);
    round_trip(&place, source)?;
    let owner = fs::metadata(place.path("file.dump"))?.uid();
    ensure!(owner == SOMEBODY, "the file belongs to {owner}");
    Ok(())
}

/// What stands in for Docker, with what the image says.
fn docker_for(image: &Image) -> Result<String> {
    let root = image.root.display().to_string();
    let said = |name: &str| {
        let value = &image.config[name];
        let value = value.get(0).unwrap_or(value).as_str();
        value.with_context(|| format!("the image has no {name}"))
    };
    let (user, folder, program) = (said("User")?, said("WorkingDir")?, said("Entrypoint")?);
    fill(DOCKER, |name| match name {
        "root" => Some(root.as_str()),
        "user" => Some(user),
        "folder" => Some(folder),
        "program" => Some(program),
        _ => None,
    })
}
