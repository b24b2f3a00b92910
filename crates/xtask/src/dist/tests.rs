//! What is in each package, for every target, without a network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::read::GzDecoder;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::facts::{Facts, PROGRAM};
use super::release::Release;
use super::stage::Staged;
use super::target::Target;
use super::{container, licences, manifests, npm, wheel};

const REPOSITORY: &str = "https://git.example.com/pgdumprs";

/// Everything staged for a release, with a program that is not one.
struct Sample {
    facts: Facts,
    staged: Vec<Staged>,
    out: TempDir,
}

impl Sample {
    fn new() -> Sample {
        let release = Release {
            version: "1.2.3-rc.4".to_owned(),
            time: 1_800_000_000,
        };
        let out = tempfile::tempdir().unwrap();
        let program = out.path().join("program");
        fs::write(&program, "a program").unwrap();
        let stage = |target| {
            let texts = [(licences::NAME, b"what others made".to_vec())];
            Staged::new(target, &release, &program, &texts, out.path()).unwrap()
        };
        Sample {
            facts: Facts::read(&release, Some(REPOSITORY)).unwrap(),
            staged: Target::all().map(stage).collect(),
            out,
        }
    }

    fn out(&self) -> &Path {
        self.out.path()
    }
}

/// Files with their modes, by their names.
type Files = BTreeMap<String, (u32, Vec<u8>)>;

fn untar(file: &Path) -> Files {
    let mut tar = tar::Archive::new(GzDecoder::new(fs::File::open(file).unwrap()));
    let read = |entry: std::io::Result<tar::Entry<_>>| {
        let mut entry = entry.unwrap();
        let mut contents = Vec::new();
        Read::read_to_end(&mut entry, &mut contents).unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        (name, (entry.header().mode().unwrap(), contents))
    };
    tar.entries().unwrap().map(read).collect()
}

fn unzip(bytes: &[u8]) -> Files {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut contents = Vec::new();
            file.read_to_end(&mut contents).unwrap();
            let mode = file.unix_mode().unwrap() & 0o777;
            (file.name().unwrap().into_owned(), (mode, contents))
        })
        .collect()
}

fn text<'f>(files: &'f Files, name: &str) -> &'f str {
    let (_, contents) = files.get(name).unwrap_or_else(|| panic!("no {name}"));
    std::str::from_utf8(contents).unwrap()
}

fn json(files: &Files, name: &str) -> Value {
    serde_json::from_str(text(files, name)).unwrap()
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn the_launcher_wants_the_programs_of_its_own_version() {
    let sample = Sample::new();
    let package = npm::pack_launcher(&sample.facts, sample.out()).unwrap();
    assert_eq!(file_name(&package), "pgdumprs-1.2.3-rc.4.tgz");
    let files = untar(&package);
    let manifest = json(&files, "package/package.json");
    assert_eq!(manifest["version"], "1.2.3-rc.4");
    assert_eq!(manifest["license"], "MIT OR Apache-2.0");
    assert_eq!(
        manifest["optionalDependencies"],
        json!({
            "@pgdumprs/darwin-arm64": "1.2.3-rc.4",
            "@pgdumprs/darwin-x64": "1.2.3-rc.4",
            "@pgdumprs/linux-arm64": "1.2.3-rc.4",
            "@pgdumprs/linux-x64": "1.2.3-rc.4",
            "@pgdumprs/win32-x64": "1.2.3-rc.4",
        })
    );
    assert_eq!(
        manifest["repository"]["url"],
        format!("git+{REPOSITORY}.git")
    );
    let launcher = manifest["bin"]["pgdumprs"].as_str().unwrap();
    let (mode, script) = &files[&format!("package/{launcher}")];
    assert_eq!(*mode, 0o755);
    assert!(script.starts_with(b"#!/usr/bin/env node\n"));
    let module = manifest["main"].as_str().unwrap();
    assert!(files.contains_key(&format!("package/{module}")));
    assert!(readme(&files).contains("This package is a launcher"));
}

/// What npm shows of a package, in which every place is filled.
fn readme(files: &Files) -> String {
    let text = String::from_utf8(files["package/README.md"].1.clone()).unwrap();
    assert!(!text.contains("{{"), "{text}");
    text
}

#[test]
fn npm_installs_the_program_of_the_system_and_runs_nothing() {
    let sample = Sample::new();
    let launcher = untar(&npm::pack_launcher(&sample.facts, sample.out()).unwrap());
    let mut names = BTreeSet::new();
    for staged in &sample.staged {
        let package = npm::pack_program(staged, &sample.facts, sample.out()).unwrap();
        let files = untar(&package);
        let manifest = json(&files, "package/package.json");
        assert_eq!(manifest["version"], "1.2.3-rc.4");
        assert_eq!(manifest["os"], json!([staged.target.npm_os]));
        assert_eq!(manifest["cpu"], json!([staged.target.npm_cpu]));
        // Programs without libraries are for every C library.
        assert_eq!(manifest.get("libc"), None);
        let program = format!("package/bin/{}", staged.target.program());
        assert_eq!(files[&program], (0o755, b"a program".to_vec()));
        for licence in ["LICENSE-APACHE", "LICENSE-MIT", licences::NAME] {
            assert!(files.contains_key(&format!("package/{licence}")));
        }
        assert!(readme(&files).contains("This package holds the program itself"));
        names.insert(manifest["name"].as_str().unwrap().to_owned());
        assert_eq!(manifest.get("scripts"), None);
    }
    let wanted = json(&launcher, "package/package.json");
    assert_eq!(wanted.get("scripts"), None);
    let wanted = wanted["optionalDependencies"].as_object().unwrap().keys();
    assert_eq!(names, wanted.cloned().collect());
}

#[test]
fn wheels_are_for_the_platforms_that_their_names_say() {
    let sample = Sample::new();
    for staged in &sample.staged {
        let wheel = wheel::pack(staged, &sample.facts, sample.out()).unwrap();
        let name = file_name(&wheel);
        let platforms = name
            .strip_prefix("pgdumprs-1.2.3rc4-py3-none-")
            .and_then(|rest| rest.strip_suffix(".whl"))
            .unwrap_or_else(|| panic!("{name}"));
        let files = unzip(&fs::read(&wheel).unwrap());
        let about = |name: &str| format!("pgdumprs-1.2.3rc4.dist-info/{name}");

        let program = format!("pgdumprs-1.2.3rc4.data/scripts/{}", staged.target.program());
        assert_eq!(files[&program], (0o755, b"a program".to_vec()));

        let tags = text(&files, &about("WHEEL")).lines();
        let tags: Vec<_> = tags
            .filter_map(|line| line.strip_prefix("Tag: py3-none-"))
            .collect();
        assert_eq!(tags.join("."), platforms);
        assert!(text(&files, &about("WHEEL")).contains("Root-Is-Purelib: false\n"));

        let metadata = text(&files, &about("METADATA"));
        let (headers, readme) = metadata.split_once("\n\n").unwrap();
        let headers: BTreeSet<_> = headers.lines().collect();
        for header in [
            "Metadata-Version: 2.4",
            "Name: pgdumprs",
            "Version: 1.2.3rc4",
            "License-Expression: MIT OR Apache-2.0",
            "License-File: LICENSE-APACHE",
            "License-File: LICENSE-MIT",
            "License-File: THIRD-PARTY-LICENSES.txt",
        ] {
            assert!(headers.contains(header), "{header} is not in {headers:?}");
        }
        assert_eq!(readme, sample.facts.readme(PROGRAM));
        for licence in headers
            .iter()
            .filter_map(|header| header.strip_prefix("License-File: "))
        {
            assert!(files.contains_key(&about(&format!("licenses/{licence}"))));
        }

        let mut recorded = String::new();
        for (name, (_, contents)) in &files {
            if *name == about("RECORD") {
                continue;
            }
            let sum = URL_SAFE_NO_PAD.encode(Sha256::digest(contents));
            recorded += &format!("{name},sha256={sum},{}\n", contents.len());
        }
        recorded += &format!("{},,\n", about("RECORD"));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        assert_eq!(lines(text(&files, &about("RECORD"))), lines(&recorded));
    }
}

#[test]
fn an_image_has_a_program_for_each_processor() {
    let sample = Sample::new();
    let folder = container::pack(&sample.staged, &sample.facts, sample.out()).unwrap();
    for processor in ["amd64", "arm64"] {
        let program = folder
            .join("linux")
            .join(processor)
            .join("usr/local/bin/pgdumprs");
        assert_eq!(fs::read(program).unwrap(), b"a program");
        let licences = folder
            .join("linux")
            .join(processor)
            .join("usr/share/doc/pgdumprs");
        assert_eq!(fs::read_dir(licences).unwrap().count(), 3);
    }
    let recipe = fs::read_to_string(folder.join("Containerfile")).unwrap();
    for line in [
        "FROM scratch",
        "USER 65532:65532",
        "      org.opencontainers.image.version=\"1.2.3-rc.4\" \\",
        "      org.opencontainers.image.source=\"https://git.example.com/pgdumprs\"",
    ] {
        assert!(recipe.lines().any(|each| each == line), "{line}: {recipe}");
    }
    let authorities = folder.join("root/etc/ssl/certs/ca-certificates.crt");
    let authorities = fs::read_to_string(authorities).unwrap();
    assert!(authorities.matches("-----BEGIN CERTIFICATE-----\n").count() > 50);
    assert!(authorities.lines().all(|line| line.len() <= 64));
}

#[test]
fn equal_programs_make_equal_packages() {
    let pack = || {
        let sample = Sample::new();
        let mut packed = vec![npm::pack_launcher(&sample.facts, sample.out()).unwrap()];
        for staged in &sample.staged {
            packed.push(npm::pack_program(staged, &sample.facts, sample.out()).unwrap());
            packed.push(wheel::pack(staged, &sample.facts, sample.out()).unwrap());
        }
        let read = |file: PathBuf| (file_name(&file).to_owned(), fs::read(&file).unwrap());
        packed.into_iter().map(read).collect::<BTreeMap<_, _>>()
    };
    assert!(pack() == pack());
}

/// The manifests of a release whose archives have these sums, by their names.
fn sample_manifests(sample: &Sample) -> BTreeMap<&'static str, String> {
    let sums: BTreeMap<_, _> = Target::all()
        .zip(["1a", "2b", "3c", "4d", "5e"])
        .map(|(target, digits)| (target.triple, digits.repeat(32)))
        .collect();
    let manifests = manifests::manifests(&sample.facts, &sums).unwrap();
    manifests.into_iter().collect()
}

#[test]
fn scoop_and_winget_are_told_where_the_archive_is() {
    let sample = Sample::new();
    let manifests = sample_manifests(&sample);
    let folder = "pgdumprs-1.2.3-rc.4-x86_64-pc-windows-gnu";
    let url = format!("{REPOSITORY}/releases/download/v1.2.3-rc.4/{folder}.zip");
    let windows = Target::named("x86_64-pc-windows-gnu").unwrap();
    let digits = ["1a", "2b", "3c", "4d", "5e"];
    let sum = Target::all()
        .zip(digits)
        .find(|(target, _)| *target == windows);
    let sum = sum.unwrap().1.repeat(32);

    let scoop: Value = serde_json::from_str(&manifests["scoop/pgdumprs.json"]).unwrap();
    assert_eq!(scoop["version"], "1.2.3-rc.4");
    assert_eq!(scoop["license"], "MIT|Apache-2.0");
    assert_eq!(
        scoop["architecture"]["64bit"],
        json!({ "url": url, "hash": sum, "extract_dir": folder })
    );
    let later = &scoop["autoupdate"]["architecture"]["64bit"];
    let later = later["url"].as_str().unwrap();
    assert_eq!(later.replace("$version", "1.2.3-rc.4"), url);

    let installer = &manifests["winget/pgdumprs.pgdumprs.installer.yaml"];
    for line in [
        format!("    InstallerUrl: {url}"),
        format!("    InstallerSha256: {}", sum.to_uppercase()),
        format!("  - RelativeFilePath: '{folder}\\pgdumprs.exe'"),
    ] {
        assert!(
            installer.lines().any(|each| each == line),
            "{line}: {installer}"
        );
    }
    // Each says itself which package and version it is about, and as which of three.
    for (name, kind) in [
        ("winget/pgdumprs.pgdumprs.yaml", "version"),
        ("winget/pgdumprs.pgdumprs.installer.yaml", "installer"),
        (
            "winget/pgdumprs.pgdumprs.locale.en-US.yaml",
            "defaultLocale",
        ),
    ] {
        for line in [
            "PackageIdentifier: pgdumprs.pgdumprs".to_owned(),
            "PackageVersion: \"1.2.3-rc.4\"".to_owned(),
            format!("ManifestType: {kind}"),
        ] {
            let text = &manifests[name];
            assert!(text.lines().any(|each| each == line), "{line}: {text}");
        }
    }
}

#[test]
fn homebrew_is_told_of_all_its_archives() {
    let sample = Sample::new();
    let manifests = sample_manifests(&sample);
    let formula = &manifests["homebrew/pgdumprs.rb"];
    let unix: Vec<_> = Target::all()
        .zip(["1a", "2b", "3c", "4d", "5e"])
        .filter(|(target, _)| !target.is_windows())
        .collect();
    assert_eq!(unix.len(), formula.matches("url \"").count());
    for (target, digits) in unix {
        let url = format!(
            "      url \"{REPOSITORY}/releases/download/v1.2.3-rc.4/pgdumprs-1.2.3-rc.4-{}.tar.gz\"\n      sha256 \"{}\"\n",
            target.triple,
            digits.repeat(32)
        );
        assert!(formula.contains(&url), "{url}: {formula}");
    }
}

#[test]
fn a_release_that_is_not_whole_has_no_manifests() {
    let sample = Sample::new();
    let says = |facts: &Facts, sums: &[(&str, String)]| {
        let sums = sums.iter().cloned().collect();
        manifests::manifests(facts, &sums).unwrap_err().to_string()
    };
    let triples: Vec<_> = Target::all()
        .map(|target| (target.triple, "00".repeat(32)))
        .collect();
    let incomplete = says(&sample.facts, &triples[1..]);
    assert!(incomplete.contains(triples[0].0), "{incomplete}");
    let nowhere = Facts::read(&sample.facts.release, None).unwrap();
    assert!(says(&nowhere, &triples).contains("the repository is not known"));
}
