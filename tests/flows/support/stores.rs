//! PostgreSQL and Redis of Debian's packages, each on a free port of its own.

use super::setup;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A running server; it ends when this is dropped.
pub struct Server {
    pub port: u16,
    child: Child,
    folder: PathBuf,
}

/// Where PostgreSQL's programs are, which Debian leaves off the `PATH`; `scripts/setup` installs both
/// servers.
fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| PathBuf::from(setup("stores", "postgres_programs").trim_end()))
}

fn folder(of: &str) -> PathBuf {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("kckit-{of}-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// A program of PostgreSQL, which does not run as root: Debian's package has a user for it.
fn postgres_command(program: &str, data: &Path) -> Command {
    let program = programs().join(program);
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return Command::new(program);
    }
    let user = |what: &str| {
        let output = Command::new("id").args([what, "postgres"]).output();
        let said = String::from_utf8(output.unwrap().stdout).unwrap();
        said.trim().parse().unwrap()
    };
    chown(data, Some(user("-u")), Some(user("-g"))).unwrap();
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
        .arg(program);
    command
}

impl Server {
    pub fn postgres() -> Self {
        let folder = folder("postgres");
        let made = postgres_command("initdb", &folder)
            .args(["--username=app", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C", "--pgdata"])
            .arg(&folder)
            .current_dir("/")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "initdb: {said}");
        let port = free_port();
        let child = postgres_command("postgres", &folder)
            .arg("-D")
            .arg(&folder)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args(["-c", "unix_socket_directories=", "-p", &port.to_string()])
            .current_dir("/")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            port,
            child,
            folder,
        }
    }

    pub fn redis() -> Self {
        programs();
        let (folder, port) = (folder("redis"), free_port());
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--maxmemory-policy", "noeviction", "--dir"])
            .arg(&folder)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            port,
            child,
            folder,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
