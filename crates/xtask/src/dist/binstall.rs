//! Whether what `cargo binstall` is told of the command leads to what is packed.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use super::archive;
use super::stage::tests::staged;
use super::target::{ArchiveFormat, Target};
use crate::build::workspace;

/// Where releases would be.
const REPOSITORY: &str = "https://example.com/pgdumprs";

#[derive(Deserialize)]
struct Manifest {
    package: Package,
}

#[derive(Deserialize)]
struct Package {
    metadata: Metadata,
}

#[derive(Deserialize)]
struct Metadata {
    binstall: Binstall,
}

#[derive(Deserialize)]
struct Binstall {
    #[serde(flatten)]
    general: Told,
    overrides: BTreeMap<String, Told>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Told {
    pkg_url: Option<String>,
    bin_dir: Option<String>,
    pkg_fmt: Option<String>,
}

/// What is told of one target: where its archive is, in which form, and where the program is in it.
struct Found {
    url: String,
    format: String,
    program: String,
}

fn find(target: &str, version: &str) -> Found {
    let path = workspace().join("crates/cli/Cargo.toml");
    let manifest: Manifest = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let told = manifest.package.metadata.binstall;
    let special = told.overrides.get(target);
    let choose = |field: fn(&Told) -> &Option<String>| {
        let special = special.and_then(|told| field(told).clone());
        special.or_else(|| field(&told.general).clone()).unwrap()
    };
    let format = choose(|told| &told.pkg_fmt);
    let expand = |template: String| {
        let suffix = match format.as_str() {
            "tgz" => ".tar.gz",
            "zip" => ".zip",
            other => panic!("{other} is no form of an archive"),
        };
        let extension = if target.contains("windows") {
            ".exe"
        } else {
            ""
        };
        let expanded = [
            ("repo", REPOSITORY),
            ("version", version),
            ("target", target),
            ("archive-suffix", suffix),
            ("bin", "pgdumprs"),
            ("binary-ext", extension),
        ]
        .iter()
        .fold(template, |text, (name, value)| {
            text.replace(&format!("{{ {name} }}"), value)
        });
        assert!(!expanded.contains('{'), "{expanded}");
        expanded
    };
    Found {
        url: expand(choose(|told| &told.pkg_url)),
        program: expand(choose(|told| &told.bin_dir)),
        format,
    }
}

/// Compares what is found for one target with what is packed for another.
fn assert_found(target: &str, packed_for: &Target) {
    let out = tempfile::tempdir().unwrap();
    let staged = staged(packed_for.triple, out.path());
    let found = find(target, &staged.release.version);
    let archive = archive::path(&staged, out.path());
    let archive = archive.file_name().unwrap().to_string_lossy();
    let version = &staged.release.version;
    assert_eq!(
        found.url,
        format!("{REPOSITORY}/releases/download/v{version}/{archive}")
    );
    let format = match packed_for.archive_format() {
        ArchiveFormat::TarGz => "tgz",
        ArchiveFormat::Zip => "zip",
    };
    assert_eq!(found.format, format, "{target}");
    let program = format!("{}/{}", staged.name(), packed_for.program());
    assert_eq!(found.program, program);
}

#[test]
fn it_finds_the_archive_of_each_target_and_the_program_in_it() {
    for target in Target::all() {
        assert_found(target.triple, target);
    }
}

#[test]
fn the_usual_rust_on_windows_finds_the_same_program() {
    let windows = Target::named("x86_64-pc-windows-gnu").unwrap();
    assert_found("x86_64-pc-windows-msvc", windows);
}
