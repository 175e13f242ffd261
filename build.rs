//! Generates the admin client from Keycloak's OpenAPI document into `OUT_DIR`.
//!
//! `KEYCLOAK_OPENAPI=path` takes another release's document instead of the pinned one.

#[cfg(feature = "admin")]
#[allow(unreachable_pub, reason = "a build script exports nothing")]
#[path = "openapi/codegen/mod.rs"]
mod codegen;

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
    const PINNED: &str = "openapi/keycloak-26.7.4.json";
    println!("cargo::rerun-if-env-changed=KEYCLOAK_OPENAPI");
    println!("cargo::rerun-if-changed=openapi/codegen");
    let other = std::env::var("KEYCLOAK_OPENAPI").ok();
    let read = |path: &str| {
        println!("cargo::rerun-if-changed={path}");
        std::fs::read_to_string(path).map_err(|error| format!("cannot read {path}: {error}"))
    };
    let output = codegen::generate(&codegen::Inputs {
        document: &read(other.as_deref().unwrap_or(PINNED))?,
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
    for (file, text) in output.files() {
        std::fs::write(out.join(file), text)?;
    }
    Ok(())
}
