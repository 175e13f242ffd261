//! Writes `openapi/since.toml` out of the supported releases' documents.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use super::compare::properties;
use super::report::Release;
use keycloak_kit_codegen::document::{
    load, normalised, operation_key, operations, parameters, schemas, schemas_mut,
};
use keycloak_kit_codegen::problem::{Problem, Problems};
use keycloak_kit_codegen::since::New;
use keycloak_kit_codegen::{overlay, supplement};

const HEADER: &str = "\
# Which of these releases is the oldest that has what; written by
# `scripts/update-openapi --since`. What is not listed is in the first.
# Operations, query parameters, types and members are those of the releases' documents; where a
# release has an operation or a member of openapi/supplement.json or overlay.json from, these say
# (`x-since`). `newer` are those among them that come after the document.
";

/// The release of an operation or a member that is added by hand, where it is not the first.
const SINCE: &str = "x-since";

/// The text of the table. `releases` begin with the oldest and end with the pinned one.
pub fn table(
    releases: &[Release<'_>],
    supplement: &str,
    overlay: &str,
) -> Result<String, Problems> {
    let documents = releases
        .iter()
        .map(|release| Ok((release.version, Has::of(&load(release.document)?))))
        .collect::<Result<Vec<_>, Problems>>()?;
    let Some((_, pinned)) = documents.last() else {
        return Err(Problems::one(Problem::new("since", "releases", "are none")));
    };
    let mut found: BTreeMap<String, New> = BTreeMap::new();
    let oldest = |has: &dyn Fn(&Has) -> bool| -> Option<String> {
        let run = documents.iter().rev().take_while(|(_, has_it)| has(has_it));
        let oldest = run.last().map(|(version, _)| *version)?;
        (Some(oldest) != documents.first().map(|(version, _)| *version)).then(|| oldest.to_owned())
    };

    let complete = complete(releases, supplement, overlay)?;
    let by_hand = by_hand(supplement, releases)?;
    for (method, path) in operations(&complete) {
        let key = operation_key(&method, &path);
        let place = normalised(&key);
        let since = if pinned.parameters.contains_key(&place) {
            oldest(&|has| has.parameters.contains_key(&place))
        } else {
            by_hand.get(&key).cloned()
        };
        if let Some(since) = since.clone() {
            let new = found.entry(since).or_default();
            new.operations.insert(key.clone());
        }
        for parameter in parameters(&complete, &method, &path) {
            let Some(name) = parameter["name"]
                .as_str()
                .filter(|_| parameter["in"] == "query")
            else {
                continue;
            };
            let has = |has: &Has| {
                has.parameters
                    .get(&place)
                    .is_some_and(|names| names.contains(name))
            };
            if has(pinned)
                && let Some(release) =
                    oldest(&has).filter(|release| Some(release) != since.as_ref())
            {
                let new = found.entry(release).or_default();
                new.parameters.insert(format!("{key}?{name}"));
            }
        }
    }
    // The supplement's steps take the release out of its members, the overlay's do not.
    let supplement: Value = serde_json::from_str(supplement).unwrap_or_default();
    for document in [&supplement, &complete] {
        for (member, since) in members_by_hand(document, releases)? {
            found.entry(since).or_default().members.insert(member);
        }
    }
    for (name, schema) in schemas(&complete) {
        if !pinned.members.contains_key(name) {
            continue;
        }
        let since = oldest(&|has| has.members.contains_key(name));
        if let Some(since) = since.clone() {
            found.entry(since).or_default().types.insert(name.clone());
        }
        for member in properties(schema).into_keys() {
            let has = |has: &Has| {
                has.members
                    .get(name)
                    .is_some_and(|all| all.contains(member))
            };
            if has(pinned)
                && let Some(release) =
                    oldest(&has).filter(|release| Some(release) != since.as_ref())
            {
                let new = found.entry(release).or_default();
                new.members.insert(format!("{name}.{member}"));
            }
        }
    }
    Ok(render(releases, &found))
}

/// How many of the named operations each release has.
pub fn counts(names: &str, since: &str) -> Result<Vec<(String, usize)>, Problems> {
    let names = keycloak_kit_codegen::names::parse(names)?;
    let since = keycloak_kit_codegen::since::parse(since)?;
    let mut count = names.operations.len();
    let mut counts = Vec::new();
    for release in since.releases.iter().chain(&since.newer).rev() {
        counts.push((release.clone(), count));
        let new = since.new.get(release).map(|new| &new.operations);
        count -= new
            .into_iter()
            .flatten()
            .filter(|key| names.operations.contains_key(*key))
            .count();
    }
    counts.reverse();
    Ok(counts)
}

/// What one document has.
struct Has {
    /// Operations, the names of path parameters taken out, with their query parameters.
    parameters: BTreeMap<String, BTreeSet<String>>,
    /// Types with their members.
    members: BTreeMap<String, BTreeSet<String>>,
}

impl Has {
    fn of(document: &Value) -> Self {
        let parameters = operations(document)
            .into_iter()
            .map(|(method, path)| {
                let names = parameters(document, &method, &path)
                    .iter()
                    .filter(|parameter| parameter["in"] == "query")
                    .filter_map(|parameter| parameter["name"].as_str().map(str::to_owned))
                    .collect();
                (normalised(&operation_key(&method, &path)), names)
            })
            .collect();
        let members = schemas(document)
            .into_iter()
            .map(|(name, schema)| {
                let members = properties(schema).into_keys().cloned().collect();
                (name.clone(), members)
            })
            .collect();
        Self {
            parameters,
            members,
        }
    }
}

/// The pinned document as the generator sees it: what is corrected away needs no row.
fn complete(releases: &[Release<'_>], supplement: &str, overlay: &str) -> Result<Value, Problems> {
    let mut document = load(releases.last().map_or("", |release| release.document))?;
    if schemas_mut(&mut document).is_none() {
        document["components"]["schemas"] = Value::Object(serde_json::Map::new());
    }
    supplement::add(&mut document, supplement)?;
    overlay::apply(&mut document, overlay)?;
    Ok(document)
}

/// The releases that the supplement names for its operations.
fn by_hand(
    supplement: &str,
    releases: &[Release<'_>],
) -> Result<BTreeMap<String, String>, Problems> {
    let supplement: Value = serde_json::from_str(supplement).unwrap_or_default();
    let mut found = BTreeMap::new();
    for (method, path) in operations(&supplement) {
        let key = operation_key(&method, &path);
        if let Some(since) = named(&supplement["paths"][&path][&method], &key, releases)? {
            found.insert(key, since);
        }
    }
    Ok(found)
}

/// The releases that a document names for members of its schemas, as `Type.member`.
fn members_by_hand(
    document: &Value,
    releases: &[Release<'_>],
) -> Result<BTreeMap<String, String>, Problems> {
    let mut found = BTreeMap::new();
    for (ty, schema) in schemas(document) {
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            let row = format!("{ty}.{member}");
            if let Some(since) = named(property, &row, releases)? {
                found.insert(row, since);
            }
        }
    }
    Ok(found)
}

/// The release that something added by hand names: one of the releases, or a newer one.
fn named(value: &Value, row: &str, releases: &[Release<'_>]) -> Result<Option<String>, Problems> {
    let Some(since) = value[SINCE].as_str() else {
        return Ok(None);
    };
    let is_newer = releases
        .last()
        .is_some_and(|pinned| numbers(since) > numbers(pinned.version));
    if is_newer || releases.iter().any(|release| release.version == since) {
        return Ok(Some(since.to_owned()));
    }
    let message =
        format!("has the {SINCE} {since}, which is none of the releases and not newer than they");
    Err(Problems::one(Problem::new("since", row, message)))
}

/// A version, to compare with; nothing where it is not made of numbers.
fn numbers(version: &str) -> Vec<u32> {
    let parts = version.split('.').map(str::parse);
    parts.collect::<Result<_, _>>().unwrap_or_default()
}

fn render(releases: &[Release<'_>], found: &BTreeMap<String, New>) -> String {
    let list = |versions: &[&str]| {
        let quoted: Vec<String> = versions.iter().map(|one| format!("{one:?}")).collect();
        quoted.join(", ")
    };
    let known: Vec<&str> = releases.iter().map(|release| release.version).collect();
    let mut newer: Vec<&str> = found
        .keys()
        .map(String::as_str)
        .filter(|version| !known.contains(version))
        .collect();
    newer.sort_by_key(|version| numbers(version));
    let mut text = format!("{HEADER}\nreleases = [{}]\n", list(&known));
    // Writing to a string does not fail.
    if !newer.is_empty() {
        let _ = writeln!(text, "newer = [{}]", list(&newer));
    }
    for version in known.into_iter().chain(newer) {
        let Some(new) = found.get(version) else {
            continue;
        };
        let _ = write!(text, "\n[new.{version:?}]\n");
        for (name, rows) in [
            ("operations", &new.operations),
            ("parameters", &new.parameters),
            ("types", &new.types),
            ("members", &new.members),
        ] {
            if rows.is_empty() {
                continue;
            }
            let _ = writeln!(text, "{name} = [");
            for row in rows {
                let _ = writeln!(text, "    {row:?},");
            }
            text.push_str("]\n");
        }
    }
    text
}
