//! What the compiler says where a wrong id is given: the way out, and little else.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the compiler says to a program, `None` when it takes it.
fn refusal(library: &Path, program: &str) -> Option<String> {
    let folder = tempdir();
    let file = folder.join("program.rs");
    std::fs::write(&file, program).unwrap();
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
        ])
        .arg("-o")
        .arg(folder.join("program.rmeta"))
        .arg("-L")
        .arg(format!(
            "dependency={}",
            library.parent().unwrap().display()
        ))
        .arg("--extern")
        .arg(format!("keycloak_kit={}", library.display()))
        .arg(&file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    std::fs::remove_dir_all(folder).unwrap();
    (!output.status.success()).then_some(said)
}

fn tempdir() -> PathBuf {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("keycloak-kit-diagnostics-{}-{number}", std::process::id());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn program(what: &str) -> String {
    format!(
        "use keycloak_kit::admin::handles::Realm;\n\
         use keycloak_kit::admin::ids::ClientUuid;\n\
         use keycloak_kit::representations::UserRepresentation;\n\
         pub fn program(realm: &Realm, user: UserRepresentation, uuid: ClientUuid) {{\n\
         let _ = ({what}, user, uuid);\n}}\n"
    )
}

/// The library that this test was linked with: it lies beside it, the newest of those that have
/// what the test needs.
fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let beside = std::fs::read_dir(test.parent().unwrap()).unwrap();
    let mut found: Vec<_> = beside
        .map(|entry| entry.unwrap())
        .filter(|entry| {
            let name = entry.file_name().to_string_lossy().into_owned();
            name.starts_with("libkeycloak_kit-") && name.ends_with(".rlib")
        })
        .map(|entry| (entry.metadata().unwrap().modified().unwrap(), entry.path()))
        .collect();
    found.sort();
    let right = program("realm.client(&uuid), realm.user(\"id\")");
    let fits = |library: &PathBuf| refusal(library, &right).is_none();
    let mut newest_first = found.into_iter().rev().map(|(_, path)| path);
    newest_first.find(fits).unwrap()
}

#[test]
fn a_wrong_id_is_told_with_the_way_out() {
    let library = library();
    for (wrong, says) in [
        (
            "realm.client(\"web\")",
            "realm.client_by_client_id(\"web\").await?",
        ),
        ("realm.client(\"web\")", "`ClientUuid::new("),
        (
            "realm.client(user.user_id().unwrap())",
            "expected a client's UUID, found `UserId`",
        ),
        ("realm.user(user.id.clone())", "`user.user_id()?`"),
        (
            "realm.user(&uuid)",
            "expected a `UserId`, found `&ClientUuid`",
        ),
        ("realm.role(7)", "neither a `RoleName` nor a string"),
    ] {
        let said = refusal(&library, &program(wrong)).unwrap();
        assert!(said.contains("E0277"), "{wrong}: {said}");
        assert!(said.contains(says), "{wrong}: {said}");
        let first = said.split("error: aborting").next().unwrap();
        assert!(first.lines().count() < 25, "{wrong}: {said}");
    }
}
