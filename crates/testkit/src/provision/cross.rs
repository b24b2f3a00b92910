//! Finds or fetches what builds pgdumprs for other systems, and what runs it there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::program::{SUITE, find_or_fetch};
use super::{debian, python_wheel, relocate};

/// The suite whose Rust is new enough for every crate, those that are not published included.
const NEWEST_SUITE: &str = "forky";

/// The compiler, with the source of the standard library: nobody has that built for all systems.
const RUST: [&str; 5] = ["rustc", "cargo", "rust-src", "libllvm22", "libz3-4"];

/// C for every system, and what has cargo use it.
const ZIG: [(&str, &str); 2] = [("ziglang", "0.17.1"), ("cargo-zigbuild", "0.24.1")];

/// Windows without a screen, and the libraries that it cannot do without.
const WINE: [&str; 6] = [
    "wine64",
    "libwine",
    "libunwind8",
    "liblzma5",
    "libc6",
    "libz-mingw-w64",
];

/// The folder of wine's own libraries, and one that these need and another package has.
const WINDOWS: &str = "usr/lib/x86_64-linux-gnu/wine/x86_64-windows";
const ZLIB: &str = "zlib1.dll";

/// A command that runs `cargo zigbuild`, which compiles and links for the system that `--target` names, with its standard library
/// (`-Zbuild-std`). The machine's own toolchain stays as it is.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn cross_cargo() -> Result<Command> {
    let rustc = newest_rustc()?;
    let zigbuild = find_or_fetch("zig", "pypi", fetch_zig).context("zig of PyPI")?;
    let zig = zigbuild.with_file_name("ziglang").join("zig");

    let bin = rustc.parent().unwrap_or(&rustc).to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths([bin].into_iter().chain(std::env::split_paths(&path)))?;
    let mut command = Command::new(zigbuild);
    command
        .env("PATH", path)
        .env("CARGO", rustc.with_file_name("cargo"))
        .env("RUSTC", &rustc)
        // The standard library is built with what only its own compiler may use.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ZIGBUILD_ZIG_PATH", zig)
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("RUSTFLAGS");
    Ok(command)
}

/// A command that runs the cargo of Debian's newest Rust, for this machine.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn newest_cargo() -> Result<Command> {
    let rustc = newest_rustc()?;
    let mut cargo = Command::new(rustc.with_file_name("cargo"));
    cargo.env("RUSTC", rustc).env_remove("RUSTUP_TOOLCHAIN");
    Ok(cargo)
}

fn newest_rustc() -> Result<PathBuf> {
    let rustc = find_or_fetch("rust", NEWEST_SUITE, |tree| {
        let bin = debian::fetch_programs(NEWEST_SUITE, &RUST, tree)?;
        // It has a search path of its own, which keeps the one of the program from it.
        relocate::remove_search_path(&tree.join("usr/lib/x86_64-linux-gnu"), "libLLVM.so")?;
        Ok(bin.join("rustc"))
    });
    rustc.with_context(|| format!("Rust of Debian {NEWEST_SUITE}"))
}

fn fetch_zig(tree: &Path) -> Result<PathBuf> {
    for (name, version) in ZIG {
        python_wheel::download(name, version, &[], tree)?;
    }
    let (_, version) = ZIG[1];
    let script = tree.join(format!(
        "cargo_zigbuild-{version}.data/scripts/cargo-zigbuild"
    ));
    let program = tree.join("cargo-zigbuild");
    fs::rename(&script, &program).with_context(|| format!("moving {}", script.display()))?;
    for program in [&program, &tree.join("ziglang/zig")] {
        relocate::make_program(program)?;
    }
    Ok(program)
}

/// The emulator of a processor, such as `aarch64`, for programs of this system: a program that needs no library.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn emulator(processor: &str) -> Result<PathBuf> {
    let program = format!("qemu-{processor}");
    find_or_fetch(&program, SUITE, |tree| {
        debian::unpack_packages(&[SUITE], &["qemu-user".to_owned()], tree)?;
        Ok(tree.join("usr/bin").join(&program))
    })
    .with_context(|| format!("an emulator of {processor}"))
}

/// What runs programs for Windows, with a Windows of its own in a folder.
#[derive(Debug)]
pub struct Wine {
    program: PathBuf,
    folder: PathBuf,
}

impl Wine {
    /// Makes a Windows in `folder`, fetching what that takes into the cache first when it is not there.
    ///
    /// # Errors
    ///
    /// When it cannot be fetched, or does not start.
    pub fn new(folder: &Path) -> Result<Wine> {
        let program = find_or_fetch("wine", SUITE, fetch_wine).context("wine")?;
        let wine = Wine {
            program,
            folder: folder.to_owned(),
        };
        // Its status tells of programs of 32 bits, for which there is nothing.
        let said = wine.command().args(["wineboot", "--init"]).output()?.stderr;
        let system = wine.drive().join("windows/system32");
        if !system.join("kernel32.dll").exists() {
            bail!("wine did not start: {}", String::from_utf8_lossy(&said));
        }
        let zlib = wine.tree().join(WINDOWS).join(ZLIB);
        fs::copy(&zlib, system.join(ZLIB)).context("completing the system's libraries")?;
        Ok(wine)
    }

    /// A command that runs what its arguments say.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .env("WINEPREFIX", &self.folder)
            .env("WINELOADER", &self.program)
            .env("WINEDEBUG", "-all")
            // Nobody is there to be asked whether these are to be installed.
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env_remove("DISPLAY");
        command
    }

    /// Drive C.
    pub fn drive(&self) -> PathBuf {
        self.folder.join("drive_c")
    }

    fn tree(&self) -> &Path {
        self.program.ancestors().nth(4).unwrap_or(&self.program)
    }
}

impl Drop for Wine {
    /// Ends its processes.
    fn drop(&mut self) {
        let server = self.program.with_file_name("wineserver");
        let mut end = Command::new(server);
        // Where there is none, there is nothing to end.
        let _ = end.arg("-k").env("WINEPREFIX", &self.folder).status();
    }
}

fn fetch_wine(tree: &Path) -> Result<PathBuf> {
    debian::unpack_packages(&[SUITE], &WINE.map(str::to_owned), tree)?;
    let bin = debian::make_runnable(tree, "usr/lib/wine")?;
    // What a script would choose where there are two, and where that looks for what is above it.
    let server = bin.join("wineserver");
    fs::remove_file(&server).context("removing the script wineserver")?;
    symlink("wineserver64", &server)?;
    symlink(".", tree.join("usr/share/wine/wine"))?;
    let zlib = tree.join("usr/x86_64-w64-mingw32/lib").join(ZLIB);
    fs::copy(&zlib, tree.join(WINDOWS).join(ZLIB)).context("completing wine's libraries")?;
    Ok(bin.join("wine64"))
}
