//! What the documentation shows is what the examples run.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use pretty_assertions::assert_eq;

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Without what rustfmt decides: white space, and the comma it writes before a broken line's end.
fn squeezed(code: &str) -> String {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    code.replace(",)", ")").replace(",]", "]")
}

/// The last cell of each numbered row of docs/calls.md.
fn table() -> BTreeMap<usize, String> {
    let text = fs::read_to_string(file("docs/calls.md")).unwrap();
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        // Bars inside code are escaped.
        let line = line.replace("\\|", "\u{0}");
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let (Some(Ok(number)), Some(call)) = (cells.first().map(|n| n.parse()), cells.last()) else {
            continue;
        };
        assert_eq!(cells.len(), 6, "{line}");
        let call = call.trim_matches('`').replace('\u{0}', "|");
        assert_eq!(rows.insert(number, call), None, "row {number} is there twice");
    }
    rows
}

/// What stands under each `// NUMBER` of the example, up to the next one.
fn example() -> BTreeMap<usize, String> {
    let mut calls = BTreeMap::new();
    for entry in fs::read_dir(file("examples/commonest_calls")).unwrap() {
        let mut number = None;
        for line in fs::read_to_string(entry.unwrap().path()).unwrap().lines() {
            match line.trim().strip_prefix("// ").map(str::parse::<usize>) {
                Some(Ok(found)) => {
                    assert_eq!(calls.insert(found, String::new()), None, "{found} is there twice");
                    number = Some(found);
                }
                _ => {
                    if let Some(call) = number.and_then(|number| calls.get_mut(&number)) {
                        call.push_str(line);
                    }
                }
            }
        }
    }
    calls
}

#[test]
fn every_call_of_the_table_is_one_of_the_example() {
    let (table, example) = (table(), example());
    let numbers: Vec<usize> = (1..=100).collect();
    assert_eq!(table.keys().copied().collect::<Vec<_>>(), numbers);
    assert_eq!(example.keys().copied().collect::<Vec<_>>(), numbers);
    for (number, call) in table {
        let run = squeezed(&example[&number]);
        let statement = run.split_once(';').map_or(run.as_str(), |(first, _)| first);
        assert!(
            statement.ends_with(&squeezed(&call)),
            "row {number} of docs/calls.md shows\n{call}\nand the example has\n{statement}"
        );
    }
}

/// A link to a file of this repository leads to one.
#[test]
fn relative_links_lead_somewhere() {
    let mut pages = vec![file("README.md"), file("ARCHITECTURE.md"), file("CHANGELOG.md")];
    pages.extend(
        fs::read_dir(file("docs"))
            .unwrap()
            .map(|entry| entry.unwrap().path()),
    );
    let mut dead = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for rest in text.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            // Addresses, places on the same page, and items of the crate's documentation.
            if target.is_empty() || target.contains("://") || target.contains("::") {
                continue;
            }
            if !page.parent().unwrap().join(target).exists() {
                dead.push(format!("{} -> {target}", page.display()));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
}
