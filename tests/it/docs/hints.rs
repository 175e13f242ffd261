//! docs/errors.md has every hint. That there is the test of each row is held by `super::rules`.

mod sources;
mod values;

use std::collections::BTreeSet;
use std::fs;

use pretty_assertions::assert_eq;

use self::sources::Sources;
use self::values::normalised;
use super::file;

/// A row of the table: the hint, and what gives it.
struct Row {
    hint: String,
    input: String,
}

fn rows() -> Vec<Row> {
    let page = fs::read_to_string(file("docs/errors.md")).unwrap();
    let (_, section) = page.split_once("\n## Hints\n").unwrap();
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [hint, input, _] = cells[..] else {
            panic!("not three cells: {line}");
        };
        // A text with back quotes stands between two of them.
        let fence = if hint.starts_with("``") { "``" } else { "`" };
        let inside = hint.strip_prefix(fence).and_then(|h| h.strip_suffix(fence));
        Row {
            hint: normalised(inside.unwrap_or_else(|| panic!("{hint}"))),
            input: input.to_owned(),
        }
    })
    .collect()
}

#[test]
fn every_hint_has_a_row() {
    let sources = Sources::read(&file(""));
    let (hints, mut faults) = sources.hints();
    assert!(hints.len() > 150, "only {} hints are found", hints.len());
    let mut listed = BTreeSet::new();
    for row in rows() {
        if row.input.is_empty() {
            faults.push(format!("no input gives: {}", row.hint));
        }
        if !hints.contains(&row.hint) {
            faults.push(format!("nothing gives: {}", row.hint));
        }
        if let Some(twice) = listed.replace(row.hint) {
            faults.push(format!("there are two rows for: {twice}"));
        }
    }
    let missing = hints.difference(&listed);
    faults.extend(missing.map(|hint| format!("there is no row for: {hint}")));
    assert_eq!(faults, Vec::<String>::new());
}

#[test]
fn placeholders_and_white_space_are_all_the_same() {
    assert_eq!(
        normalised("leave {what} out,\n   or {}: {a:?}"),
        "leave {..} out, or {..}: {..}"
    );
}
