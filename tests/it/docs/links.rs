//! Links of the pages lead somewhere: in the repository, and where a page is a part of the crate's
//! documentation. The links of the generated pages are followed by `scripts/test doc`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use pretty_assertions::assert_eq;

use super::file;

/// The pages of the repository.
pub(super) fn pages() -> Vec<PathBuf> {
    let mut pages = Vec::new();
    for folder in [".", "docs"] {
        let entries = fs::read_dir(file(folder)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        pages.extend(paths.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    pages.sort();
    pages
}

/// A page without what stands in blocks of code.
fn prose(page: &str) -> String {
    let mut is_code = false;
    let mut prose = String::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// `[label]: target`, as a page ends with.
fn definitions(page: &str) -> BTreeMap<String, String> {
    let lines = page.lines().filter_map(|line| {
        let (label, target) = line.strip_prefix('[')?.split_once("]: ")?;
        Some((label.to_owned(), target.to_owned()))
    });
    lines.collect()
}

/// `[text][label]`.
fn labels(page: &str) -> BTreeSet<String> {
    let rests = page.split("][").skip(1);
    let labels = rests.filter_map(|rest| Some(rest.split_once(']')?.0.to_owned()));
    // Not a piece of code, such as `list[0][key]`.
    labels.filter(|label| label.contains(['.', '/'])).collect()
}

/// `[text](target)`.
fn inline(page: &str) -> BTreeSet<String> {
    let rests = page.split("](").skip(1);
    rests
        .filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()))
        .collect()
}

/// The places of a page, as its viewers name them after headings.
fn places(page: &str) -> BTreeSet<String> {
    let headings = prose(page);
    let headings = headings.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let words = line.trim_start_matches('#').trim().to_lowercase();
            let kept = words
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

fn is_elsewhere(target: &str) -> bool {
    target.contains("://")
}

/// What is wrong with a link of a page to a file or a place of the repository.
fn fault(page: &Path, target: &str) -> Option<String> {
    let (path, place) = target.split_once('#').unwrap_or((target, ""));
    let at = match path {
        "" => page.to_owned(),
        path => page.parent().unwrap().join(path),
    };
    if !at.exists() {
        return Some(format!("{target}: no such file"));
    }
    let is_missing =
        !place.is_empty() && !places(&fs::read_to_string(&at).unwrap()).contains(place);
    is_missing.then(|| format!("{target}: no such place"))
}

#[test]
fn links_of_the_pages_lead_somewhere() {
    let mut dead = Vec::new();
    for page in pages() {
        let text = prose(&fs::read_to_string(&page).unwrap());
        let definitions = definitions(&text);
        let targets = inline(&text);
        for target in targets.iter().chain(definitions.values()) {
            if !is_elsewhere(target) {
                dead.extend(
                    fault(&page, target).map(|fault| format!("{}: {fault}", page.display())),
                );
            }
        }
        for label in labels(&text) {
            if !definitions.contains_key(&label) {
                dead.push(format!("{}: {label} is not defined", page.display()));
            }
        }
    }
    assert_eq!(dead, Vec::<String>::new());
}

/// A path from the root of the repository.
fn from_the_root(page: &Path, target: &str) -> String {
    let mut parts = Vec::new();
    let root = file("");
    let joined = page.parent().unwrap().join(target);
    for part in joined.strip_prefix(&root).unwrap().components() {
        match part {
            Component::ParentDir => drop(parts.pop()),
            part => parts.push(part.as_os_str().to_str().unwrap()),
        }
    }
    parts.join("/")
}

/// A page that is a part of the documentation links by labels: each is the path from the root, which
/// `src/links.md` defines once more, as the documentation has it.
#[test]
fn links_of_the_documentation_are_defined_for_it() {
    let links = fs::read_to_string(file("src/links.md")).unwrap();
    let links = definitions(&links);
    let manifest = fs::read_to_string(file("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let repository = manifest["package"]["repository"].as_str().unwrap();
    let guide = fs::read_to_string(file("src/guide.rs")).unwrap();
    let mut faults = Vec::new();
    let mut used = BTreeSet::new();
    let mut included = vec![file("README.md")];
    for rest in guide.split("include_str!(\"../").skip(1) {
        included.push(file(rest.split_once('"').unwrap().0));
    }
    assert!(included.len() > 7, "{included:?}");
    for page in &included {
        let text = prose(&fs::read_to_string(page).unwrap());
        for target in inline(&text) {
            if !is_elsewhere(&target) && !target.starts_with('#') {
                faults.push(format!("{}: {target} has no label", page.display()));
            }
        }
        for (label, target) in definitions(&text) {
            if is_elsewhere(&target) {
                continue;
            }
            if from_the_root(page, &target) != label {
                faults.push(format!("{}: {label} is not the path", page.display()));
            }
            used.insert(label);
        }
    }
    for (label, target) in &links {
        let is_right = match target.strip_prefix("crate::guide::") {
            Some(module) => label.replace(".md", "") == format!("docs/{module}"),
            None => {
                target.starts_with("crate::")
                    || *target == format!("{repository}/blob/main/{label}")
            }
        };
        if !is_right {
            faults.push(format!("src/links.md: {label} leads to {target}"));
        }
    }
    let defined: BTreeSet<String> = links.into_keys().collect();
    assert_eq!(faults, Vec::<String>::new());
    assert_eq!(used, defined, "src/links.md has not what the pages link to");
}
