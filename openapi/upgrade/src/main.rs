//! What `scripts/update-openapi` runs: the upgrade report, and the table of the supported releases.

use std::process::ExitCode;

use keycloak_kit_upgrade::report::{Release, Upgrade, report};
use keycloak_kit_upgrade::since;

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const USAGE: &str =
    "usage: keycloak-kit-upgrade report OLD=FILE NEW=FILE | since VERSION=FILE... | releases";
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
    let own = |name: &str| read(&format!("{}/../{name}", env!("CARGO_MANIFEST_DIR")));
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
            print!("{}", since::table(releases, &supplement, &overlay)?);
            Ok(ExitCode::SUCCESS)
        }
        ("releases", []) => {
            let counts = since::counts(&own("names.toml")?, &own("since.toml")?)?;
            for (release, count) in counts {
                println!("{release:8} {count} operations");
            }
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(USAGE.into()),
    }
}

fn read(file: &str) -> Fallible<String> {
    std::fs::read_to_string(file).map_err(|error| format!("cannot read {file}: {error}").into())
}
