//! The npm package `oidc-provider` on Node: a provider that shares nothing with Keycloak.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

const VERSION: &str = "9.13.3";
const SERVER: &str = include_str!("other_provider.mjs");

/// A running provider; it ends when this is dropped.
pub struct OtherProvider {
    pub issuer: String,
    child: Child,
}

/// The folder with the installed package.
fn installed() -> &'static PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("oidc-provider");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("package.json"),
            r#"{"private":true,"type":"module"}"#,
        )
        .unwrap();
        let installed = folder.join("node_modules/oidc-provider/package.json");
        let current = std::fs::read_to_string(&installed).unwrap_or_default();
        if !current.contains(&format!("\"version\": \"{VERSION}\"")) {
            let output = Command::new("npm")
                .args([
                    "install",
                    "--no-audit",
                    "--no-fund",
                    "--no-save",
                    "--silent",
                ])
                .arg(format!("oidc-provider@{VERSION}"))
                .current_dir(&folder)
                .output()
                .expect("npm can be run: install Node 20 or newer");
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        folder
    })
}

impl OtherProvider {
    /// `arguments` has a client's public `jwks` and the URL for `logout` tokens.
    pub fn start(arguments: &Value) -> Self {
        let folder = installed();
        let program = folder.join("provider.mjs");
        std::fs::write(&program, SERVER).unwrap();
        let mut child = Command::new("node")
            .arg(&program)
            .arg(arguments.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be run: install Node 20 or newer");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let issuer = loop {
            let line = lines.next().expect("it prints its issuer").unwrap();
            if line.starts_with("http://") {
                break line;
            }
        };
        // It must not stop at a full pipe.
        std::thread::spawn(move || for _ in lines {});
        Self { issuer, child }
    }
}

impl Drop for OtherProvider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
