//! The tests that the pages name are there, and say in words what they hold.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use pretty_assertions::assert_eq;
use syn::{Attribute, Item};

use super::{file, pages_of_today};
use crate::support::sources::rust_files;

/// What the sources define and name.
#[derive(Default)]
struct Tree {
    /// The tests, by the paths that `cargo test` prints, after the name of their binary.
    tests: BTreeSet<String>,
    /// Every function, with its file.
    functions: Vec<(String, PathBuf)>,
    /// Every name.
    words: BTreeSet<String>,
}

/// Read once, for all tests.
static TREE: LazyLock<Tree> = LazyLock::new(Tree::read);

impl Tree {
    fn read() -> Self {
        let mut tree = Self::default();
        for folder in ["src", "tests", "examples", "openapi"].map(file) {
            for path in rust_files(&folder) {
                tree.read_file(&path);
            }
        }
        tree
    }

    fn read_file(&mut self, path: &Path) {
        let text = fs::read_to_string(path).unwrap();
        let path = path.strip_prefix(file("")).unwrap();
        self.words.extend(words(&text).map(str::to_owned));
        if !path.starts_with("src") && !path.starts_with("tests") {
            return;
        }
        let functions = functions(&text).map(|name| (name.to_owned(), path.to_owned()));
        self.functions.extend(functions);
        let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        self.read_items(&module_of(path), &parsed.items);
    }

    fn read_items(&mut self, module: &str, items: &[Item]) {
        let within = |name: &dyn ToString| match module {
            "" => name.to_string(),
            _ => format!("{module}::{}", name.to_string()),
        };
        for item in items {
            match item {
                Item::Fn(item) if is_test(&item.attrs) => {
                    self.tests.insert(within(&item.sig.ident));
                }
                Item::Mod(item) => {
                    if let Some((_, items)) = &item.content {
                        self.read_items(&within(&item.ident), items);
                    }
                }
                // Those of proptest.
                Item::Macro(item) => {
                    let tokens = item.mac.tokens.to_string();
                    for rest in tokens.split("[test]").skip(1) {
                        let name = functions(rest).next().unwrap_or_default();
                        self.tests.insert(within(&name));
                    }
                }
                _ => {}
            }
        }
    }

    /// Whether there is a test of this path, of which modules may be left out.
    fn has_test(&self, name: &str) -> bool {
        let (modules, name) = name.rsplit_once("::").unwrap_or(("", name));
        self.tests.iter().any(|path| {
            let (above, known) = path.rsplit_once("::").unwrap_or(("", path));
            let mut above = above.split("::");
            let mut modules = modules.split("::").filter(|module| !module.is_empty());
            known == name && modules.all(|module| above.any(|part| part == module))
        })
    }
}

/// The module of a file. The binaries of `tests/` are modules beside those of the crate.
fn module_of(path: &Path) -> String {
    let path = path.with_extension("");
    let mut parts: Vec<_> = path
        .iter()
        .skip(1)
        .map(|part| part.to_string_lossy())
        .collect();
    if parts
        .last()
        .is_some_and(|last| ["lib", "main", "mod"].contains(&&**last))
    {
        parts.pop();
    }
    parts.join("::")
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let last = attribute.path().segments.last();
        last.is_some_and(|last| last.ident == "test")
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
}

fn functions(text: &str) -> impl Iterator<Item = &str> {
    let mut before = "";
    words(text).filter(move |word| std::mem::replace(&mut before, *word) == "fn")
}

/// Whether a name begins with the number of a rule, which says nothing to whom has no list of them.
fn is_code(name: &str) -> bool {
    let rest = name.strip_prefix(|c: char| c.is_ascii_lowercase());
    rest.is_some_and(|rest| {
        let word = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        word.len() < rest.len() && word.starts_with('_')
    })
}

/// What stands between back quotes.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The rows of the tables that end in tests: the whole row, and the names in its last cell.
fn rows(page: &str) -> Vec<(&str, Vec<&str>)> {
    let mut rows = Vec::new();
    let mut ends_in_tests = None;
    for line in page.lines() {
        if !line.starts_with('|') {
            ends_in_tests = None;
            continue;
        }
        let last = line.trim_end().trim_end_matches('|').rsplit('|').next();
        let last = last.unwrap_or_default().trim();
        match ends_in_tests {
            None => ends_in_tests = Some(["Test", "Tests"].contains(&last)),
            Some(true) if !line.starts_with("|-") => rows.push((line, code(last).collect())),
            Some(_) => {}
        }
    }
    rows
}

#[test]
fn every_rule_has_its_tests() {
    let tree = &*TREE;
    let page = fs::read_to_string(file("docs/rules.md")).unwrap();
    let (mut faults, mut named) = (Vec::new(), 0);
    for (_, tests) in rows(&page) {
        named += tests.len();
        // By their whole path, so that they can be run.
        faults.extend(tests.into_iter().filter(|test| !tree.tests.contains(*test)));
    }
    assert_eq!(faults, Vec::<&str>::new(), "no such tests");
    assert!(named > 150, "only {named} tests are named");
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let tree = &*TREE;
    let (mut faults, mut named) = (Vec::new(), 0);
    for page in pages_of_today() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&page).unwrap();
        for (row, tests) in rows(&text) {
            if tests.is_empty() {
                faults.push(format!("{name}: no test: {row}"));
            }
            named += tests.len();
            let missing = tests.into_iter().filter(|test| !tree.has_test(test));
            faults.extend(missing.map(|test| format!("{name}: no test is called {test}")));
        }
        // The calls of other libraries.
        if name == "calls.md" {
            continue;
        }
        // In prose a name of several words is a test or another name of the sources.
        for word in code(&prose(&text)).flat_map(words) {
            let lower = !word.contains(|c: char| c.is_ascii_uppercase());
            if lower && word.matches('_').count() > 1 && !tree.words.contains(word) {
                faults.push(format!("{name}: nothing is called {word}"));
            }
        }
    }
    assert_eq!(faults, Vec::<String>::new());
    assert!(named > 600, "only {named} tests are named");
}

/// A page without its blocks of code.
fn prose(page: &str) -> String {
    page.split("\n```")
        .step_by(2)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn functions_are_named_in_words() {
    let tree = &*TREE;
    assert!(tree.functions.len() > 3000, "{}", tree.functions.len());
    let mut codes = Vec::new();
    for (name, path) in &tree.functions {
        if is_code(name) {
            codes.push(format!("{}: {name}", path.display()));
        }
    }
    assert_eq!(codes, Vec::<String>::new(), "say in words what they hold");
}

#[test]
fn codes_are_told_from_words_and_tests_are_found_in_tables() {
    for (name, code) in [
        ("s05_issuers", true),
        ("r9_keys", true),
        ("rfc_7636_example", false),
        ("a_second_401", false),
        ("s", false),
        ("x5t", false),
    ] {
        assert_eq!(is_code(name), code, "{name}");
    }
    let page = "| What | Test |\n|---|---|\n| `x` | `a_b`, `m::c` |\n| `y` | |\n\n| Test | What |\n|---|---|\n| `d` | `e` |\n";
    let found = rows(page);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].1, ["a_b", "m::c"]);
    assert!(found[1].1.is_empty(), "{found:?}");
    let mut tree = Tree::default();
    let items = syn::parse_str::<syn::File>(
        "mod inner { #[tokio::test] async fn one() {} fn none() {} }
         proptest! { /// Says.\n #[test] fn two(text in \".*\") {} }",
    );
    tree.read_items("oidc::callback", &items.unwrap().items);
    let tests: Vec<&String> = tree.tests.iter().collect();
    assert_eq!(tests, ["oidc::callback::inner::one", "oidc::callback::two"]);
    assert!(tree.has_test("one") && tree.has_test("callback::one"));
    assert!(!tree.has_test("other::one") && !tree.has_test("none"));
    assert_eq!(module_of(Path::new("tests/it/main.rs")), "it");
    assert_eq!(module_of(Path::new("src/oidc/pkce.rs")), "oidc::pkce");
}
