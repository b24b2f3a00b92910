//! A registry of npm on this machine, which has the packages of a release and no others.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha512};
use tempfile::TempDir;

use crate::dist::facts::Facts;
use crate::dist::npm;
use crate::dist::target::Target;

/// A server of files, laid out as clients of npm ask for them.
pub(super) struct Registry {
    server: Child,
    address: String,
    folder: TempDir,
}

impl Registry {
    /// Serves the launcher and each target's package. Of targets that were not packed into `out` it has what npm wants to know, without the package itself.
    pub(super) fn start(facts: &Facts, out: &Path) -> Result<Registry> {
        let folder = tempfile::tempdir().context("creating a folder for a registry")?;
        let mut server = Command::new("python3")
            .args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1"])
            .arg("--directory")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("starting Python's server of files")?;
        let mut said = String::new();
        let output = server.stdout.take().context("the server has no output")?;
        BufReader::new(output).read_line(&mut said)?;
        let mut registry = Registry {
            server,
            address: String::new(),
            folder,
        };
        let address = said
            .split(['(', ')'])
            .find(|word| word.starts_with("http://"));
        address
            .with_context(|| format!("Python's server of files said {said:?}"))?
            .trim_end_matches('/')
            .clone_into(&mut registry.address);
        registry.serve(&npm::launcher_manifest(facts), facts, out)?;
        for target in Target::all() {
            registry.serve(&npm::program_manifest(target, facts), facts, out)?;
        }
        Ok(registry)
    }

    /// What npm takes for its registry.
    pub(super) fn address(&self) -> &str {
        &self.address
    }

    /// Serves the package with this manifest.
    fn serve(&self, manifest: &Value, facts: &Facts, out: &Path) -> Result<()> {
        let (name, version) = (&manifest["name"], &facts.release.version);
        let name = name.as_str().context("a package has no name")?;
        let file = npm::file_name(name, facts);
        let mut dist = json!({ "tarball": format!("{}/{file}", self.address) });
        if let Ok(package) = fs::read(out.join(&file)) {
            let sum = STANDARD.encode(Sha512::digest(&package));
            dist["integrity"] = format!("sha512-{sum}").into();
            fs::write(self.folder.path().join(&file), package)?;
        }
        let mut described = manifest.clone();
        described["dist"] = dist;
        let document = json!({
            "name": name,
            "dist-tags": { "latest": version },
            "versions": { version.as_str(): described },
        });
        let place = self.folder.path().join(name);
        fs::create_dir_all(place.parent().unwrap_or(&place))?;
        fs::write(&place, document.to_string()).with_context(|| format!("serving {name}"))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        // Where it has ended by itself, there is nothing to end.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
