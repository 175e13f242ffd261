//! The npm package `oidc-provider` on Node: a provider that shares nothing with Keycloak.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::setup;
use serde_json::Value;

const VERSION: &str = "9.13.3";
const SERVER: &str = include_str!("other_provider.mjs");

/// A running provider; it ends when this is dropped.
pub struct OtherProvider {
    pub issuer: String,
    child: Child,
}

/// A command that finds the Node of `scripts/setup`, with the authorities that it trusts: the one on
/// the `PATH` may be too old.
fn command(program: &str) -> Command {
    static VARIABLES: OnceLock<(String, String)> = OnceLock::new();
    let (path, authorities) = VARIABLES.get_or_init(|| {
        let show = "printf '%s\\n%s' \"$PATH\" \"${NODE_EXTRA_CA_CERTS:-}\"";
        let printed = setup("node", show);
        let (path, authorities) = printed.split_once('\n').unwrap();
        (path.to_owned(), authorities.to_owned())
    });
    let mut command = Command::new(program);
    command.env("PATH", path);
    if !authorities.is_empty() {
        command.env("NODE_EXTRA_CA_CERTS", authorities);
    }
    command
}

/// The folder with the installed package and the program.
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
            let output = command("npm")
                .args([
                    "install",
                    "--no-audit",
                    "--no-fund",
                    "--no-save",
                    "--loglevel=error",
                ])
                .arg(format!("oidc-provider@{VERSION}"))
                .current_dir(&folder)
                .output()
                .expect("npm can be run");
            assert!(
                output.status.success(),
                "npm could not install oidc-provider: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
        // Once: while a file is written, another test would start an empty program.
        std::fs::write(folder.join("provider.mjs"), SERVER).unwrap();
        folder
    })
}

impl OtherProvider {
    /// `arguments` has a client's public `jwks` and the URL for `logout` tokens.
    pub fn start(arguments: &Value) -> Self {
        let folder = installed();
        let mut command = command("node");
        command
            .arg(folder.join("provider.mjs"))
            .arg(arguments.to_string());
        Self::run(command).unwrap_or_else(|fault| panic!("the second provider: {fault}"))
    }

    /// Starts a program that prints its issuer. The error has all that it wrote instead.
    pub fn run(mut command: Command) -> Result<Self, String> {
        let spawned = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|error| format!("{command:?}: {error}"))?;
        let mut stderr = child.stderr.take().unwrap();
        // Neither pipe may fill up.
        let complaints = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let _ = stderr.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        for line in lines.by_ref() {
            let line = line.map_err(|error| error.to_string())?;
            if line.starts_with("http://") {
                std::thread::spawn(move || for _ in lines {});
                return Ok(Self {
                    issuer: line,
                    child,
                });
            }
            printed.push_str(&line);
            printed.push('\n');
        }
        // Its output has ended, and so has it.
        drop(child.stdin.take());
        let status = child.wait().map_err(|error| error.to_string())?;
        let complaints = complaints.join().unwrap_or_default();
        Err(format!(
            "it ended without its issuer ({status}) and wrote\n{printed}{complaints}"
        ))
    }
}

impl Drop for OtherProvider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

#[test]
fn a_program_that_dies_at_its_start_tells_what_it_wrote() {
    let mut command = Command::new("sh");
    command.args(["-c", "echo starting; echo URL.parse is missing >&2; exit 3"]);
    let Err(fault) = OtherProvider::run(command) else {
        panic!("it has no issuer");
    };
    for part in ["starting", "URL.parse is missing", "exit status: 3"] {
        assert!(fault.contains(part), "{fault}");
    }
    let Err(fault) = OtherProvider::run(Command::new("no-such-program")) else {
        panic!("it is not there");
    };
    assert!(fault.contains("no-such-program"), "{fault}");
}

/// `scripts/setup` asks for the Node that the provider asks for.
#[test]
fn the_provider_asks_for_the_node_of_the_set_up() {
    let source = installed().join("node_modules/oidc-provider/lib/index.js");
    let source = std::fs::read_to_string(source).unwrap();
    let (_, asked) = source.split_once("Use Node.js v").expect("a wanted Node");
    let asked: String = asked.chars().take_while(char::is_ascii_digit).collect();
    let setup = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/setup");
    let setup = std::fs::read_to_string(setup).unwrap();
    assert!(
        setup.contains(&format!("node) echo {asked}.0 ;;")),
        "{asked}"
    );
    let output = command("node").arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    let major: u32 = version[1..].split('.').next().unwrap().parse().unwrap();
    assert!(major >= asked.parse().unwrap(), "{version}");
}
