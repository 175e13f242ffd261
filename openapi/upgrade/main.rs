//! What `scripts/update-openapi` runs: the upgrade report, and the table of the supported releases.
//!
//! An example, because the generator's packages are development dependencies already: there is no
//! second package with a lock file of its own, and no user compiles or installs it.
#![allow(
    unreachable_pub,
    dead_code,
    reason = "the generator's modules, as build.rs includes them"
)]

#[path = "../codegen/mod.rs"]
mod codegen;
#[path = "mod.rs"]
mod upgrade;

use std::process::ExitCode;

use upgrade::report::{Release, Upgrade, report};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str = "usage: openapi report OLD=FILE NEW=FILE | openapi since VERSION=FILE...";
/// A person has to decide something.
const DECIDE: u8 = 3;

fn main() -> ExitCode {
    run(&std::env::args().skip(1).collect::<Vec<_>>()).unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

fn run(arguments: &[String]) -> Fallible<ExitCode> {
    let (verb, documents) = arguments.split_first().ok_or(USAGE)?;
    let documents = documents
        .iter()
        .map(|document| {
            let (version, file) = document.split_once('=').ok_or(USAGE)?;
            Ok((version, read(file)?))
        })
        .collect::<Fallible<Vec<_>>>()?;
    let releases: Vec<Release<'_>> = documents
        .iter()
        .map(|(version, document)| Release { version, document })
        .collect();
    let own = |name: &str| read(&format!("{}/openapi/{name}", env!("CARGO_MANIFEST_DIR")));
    let (supplement, overlay) = (own("supplement.json")?, own("overlay.json")?);
    match (verb.as_str(), releases.as_slice()) {
        ("report", [old, new]) => {
            let report = report(&Upgrade {
                old: *old,
                new: *new,
                supplement: &supplement,
                overlay: &overlay,
                names: &own("names.toml")?,
            })?;
            print!("{}", report.text);
            Ok(ExitCode::from(if report.decide { DECIDE } else { 0 }))
        }
        ("since", releases) if !releases.is_empty() => {
            print!(
                "{}",
                upgrade::since::table(releases, &supplement, &overlay)?
            );
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(USAGE.into()),
    }
}

fn read(file: &str) -> Fallible<String> {
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}").into())
}
