//! axe-core, which looks for what keeps people from using a page.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::{Browser, Result};

const VERSION: &str = "4.14.1";

/// The npm package `axe-core`.
#[derive(Debug)]
pub struct Axe {
    source: String,
}

impl Axe {
    /// Fetches the package into this folder, where it is not there yet.
    ///
    /// # Errors
    ///
    /// Returns an error if npm cannot fetch it.
    pub fn fetched(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let package = folder.join("node_modules/axe-core");
        let current = std::fs::read_to_string(package.join("package.json")).unwrap_or_default();
        if !current.contains(&format!("\"version\": \"{VERSION}\"")) {
            let output = Command::new("npm")
                .args(["install", "--no-audit", "--no-fund", "--no-save"])
                .args(["--loglevel=error", "--prefix"])
                .arg(folder)
                .arg(format!("axe-core@{VERSION}"))
                .stdin(Stdio::null())
                .output()
                .map_err(|error| format!("npm: {error}; scripts/setup node installs it"))?;
            if !output.status.success() {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("npm could not install axe-core: {said}").into());
            }
        }
        let source = std::fs::read_to_string(package.join("axe.min.js"))?;
        Ok(Self { source })
    }

    /// Returns what is wrong with the page of the browser, a rule and its elements a line.
    ///
    /// # Errors
    ///
    /// Returns an error if the rules could not be run.
    pub async fn violations(&self, browser: &Browser) -> Result<Vec<String>> {
        let driver = browser.driver();
        driver.execute(self.source.as_str(), vec![]).await?;
        let script = "const done = arguments[0]; \
            axe.run(document).then(found => done(found), error => done(String(error)))";
        let found: Value = driver.execute_async(script, vec![]).await?.convert()?;
        let all = |kind: &str| {
            let all = found[kind].as_array().map(Vec::as_slice);
            all.ok_or_else(|| format!("axe-core says {found}"))
        };
        if all("passes")?.is_empty() {
            return Err("axe-core has found nothing to look at".into());
        }
        let violations = all("violations")?.iter();
        let told = violations.map(|one| {
            let nodes = one["nodes"].as_array().into_iter().flatten();
            let nodes: Vec<String> = nodes.map(|node| node["html"].to_string()).collect();
            format!("{} ({}): {}", one["id"], one["help"], nodes.join(" "))
        });
        Ok(told.collect())
    }
}
