//! A Keycloak of this process, started by scripts/keycloak.

use std::process::{Command, Stdio};

use crate::Result;

/// A server that ends with this process.
#[derive(Debug, Clone)]
pub struct Keycloak {
    instance: String,
    /// Where it listens.
    pub url: String,
}

impl Keycloak {
    /// Starts a server. `arguments` are further ones of `scripts/keycloak start`.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not come up.
    pub fn start(label: &str, arguments: &[&str]) -> Result<Self> {
        let process = std::process::id().to_string();
        let instance = format!("{label}-{process}");
        let mut all = vec!["start", "--instance", &instance, "--watch", &process];
        all.extend(arguments);
        let url = run(&all)?;
        Ok(Self { instance, url })
    }

    /// Stops it; its database stays for a start with `--keep`.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not end.
    pub fn stop(&self) -> Result<()> {
        run(&["stop", "--instance", &self.instance]).map(drop)
    }
}

/// Runs scripts/keycloak and returns the line that it prints.
fn run(arguments: &[&str]) -> Result<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../scripts/keycloak");
    let output = Command::new(script)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{script}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("scripts/keycloak {arguments:?}: {said}").into());
    }
    let printed = String::from_utf8(output.stdout)?;
    Ok(printed.lines().last().unwrap_or_default().trim().to_owned())
}
