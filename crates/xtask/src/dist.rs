//! `cargo xtask dist`: packs pgdumprs for its users.

mod archive;
#[cfg(test)]
mod binstall;
mod check;
mod container;
mod crates;
mod deb;
mod facts;
mod licences;
mod manifests;
mod members;
mod npm;
mod release;
mod sbom;
mod stage;
mod sums;
mod target;
mod template;
#[cfg(test)]
mod tests;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::crates::Crates;
use self::facts::Facts;
use self::release::Release;
use self::stage::{Staged, reference};
use self::target::Target;
use crate::build;
use crate::cross::{self, Build};

/// Build pgdumprs for release, and pack it for each way in which users install it.
///
/// Without a target, it is for all systems that this machine can build for. Programs for macOS are built on a Mac. What is packed from the same
/// programs at the same commit is the same to the byte: times are the commit's, or what SOURCE_DATE_EPOCH says.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Targets to pack for, such as x86_64-unknown-linux-musl
    #[arg(value_parser = Target::named, value_name = "TARGET")]
    targets: Vec<&'static Target>,

    /// Build as for tests, which takes a third of the time and makes large programs
    #[arg(long)]
    debug: bool,

    /// Install what was packed as users do, as far as this machine can, and have it back up and restore a database
    #[arg(long)]
    check: bool,

    /// Take a program that was built elsewhere, for its target
    #[arg(long = "program", value_name = "TARGET=FILE", value_parser = given)]
    programs: Vec<(&'static Target, PathBuf)>,

    /// The address of the repository, below which releases are: packages name it, and Homebrew, scoop and winget fetch from there
    #[arg(long, value_name = "URL")]
    repository: Option<String>,

    /// The folder for what is packed; target/dist without it
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// Builds, packs, and says what there is.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None => build::target().join("dist"),
    };
    fs::create_dir_all(&out).with_context(|| format!("creating {}", out.display()))?;
    let release = Release::of_workspace()?;
    let facts = Facts::read(&release, arguments.repository.as_deref())?;
    let mut programs = Vec::new();
    for target in chosen(arguments)? {
        println!("== {}", target.triple);
        programs.push((target, program(target, arguments)?));
    }
    let reference = reference(&programs)?;
    let (mut staged, mut packed) = (Vec::new(), Vec::new());
    for (target, program) in &programs {
        let crates = Crates::linked(target.triple)?;
        let licences = licences::text(target, &crates)?;
        let mut texts = reference.clone();
        texts.push((licences::NAME, licences.into_bytes()));
        let laid_out = Staged::new(target, &release, program, &texts, &out)?;
        packed.extend(pack(&laid_out, &crates, &facts, &out)?);
        staged.push(laid_out);
    }
    packed.push(npm::pack_launcher(&facts, &out)?);
    packed.push(sums::write(&packed, &out)?);
    for file in &packed {
        println!("{} ({})", file.display(), cross::size(file)?);
    }
    if staged
        .iter()
        .any(|staged| staged.target.container.is_some())
    {
        println!("{}", container::pack(&staged, &facts, &out)?.display());
    }
    for file in manifests::pack(&staged, &facts, &out)? {
        println!("{}", file.display());
    }
    if arguments.check {
        check::run(&staged, &facts, &out)?;
    }
    Ok(())
}

/// Everything that is packed for one target.
fn pack(staged: &Staged, crates: &Crates, facts: &Facts, out: &Path) -> Result<Vec<PathBuf>> {
    let mut packed = vec![
        archive::pack(staged, out)?,
        sbom::pack(staged, crates, out)?,
        npm::pack_program(staged, facts, out)?,
        wheel::pack(staged, facts, out)?,
    ];
    packed.extend(deb::pack(staged, out)?);
    Ok(packed)
}

/// The targets to pack for: those that are named and those that a program is given for, or else all that can be built here.
fn chosen(arguments: &Arguments) -> Result<Vec<&'static Target>> {
    let mut chosen = arguments.targets.clone();
    chosen.extend(arguments.programs.iter().map(|(target, _)| *target));
    if chosen.is_empty() {
        chosen.extend(Target::all().filter(|target| target.is_built_here()));
    }
    chosen.sort_by_key(|target| target.triple);
    chosen.dedup();
    Ok(chosen)
}

/// A target's program: the one that is given, or one that is built.
fn program(target: &Target, arguments: &Arguments) -> Result<PathBuf> {
    let given = arguments.programs.iter();
    let mut given = given.filter(|(of, _)| *of == target).map(|(_, file)| file);
    if let Some(program) = given.next() {
        if given.next().is_some() {
            bail!("two programs are given for {}", target.triple);
        }
        if !program.is_file() {
            bail!("there is no program {}", program.display());
        }
        return Ok(program.clone());
    }
    target.require_built_here()?;
    if target.is_macos() {
        build::build_for(target.triple, arguments.debug)
    } else {
        Build::new(arguments.debug).program(target.triple)
    }
}

/// `TARGET=FILE`.
fn given(text: &str) -> Result<(&'static Target, PathBuf)> {
    let (target, file) = text
        .split_once('=')
        .context("a program is given as TARGET=FILE")?;
    Ok((Target::named(target)?, file.into()))
}
