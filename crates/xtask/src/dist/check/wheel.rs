//! The wheel, installed by pip and by uv.

use std::fs;
use std::path::Path;

use anyhow::{Result, ensure};
use pgdumprs_testkit::provision;

use super::place::Place;
use super::{Checked, ROUND_TRIP};
use crate::dist::facts::Facts;
use crate::dist::stage::Staged;
use crate::dist::wheel;
use crate::trial::{Program, Source, round_trip};

/// What check-wheel-contents says of every wheel that holds no Python: that there is none.
const WITHOUT_PYTHON: &str = "W007";

pub(super) fn check(
    staged: &Staged,
    facts: &Facts,
    out: &Path,
    source: &Source,
) -> Result<Checked> {
    let artefact = wheel::path(staged, facts, out);
    let mut place = Place::new(source)?;
    place.put_on_search_path(&provision::wheel_checkers()?)?;
    place.shell(&format!(
        "twine check --strict '{wheel}'\ncheck-wheel-contents --ignore {WITHOUT_PYTHON} '{wheel}'",
        wheel = artefact.display()
    ))?;

    let wheels = out.canonicalize()?;
    for (name, value) in [
        ("PIP_CONFIG_FILE", "/dev/null"),
        ("PIP_NO_INDEX", "1"),
        ("UV_NO_CONFIG", "1"),
        ("UV_NO_INDEX", "1"),
        ("UV_OFFLINE", "1"),
        ("UV_PYTHON_DOWNLOADS", "never"),
    ] {
        place.set(name, value);
    }
    for name in ["PIP_FIND_LINKS", "UV_FIND_LINKS"] {
        place.set(name, wheels.display());
    }
    for (name, folder) in [
        ("UV_CACHE_DIR", "uv/cache"),
        ("UV_TOOL_DIR", "uv/tools"),
        ("UV_TOOL_BIN_DIR", "uv/bin"),
    ] {
        place.set(name, place.path(folder));
    }
    let uv = provision::uv()?;
    place.put_on_search_path(uv.parent().unwrap_or(&uv))?;
    provision::require_venv()?;
    place.shell("python3 -m venv environment")?;
    place.put_on_search_path(place.path("environment/bin"))?;
    place.follow("PyPI", "", source)?;
    let programs = ["uv/bin/pgdumprs", "environment/bin/pgdumprs"].map(|name| place.path(name));
    for program in &programs {
        ensure!(
            fs::read(program)? == fs::read(staged.program())?,
            "{program} is another program"
        );
        place.run_by(&[program]);
        place.run(&["--version"])?;
    }
    round_trip(&place, source)?;
    Ok(Checked {
        artefact,
        installed: "`uvx`, `uv tool install`, `pip install` in empty environments; `twine check`"
            .to_owned(),
        did: ROUND_TRIP.to_owned(),
    })
}
