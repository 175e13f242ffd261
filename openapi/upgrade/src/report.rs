//! What an upgrade to another release brings, and what a person has to decide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::compare::{Change, Kind, changed_operations, changed_types};
use keycloak_kit_codegen::document::{
    load, normalised, operation_key, operations, path_parameters, schemas_mut,
};
use keycloak_kit_codegen::problem::{MENDED, Problem, Problems};
use keycloak_kit_codegen::{Inputs, generate, names, overlay, supplement};

/// A release and its document.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// Its version.
    pub version: &'a str,
    /// The text of its document.
    pub document: &'a str,
}

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Upgrade<'a> {
    /// The release that users come from.
    pub old: Release<'a>,
    /// The release that they upgrade to.
    pub new: Release<'a>,
    /// `openapi/supplement.json`.
    pub supplement: &'a str,
    /// `openapi/overlay.json`.
    pub overlay: &'a str,
    /// `openapi/names.toml`.
    pub names: &'a str,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Markdown, as `CHANGELOG.md` takes it.
    pub text: String,
    /// Whether a person must decide something before this release can be the pinned one.
    pub decide: bool,
}

/// Compares two releases and runs the pipeline over the new one.
pub fn report(upgrade: &Upgrade<'_>) -> Result<Report, Problems> {
    let (old, new) = (load(upgrade.old.document)?, load(upgrade.new.document)?);
    let table = names::parse(upgrade.names)?;
    let known = Known::new(&table, upgrade, &old, &new)?;
    let operations = changed_operations(&old, &new);
    let types = changed_types(&old, &new);
    let mut decisions: Vec<String> = known.misplaced.clone();
    decisions.extend(names_to_choose(upgrade));

    let mut text = format!(
        "### Keycloak {} -> {}\n\n{}; {}.\n",
        upgrade.old.version,
        upgrade.new.version,
        counts("operations", &operations),
        counts("types", &types)
    );
    let described = |change: &Change| known.operation(change);
    section(&mut text, "Operations", lines(&operations, described));
    section(&mut text, "Types", lines(&types, |_| String::new()));
    section(
        &mut text,
        "Keycloak fixed this: delete it",
        known.mended.clone(),
    );
    section(&mut text, "Rows of `names.toml` to change", known.rows);
    let decide = !decisions.is_empty();
    section(&mut text, "To decide", decisions);
    if !decide {
        text.push_str("\nNothing to decide.\n");
    }
    Ok(Report { text, decide })
}

fn counts(what: &str, changes: &[Change]) -> String {
    let count = |wanted: fn(&Kind) -> bool| changes.iter().filter(|c| wanted(&c.kind)).count();
    format!(
        "{what}: {} added, {} removed, {} changed",
        count(|kind| *kind == Kind::Added),
        count(|kind| *kind == Kind::Removed),
        count(|kind| matches!(kind, Kind::Changed(_))),
    )
}

fn section(text: &mut String, title: &str, lines: Vec<String>) {
    if lines.is_empty() {
        return;
    }
    // Writing to a string does not fail.
    let _ = write!(text, "\n#### {title}\n\n");
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
}

fn lines(changes: &[Change], after: impl Fn(&Change) -> String) -> Vec<String> {
    changes
        .iter()
        .map(|change| {
            let (subject, after) = (&change.subject, after(change));
            match &change.kind {
                Kind::Added => format!("added: `{subject}`{after}"),
                Kind::Removed => format!("removed: `{subject}`{after}"),
                Kind::Changed(lines) => {
                    format!("changed: `{subject}`{after}: {}", lines.join("; "))
                }
            }
        })
        .collect()
}

/// What this project's files say about the two documents.
struct Known {
    /// `METHOD /path`, parameter names taken out, to the call.
    calls: BTreeMap<String, String>,
    left_out: BTreeSet<String>,
    /// Corrections that are needless by now.
    mended: Vec<String>,
    /// Corrections whose place is gone.
    misplaced: Vec<String>,
    /// Rows of the table for operations that are gone or have another path parameter.
    rows: Vec<String>,
}

impl Known {
    fn new(
        table: &names::Table,
        upgrade: &Upgrade<'_>,
        old: &Value,
        new: &Value,
    ) -> Result<Self, Problems> {
        let (before, _) = corrected(old, upgrade)?;
        let (after, complete) = corrected(new, upgrade)?;
        let (mut mended, mut misplaced) = (Vec::new(), Vec::new());
        // What did not fit the old document either is not this upgrade's doing.
        for problem in after.iter().filter(|problem| !before.contains(problem)) {
            let (rule, subject) = (problem.rule, &problem.subject);
            if problem.message.contains(MENDED) {
                mended.push(format!("{rule}: `{subject}`"));
            } else {
                misplaced.push(format!(
                    "{rule}: `{subject}`: what it corrects is gone; delete it, or name the new place"
                ));
            }
        }
        let rows = stale_rows(table, old, &complete);
        Ok(Self {
            calls: table
                .operations
                .iter()
                .map(|(key, call)| (normalised(key), call.clone()))
                .collect(),
            left_out: table.left_out.keys().map(|key| normalised(key)).collect(),
            mended,
            misplaced,
            rows,
        })
    }

    fn operation(&self, change: &Change) -> String {
        let place = normalised(&change.subject);
        match self.calls.get(&place) {
            Some(call) => format!(", `{call}`"),
            None if self.left_out.contains(&place) => ", left out".to_owned(),
            None => String::new(),
        }
    }
}

/// The stale corrections of a document, and the document with the supplement's operations.
fn corrected(document: &Value, upgrade: &Upgrade<'_>) -> Result<(Vec<Problem>, Value), Problems> {
    let mut document = document.clone();
    if schemas_mut(&mut document).is_none() {
        document["components"]["schemas"] = Value::Object(serde_json::Map::new());
    }
    let added = supplement::add(&mut document, upgrade.supplement)?;
    let overlaid = overlay::apply(&mut document, upgrade.overlay)?;
    Ok(([added.stale, overlaid.stale].concat(), document))
}

/// Rows whose operation was in the old document and is gone, or is written differently now.
fn stale_rows(table: &names::Table, old: &Value, new: &Value) -> Vec<String> {
    let keys = |document: &Value| -> BTreeMap<String, String> {
        operations(document)
            .into_iter()
            .map(|(method, path)| operation_key(&method, &path))
            .map(|key| (normalised(&key), key))
            .collect()
    };
    let (before, after) = (keys(old), keys(new));
    table
        .operations
        .keys()
        .chain(table.left_out.keys())
        .filter_map(|key| match after.get(&normalised(key)) {
            Some(now) if now == key => None,
            Some(now) if path_parameters(now).len() == path_parameters(key).len() => {
                Some(format!("`{key}` is now `{now}`"))
            }
            _ => before
                .contains_key(&normalised(key))
                .then(|| format!("delete `{key}`: the operation is gone")),
        })
        .collect()
}

/// What the pipeline cannot do alone: names, and shapes it does not know.
fn names_to_choose(upgrade: &Upgrade<'_>) -> Vec<String> {
    let inputs = Inputs {
        document: upgrade.new.document,
        supplement: upgrade.supplement,
        overlay: upgrade.overlay,
        names: upgrade.names,
        // Which release has what does not matter to the report.
        since: "releases = []",
        foreign: true,
    };
    match generate(&inputs) {
        Ok(output) => {
            let rows: BTreeSet<String> = output
                .report
                .proposed
                .iter()
                .map(
                    |problem| match problem.message.rsplit_once("a proposal: ") {
                        Some((_, row)) => format!("name: `{row}`"),
                        None => format!("name: {problem}"),
                    },
                )
                .collect();
            rows.into_iter().collect()
        }
        Err(problems) => refusals(&problems),
    }
}

/// One line for each reason: a shape in one type may stop all calls.
fn refusals(problems: &Problems) -> Vec<String> {
    let mut reasons: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for problem in &problems.0 {
        let reason = (problem.rule, problem.message.as_str());
        reasons.entry(reason).or_default().push(&problem.subject);
    }
    reasons
        .into_iter()
        .map(|((rule, message), subjects)| {
            let more = match subjects.len() - 1 {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            format!(
                "the generator refuses `{}`{more}: {message} [{rule}]",
                subjects[0]
            )
        })
        .collect()
}
