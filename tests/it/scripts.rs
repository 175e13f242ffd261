//! `scripts/setup` on machines that lack something, made of programs that only say their version.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use pretty_assertions::assert_eq;

/// What the scripts themselves are made of.
const TOOLS: [&str; 18] = [
    "bash", "sh", "dirname", "sed", "grep", "head", "tail", "sort", "mktemp", "mkdir", "rm", "mv",
    "flock", "cat", "chmod", "id", "setsid", "env",
];

struct Machine {
    folder: PathBuf,
}

struct Answer {
    is_success: bool,
    said: String,
    printed: String,
}

impl Machine {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
            .join(format!("machine-{}-{number}", std::process::id()));
        fs::create_dir_all(folder.join("bin")).unwrap();
        let machine = Self { folder };
        for tool in TOOLS {
            let found = std::env::var("PATH").unwrap();
            let place = std::env::split_paths(&found)
                .map(|folder| folder.join(tool))
                .find(|place| place.is_file());
            let place = place.unwrap_or_else(|| panic!("{tool} is not there"));
            std::os::unix::fs::symlink(place, machine.folder.join("bin").join(tool)).unwrap();
        }
        machine
    }

    /// A program of the machine, as lines of shell.
    fn with(self, name: &str, lines: &str) -> Self {
        write_program(&self.folder.join("bin").join(name), lines);
        self
    }

    fn run(&self, command: &str) -> Answer {
        let output = Command::new(self.folder.join("bin/bash"))
            .args(["-c", command])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_clear()
            .env("PATH", self.folder.join("bin"))
            .env("HOME", self.folder.join("home"))
            .env("KEYCLOAK_KIT_HOME", self.folder.join("kept"))
            .output()
            .unwrap();
        Answer {
            is_success: output.status.success(),
            said: String::from_utf8(output.stderr).unwrap(),
            printed: String::from_utf8(output.stdout).unwrap(),
        }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn write_program(place: &Path, lines: &str) {
    fs::write(place, format!("#!/bin/sh\n{lines}\n")).unwrap();
    fs::set_permissions(place, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Installs a Node of the given version into the folder behind `--prefix`.
fn npm(node: &str) -> String {
    format!(
        r#"[ "$1" != --version ] || {{ echo 9.2.0; exit; }}
while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/.bin"
printf '#!/bin/sh\necho {node}\n' > "$2/node_modules/.bin/node"
chmod +x "$2/node_modules/.bin/node""#
    )
}

#[test]
fn a_node_that_is_too_old_is_replaced_for_the_scripts() {
    let machine = Machine::new()
        .with("node", "echo v18.20.4")
        .with("npm", &npm("v22.23.3"));
    let first = machine.run("source scripts/setup; setup node; node --version");
    assert!(first.is_success, "{}", first.said);
    assert_eq!(first.printed, "v22.23.3\n");
    assert!(
        first
            .said
            .contains("node: found 18.20.4, wanted 22.0 or newer"),
        "{}",
        first.said
    );
    // It is kept, and the machine's own Node is as before.
    let second = machine.run("node --version; source scripts/setup; setup node; node --version");
    assert_eq!(second.printed, "v18.20.4\nv22.23.3\n");
    assert_eq!(second.said, "");
}

#[test]
fn a_node_that_is_new_enough_stays() {
    let machine = Machine::new()
        .with("node", "echo v24.1.0")
        .with("npm", &npm("v22.23.3"));
    let answer = machine.run("source scripts/setup; setup node; node --version");
    assert_eq!(
        (answer.printed.as_str(), answer.said.as_str()),
        ("v24.1.0\n", "")
    );
}

#[test]
fn where_no_newer_node_can_be_fetched_both_versions_are_told() {
    let fails = "[ \"$1\" != --version ] || { echo 9.2.0; exit; }\necho no network >&2; exit 1";
    for npm in [fails.to_owned(), npm("v18.20.5")] {
        let machine = Machine::new()
            .with("node", "echo v18.20.4")
            .with("npm", &npm);
        let answer = machine.run("source scripts/setup; setup node");
        assert!(!answer.is_success);
        let wanted = "node: found 18.20.4, wanted 22.0 or newer";
        assert!(
            answer.said.lines().last().unwrap().contains(wanted),
            "{}",
            answer.said
        );
    }
}

#[test]
fn programs_that_are_too_old_are_told_with_both_versions() {
    let machine = Machine::new()
        .with("java", "echo 'java version \"1.8.0_202\"' >&2")
        .with(
            "mvn",
            "printf '\\033[1mApache Maven 3.3.9 (2015)\\033[m\\n'",
        )
        .with("python3", "echo Python 3.9.2")
        .with("curl", "echo 'curl 7.38.0 (x86_64)'")
        .with("unzip", "echo 'UnZip 5.52 of 28 February 2005'");
    let answer = machine.run("source scripts/setup; setup server document");
    assert!(!answer.is_success);
    for line in [
        "java: found 8.0, wanted 17 or newer",
        "mvn: found 3.3.9, wanted 3.6.3 or newer",
        "python3: found 3.9.2, wanted 3.11 or newer",
        "curl: found 7.38.0, wanted 7.80 or newer",
        "unzip: found 5.52, wanted 6 or newer",
        "    sudo apt-get install curl default-jre-headless maven python3 unzip",
    ] {
        assert!(
            answer.said.lines().any(|said| said == line),
            "{line}\nis not in\n{}",
            answer.said
        );
    }
}

#[test]
fn programs_that_are_new_enough_are_left_as_they_are() {
    let machine = Machine::new()
        .with("java", "echo 'openjdk version \"21.0.2\" 2024-01-16' >&2")
        .with("mvn", "echo 'Apache Maven 3.10.1 (x)'")
        .with("python3", "echo Python 3.13.0")
        .with("curl", "echo 'curl 8.1 (x86_64)'")
        .with("unzip", "echo 'UnZip 6.00 of 20 April 2009'");
    let answer = machine.run("source scripts/setup; setup server document");
    assert!(answer.is_success, "{}", answer.said);
    assert_eq!(answer.said, "");
}

#[test]
fn without_rust_rustup_is_installed_and_said_before() {
    // What the official installer does, in short.
    let installer = r##"[ "$1" != --version ] || { echo 'curl 8.1 (x)'; exit; }
while [ "$1" != --output ]; do shift; done
cat > "$2" <<'INSTALLER'
mkdir -p "$HOME/.cargo/bin"
cat > "$HOME/.cargo/bin/rustup" <<'RUSTUP'
#!/bin/sh
for tool in rustc cargo; do
    printf '#!/bin/sh\necho rustc 1.99.0\n' > "$HOME/.cargo/bin/$tool"
    chmod +x "$HOME/.cargo/bin/$tool"
done
RUSTUP
chmod +x "$HOME/.cargo/bin/rustup"
INSTALLER"##;
    let machine = Machine::new().with("curl", installer).with("cc", "exit 0");
    let answer = machine.run("source scripts/setup; setup rust; rustc --version");
    assert!(answer.is_success, "{}", answer.said);
    assert_eq!(answer.printed, "rustc 1.99.0\n");
    let said: Vec<&str> = answer.said.lines().collect();
    assert_eq!(said[0], "Rust: found none, wanted 1.88 or newer.");
    assert!(said[1].starts_with("Installing rustup with its official installer, https://"));
}

#[test]
fn where_rustup_cannot_be_fetched_it_says_what_is_wanted() {
    let offline = "[ \"$1\" != --version ] || { echo 'curl 8.1 (x)'; exit; }\nexit 6";
    let machine = Machine::new().with("curl", offline).with("cc", "exit 0");
    let answer = machine.run("source scripts/setup; setup rust");
    assert!(!answer.is_success);
    assert!(answer.said.contains("Install rustup"), "{}", answer.said);
    assert!(
        answer
            .said
            .contains("Rust: found none, wanted 1.88 or newer."),
        "{}",
        answer.said
    );
}
