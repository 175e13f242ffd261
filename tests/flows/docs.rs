//! The tests that docs/tokens.md, docs/flows.md and docs/uma.md name are there.

use std::fs;
use std::path::{Path, PathBuf};

fn sources(folder: &Path, into: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs") {
            into.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_check_has_its_test() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut code = String::new();
    for folder in [
        "src/jose",
        "src/oidc",
        "src/token",
        "src/uma",
        "tests/flows",
    ] {
        sources(&root.join(folder), &mut code);
    }
    for (page, least) in [
        ("docs/tokens.md", 80),
        ("docs/flows.md", 80),
        ("docs/uma.md", 20),
    ] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        assert!(check(&text, &code) > least, "{page}");
    }
}

/// Every row of a table ends in tests; gives how many there are.
fn check(text: &str, code: &str) -> usize {
    let mut named = 0;
    for row in text.lines().filter(|line| line.starts_with("| ")) {
        let last = row
            .trim_end_matches([' ', '|'])
            .rsplit(" | ")
            .next()
            .unwrap();
        if matches!(last, "Test") {
            continue;
        }
        let tests: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        for test in tests {
            assert!(
                code.contains(&format!("fn {test}(")),
                "no such test: {test}"
            );
            named += 1;
        }
    }
    named
}
