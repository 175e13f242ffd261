//! Generates the admin client from Keycloak's OpenAPI document into `OUT_DIR`.
//!
//! `KEYCLOAK_OPENAPI=path` takes another release's document instead of the pinned one.

#[cfg(feature = "admin")]
use keycloak_kit_codegen::{Inputs, source};

#[cfg(feature = "admin")]
fn main() {
    // cargo::error stops the build and reads better than a panic or an error's Debug.
    if let Err(error) = generate() {
        error
            .to_string()
            .lines()
            .for_each(|line| println!("cargo::error={line}"));
    }
}

#[cfg(not(feature = "admin"))]
fn main() {}

#[cfg(feature = "admin")]
fn generate() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo::rerun-if-env-changed=KEYCLOAK_OPENAPI");
    let other = std::env::var("KEYCLOAK_OPENAPI").ok();
    let read = |path: &str| {
        println!("cargo::rerun-if-changed={path}");
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let source = source::parse(&read("openapi/SOURCE.toml")?)?;
    let document = match &other {
        Some(path) => read(path)?,
        None => read(&format!("openapi/{}", source.pinned_file()?))?,
    };
    let output = keycloak_kit_codegen::generate(&Inputs {
        document: &document,
        supplement: &read("openapi/supplement.json")?,
        overlay: &read("openapi/overlay.json")?,
        names: &read("openapi/names.toml")?,
        since: &read("openapi/since.toml")?,
        foreign: other.is_some(),
    })?;
    for problem in output.report.stale.iter().chain(&output.report.proposed) {
        println!("cargo::warning={problem}");
    }
    println!("cargo::rustc-check-cfg=cfg(keycloak_handle, values(any()))");
    for handle in &output.handles {
        println!("cargo::rustc-cfg=keycloak_handle={handle:?}");
    }
    let out = std::path::PathBuf::from(std::env::var("OUT_DIR")?);
    let write = |(file, text): (&str, &str)| std::fs::write(out.join(file), text);
    output.files().into_iter().try_for_each(write)?;
    // The package has no tests, so that no program that uses it writes their files.
    if std::path::Path::new("tests/it").exists() {
        for (file, text) in output.test_files()? {
            write((file, &text))?;
        }
    }
    Ok(())
}
