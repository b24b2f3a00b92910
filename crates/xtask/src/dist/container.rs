//! The image: a folder that a builder of images makes it of, with nothing but the program of each processor and certificates of authorities.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::facts::Facts;
use super::stage::Staged;
use super::template::fill;
use crate::build::workspace;

const TEMPLATE: &str = "packaging/container/Containerfile";

/// Where programs look for the system's certificates first.
const CERTIFICATES: &str = "root/etc/ssl/certs/ca-certificates.crt";

/// Where the program and licences are in what is each processor's own.
const PROGRAM: &str = "usr/local/bin/pgdumprs";
const LICENCES: &str = "usr/share/doc/pgdumprs";

/// Makes the folder for programs of Linux without libraries, and returns its path. What was there is gone.
///
/// # Errors
///
/// When there is no such program, or a file cannot be read or written.
pub(crate) fn pack(staged: &[Staged], facts: &Facts, out: &Path) -> Result<PathBuf> {
    let folder = path(facts, out);
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    let place = |path: &str, contents: &[u8], mode: u32| -> Result<()> {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap_or(&folder))
            .and_then(|()| fs::write(&file, contents))
            .and_then(|()| fs::set_permissions(&file, Permissions::from_mode(mode)))
            .with_context(|| format!("writing {}", file.display()))
    };
    let template =
        fs::read_to_string(workspace().join(TEMPLATE)).context("reading the template")?;
    place(
        "Containerfile",
        containerfile(&template, facts)?.as_bytes(),
        0o644,
    )?;
    place(CERTIFICATES, authorities().as_bytes(), 0o644)?;
    // Rows that wait for their turn may be put aside there, by whichever user the program runs as.
    let temporary = folder.join("root/tmp");
    fs::create_dir_all(&temporary)
        .and_then(|()| fs::set_permissions(&temporary, Permissions::from_mode(0o1777)))
        .context("making the folder of temporary files")?;
    let mut count = 0;
    for staged in staged {
        let Some(processor) = staged.target.container else {
            continue;
        };
        let own = format!("linux/{processor}");
        let program = fs::read(staged.program()).context("reading the program")?;
        place(&format!("{own}/{PROGRAM}"), &program, 0o755)?;
        for licence in staged.licences()? {
            let text = fs::read(&licence.path).context("reading a licence")?;
            place(&format!("{own}/{LICENCES}/{}", licence.name), &text, 0o644)?;
        }
        count += 1;
    }
    ensure!(count > 0, "no program for an image was built");
    Ok(folder)
}

/// Where [`pack`] puts it.
pub(crate) fn path(facts: &Facts, out: &Path) -> PathBuf {
    out.join(format!(
        "{}-{}-container",
        facts.name, facts.release.version
    ))
}

/// What builders of images read.
fn containerfile(template: &str, facts: &Facts) -> Result<String> {
    let source = facts
        .repository
        .as_ref()
        .map(|url| format!(" \\\n      org.opencontainers.image.source=\"{url}\""));
    fill(template, |name| match name {
        "source" => Some(source.as_deref().unwrap_or_default()),
        name => facts.value(name),
    })
}

/// The certificates of the authorities that Mozilla trusts, in PEM form.
fn authorities() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .map(|certificate| {
            let text = STANDARD.encode(certificate);
            let lines: Vec<_> = text
                .as_bytes()
                .chunks(64)
                .map(String::from_utf8_lossy)
                .collect();
            format!(
                "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
                lines.join("\n")
            )
        })
        .collect()
}
