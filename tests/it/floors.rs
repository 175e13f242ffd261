//! The order of the modules: a lower floor imports no higher one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::sources::rust_files;

/// From the ground up. Modules of one floor do not import each other's floor above.
const FLOORS: &[&[&str]] = &[
    &[
        "error",
        "future",
        "html",
        "newer",
        "operation",
        "response",
        "scheme",
        "secret",
    ],
    &["http"],
    &["kept", "jose"],
    &["token"],
    &["call"],
    &["discovery"],
    &["client_auth"],
    &["endpoint"],
    &["login"],
    &["blocking", "client_metadata", "raw_request", "shared"],
    &["stream"],
    &["keycloak"],
    &["builder"],
    &["env"],
    &["admin"],
    &["oidc"],
    &["account", "registration", "uma"],
    &["web"],
    &["testing"],
];

/// The modules of the crate that a text names, without its comments and tests.
fn named(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    let code: Vec<&str> = lines.collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` of a macro is expanded elsewhere.
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        let word = |text: &str| {
            let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
            text[..end.unwrap_or(text.len())].to_owned()
        };
        match rest.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap();
                found.extend(list.split(',').map(|item| word(item.trim())));
            }
            None => found.push(word(rest)),
        }
    }
    found
}

#[test]
fn no_floor_imports_a_higher_one() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let floor_of: BTreeMap<&str, usize> = FLOORS
        .iter()
        .enumerate()
        .flat_map(|(floor, modules)| modules.iter().map(move |module| (*module, floor)))
        .collect();
    let files = rust_files(&src);
    let mut wrong = Vec::new();
    for file in files {
        let place = file.strip_prefix(&src).unwrap().to_str().unwrap();
        let module = place.split('/').next().unwrap().trim_end_matches(".rs");
        if place.contains("tests") || ["guide", "lib", "test_support"].contains(&module) {
            continue;
        }
        let Some(own) = floor_of.get(module) else {
            wrong.push(format!("{place}: the module {module} stands on no floor"));
            continue;
        };
        for other in named(&fs::read_to_string(&file).unwrap()) {
            if floor_of.get(&*other).is_some_and(|floor| floor > own) {
                wrong.push(format!("{place} imports {other}, which stands higher"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One style for all modules: `x.rs` beside the folder `x`.
#[test]
fn no_module_is_called_mod() {
    let files = rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let found: Vec<_> = files
        .iter()
        .filter(|file| file.ends_with("mod.rs"))
        .collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn imports_are_found_in_every_form() {
    let text = "use crate::{Secret, error::Result};\nuse crate::oidc::Oidc;\n// crate::uma\n\
                fn f() -> crate::admin::Call {}\n#[cfg(test)]\nmod tests {\n use crate::account;\n}";
    assert_eq!(named(text), ["Secret", "error", "oidc", "admin"]);
}
