//! Step 5, names: the reviewed public naming table, `openapi/names.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::document::{normalised, operation_key, operation_mut, operations, path_parameters};
use crate::problem::{Problem, Problems, Report};
use crate::propose;

/// What the server sends when a list is asked for without `max`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Paging {
    /// So many items.
    Default(u32),
    /// All items.
    Word(PagingWord),
}

/// How a list without a limit treats `first` and `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum PagingWord {
    /// It pages by them.
    #[serde(rename = "all")]
    All,
    /// It reads neither.
    #[serde(rename = "ignored")]
    Ignored,
    /// It reads them with `search` only.
    #[serde(rename = "with search")]
    WithSearch,
    /// With `search` or `q` it pages by match and answers with the trees that the matches are in.
    #[serde(rename = "trees")]
    Trees,
}

/// What tells an id type from the others.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdType {
    /// Whether no bare string becomes one.
    pub strict: bool,
    /// The member of the representation that is the id, where the id is a name.
    pub member: Option<String>,
}

/// The id of what a call creates.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Created {
    /// Its type; the answer's `Location` has the id.
    Id(String),
    /// Its type, and where the id is when there is no `Location`.
    Row(CreatedRow),
}

/// A row of `[created]` with more than the type.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreatedRow {
    /// The type of the id.
    pub id: String,
    /// The member of the body that is the id.
    pub member: Option<String>,
    /// The method of the handle that looks it up.
    pub found_by: Option<String>,
}

impl Created {
    /// The type of the id.
    pub fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Row(row) => &row.id,
        }
    }

    /// What the row says beside the type.
    pub fn row(&self) -> Option<&CreatedRow> {
        match self {
            Self::Id(_) => None,
            Self::Row(row) => Some(row),
        }
    }
}

/// What is said of the pages of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Items {
    /// The member that the server sorts by, where several items may have the same value: the server
    /// does not say which of these comes first, and answers differently from request to request.
    pub sorted_by: Option<String>,
    /// Whether the server takes items out of a page, so that a short one is not the last.
    pub gaps: bool,
}

/// The table as it stands in the file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Table {
    /// Chain of handles to the path prefix it stands for.
    pub handles: BTreeMap<String, String>,
    /// `METHOD /path` to the call.
    pub operations: BTreeMap<String, String>,
    /// Path parameter to id type.
    pub ids: BTreeMap<String, String>,
    /// Id type to what tells it from the others.
    pub id_types: BTreeMap<String, IdType>,
    /// Call to the id of what it creates.
    pub created: BTreeMap<String, Created>,
    /// Call to what a list sends unasked.
    pub paging: BTreeMap<String, Paging>,
    /// Type of a list's items to what is said of its pages.
    pub items: BTreeMap<String, Items>,
    /// Query parameter to what it chooses, where that is not which items are sent.
    pub no_filters: BTreeMap<String, String>,
    /// Paged list to the call that counts it.
    pub count: BTreeMap<String, String>,
    /// Call to the messages of a 404 that means this object.
    pub missing: BTreeMap<String, Vec<String>>,
    /// Handle to the member that is its key in the path, or nothing.
    pub modify: BTreeMap<String, String>,
    /// Handle to the method that writes what its update leaves alone.
    pub after_update: BTreeMap<String, String>,
    /// Call to the query parameters that keep the server from reading others.
    pub hiding: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Query parameter to setter.
    pub query: BTreeMap<String, String>,
    /// Handle or call to the handle of the object that it writes, where that is another.
    pub turns: BTreeMap<String, String>,
    /// Type of the document to the name it has in the crate.
    pub types: BTreeMap<String, String>,
    /// Call to what is said at the setter `attribute` of its request.
    pub attributes: BTreeMap<String, String>,
    /// Call to a summary, where the document has none or a bad one.
    pub summaries: BTreeMap<String, String>,
    /// Operation to the reason it is left out.
    pub left_out: BTreeMap<String, String>,
}

/// One operation with its public name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Lower-case HTTP method.
    pub method: String,
    /// Path template, as the document has it.
    pub path: String,
    /// The whole call, `realm.users.list`.
    pub call: String,
}

impl Named {
    /// The chain of handles, `realm.users`.
    pub fn handle(&self) -> &str {
        self.call.rsplit_once('.').map_or("", |(handle, _)| handle)
    }

    /// The last word, `list`.
    pub fn verb(&self) -> &str {
        self.call
            .rsplit_once('.')
            .map_or(&self.call, |(_, verb)| verb)
    }

    /// `METHOD /path`.
    pub fn key(&self) -> String {
        operation_key(&self.method, &self.path)
    }
}

/// Reads the table.
pub fn parse(text: &str) -> Result<Table, Problems> {
    toml::from_str(text).map_err(|error| {
        Problems::one(Problem::new(
            "names",
            "openapi/names.toml",
            error.to_string(),
        ))
    })
}

/// Words a call may not end in: the facade uses them itself.
const RESERVED: &[&str] = &[
    "timeout",
    "header",
    "allow_masked_secrets",
    "assign_client_scopes",
    "find",
    "modify",
    "ensure",
    "tree",
    "assign_roles",
    "remove_roles",
    "import_users",
    "ensure_path",
    "assign_service_account_roles",
    "remove_service_account_roles",
    "find_by_alias",
    "find_by_client_id",
    "find_by_domain",
    "find_by_email",
    "find_by_name",
    "find_by_path",
    "find_by_username",
    "stream",
    "all",
    "send",
    "new",
    "clone",
    "request",
    "token",
    "oidc",
    "client_by_client_id",
    "exists",
    "from",
    "into",
];

/// Gives every operation its name and takes out those left out on purpose.
///
/// With `foreign` (another release's document) rows match with the names of path parameters
/// normalised, stale rows go to the report, and missing names are proposed there and used.
pub fn assign(
    document: &mut Value,
    table: &mut Table,
    foreign: bool,
    report: &mut Report,
) -> Result<Vec<Named>, Problems> {
    if foreign {
        adopt_parameter_names(document, table);
    }
    let mut problems = Vec::new();
    let mut used = BTreeSet::new();
    let mut named = Vec::new();
    for (method, path) in operations(document) {
        let key = operation_key(&method, &path);
        if table.left_out.contains_key(&key) {
            used.insert(key);
            remove(document, &method, &path);
            continue;
        }
        let call = match table.operations.get(&key) {
            Some(call) => call.clone(),
            None => {
                let call = propose::name(table, &method, &path, &named);
                let message =
                    format!("has no row in openapi/names.toml; a proposal: \"{key}\" = \"{call}\"");
                let problem = Problem::new("names", key.clone(), message);
                if foreign {
                    report.proposed.push(problem);
                    table.operations.insert(key.clone(), call.clone());
                } else {
                    problems.push(problem);
                }
                call
            }
        };
        used.insert(key);
        named.push(Named { method, path, call });
    }
    for key in table.operations.keys().chain(table.left_out.keys()) {
        if !used.contains(key) {
            let problem = Problem::new(
                "names",
                key.clone(),
                "is in openapi/names.toml but not in the document; delete the row",
            );
            if foreign {
                report.stale.push(problem)
            } else {
                problems.push(problem)
            }
        }
    }
    check(table, &named, foreign, &mut problems, report);
    for one in &named {
        if table.created.contains_key(&one.call) {
            drop_body(document, one);
        }
    }
    Problems(problems).or(named)
}

/// Of what is created the id counts; some operations send the object too, and nothing when it was
/// there already.
fn drop_body(document: &mut Value, one: &Named) {
    let answers = operation_mut(document, &one.method, &one.path)
        .and_then(|operation| operation.get_mut("responses"))
        .and_then(Value::as_object_mut);
    for (code, answer) in answers.into_iter().flatten() {
        if code.starts_with('2')
            && let Some(answer) = answer.as_object_mut()
        {
            answer.remove("content");
        }
    }
}

fn remove(document: &mut Value, method: &str, path: &str) {
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    let Some(item) = paths.get_mut(path).and_then(Value::as_object_mut) else {
        return;
    };
    item.remove(method);
    if !crate::document::METHODS
        .iter()
        .any(|method| item.contains_key(*method))
    {
        paths.remove(path);
    }
}

/// Renames paths (and their parameters) that differ from the table's in parameter names only.
fn adopt_parameter_names(document: &mut Value, table: &Table) {
    let ours: BTreeMap<String, String> = table
        .operations
        .keys()
        .chain(table.left_out.keys())
        .filter_map(|key| key.split_once(' '))
        .map(|(_, path)| (normalised(path), path.to_owned()))
        .collect();
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    let theirs: Vec<String> = paths.keys().cloned().collect();
    for path in theirs {
        let Some(wanted) = ours
            .get(&normalised(&path))
            .filter(|wanted| **wanted != path)
        else {
            continue;
        };
        let Some(mut item) = paths.remove(&path) else {
            continue;
        };
        let mut renames: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (theirs, ours) in path_parameters(&path)
            .into_iter()
            .zip(path_parameters(wanted))
        {
            renames.entry(theirs).or_default().push(ours);
        }
        rename_parameters(&mut item, &renames);
        match paths.get_mut(wanted).and_then(Value::as_object_mut) {
            Some(present) => {
                for (key, value) in item.as_object().into_iter().flatten() {
                    present.entry(key.clone()).or_insert_with(|| value.clone());
                }
            }
            None => {
                paths.insert(wanted.clone(), item);
            }
        }
    }
}

/// One of their names may stand for several of ours: 24.0 has `{client-uuid}` twice in one path.
fn rename_parameters(item: &mut Value, renames: &BTreeMap<String, Vec<String>>) {
    let Some(item) = item.as_object_mut() else {
        return;
    };
    for (key, value) in item.iter_mut() {
        let list = if key == "parameters" {
            Some(value)
        } else {
            value.get_mut("parameters")
        };
        let Some(list) = list.and_then(Value::as_array_mut) else {
            continue;
        };
        *list = std::mem::take(list)
            .into_iter()
            .flat_map(|parameter| renamed(parameter, renames))
            .collect();
    }
}

fn renamed(parameter: Value, renames: &BTreeMap<String, Vec<String>>) -> Vec<Value> {
    let text = |key: &str| parameter.get(key).and_then(Value::as_str);
    let names = text("name")
        .filter(|_| text("in") == Some("path"))
        .and_then(|name| renames.get(name));
    let Some(names) = names else {
        return vec![parameter];
    };
    names
        .iter()
        .map(|name| {
            let mut parameter = parameter.clone();
            parameter["name"] = Value::String(name.clone());
            parameter
        })
        .collect()
}

/// The rules of the table itself.
fn check(
    table: &Table,
    named: &[Named],
    foreign: bool,
    problems: &mut Vec<Problem>,
    report: &mut Report,
) {
    let mut stop =
        |subject: &str, message: String| problems.push(Problem::new("names", subject, message));
    let mut calls: BTreeMap<&str, &Named> = BTreeMap::new();
    for operation in named {
        if let Some(other) = calls.insert(&operation.call, operation) {
            stop(
                &operation.key(),
                format!("has the name {} of {}", operation.call, other.key()),
            );
        }
        if RESERVED.contains(&operation.verb()) {
            stop(
                &operation.key(),
                format!(
                    "may not be called {}: the facade uses that word",
                    operation.verb()
                ),
            );
        }
        if syn::parse_str::<syn::Ident>(operation.verb()).is_err() {
            stop(
                &operation.key(),
                format!("{} is not a name Rust takes", operation.verb()),
            );
        }
        if table.handles.contains_key(&operation.call) {
            stop(
                &operation.key(),
                format!("{} is a handle already", operation.call),
            );
        }
        let Some(prefix) = table.handles.get(operation.handle()) else {
            stop(
                &operation.key(),
                format!(
                    "needs the handle {}, which [handles] does not have",
                    operation.handle()
                ),
            );
            continue;
        };
        let own = path_parameters(&operation.path);
        for parameter in path_parameters(prefix) {
            if !own.contains(&parameter) {
                stop(
                    &operation.key(),
                    format!(
                        "does not have the parameter {parameter} of its handle {}",
                        operation.handle()
                    ),
                );
            }
        }
        for parameter in own {
            if id_type(table, operation, &parameter).is_none() {
                let message = format!(
                    "[ids] has no type for its parameter {parameter}; a proposal: \"{parameter}\" = \"String\""
                );
                if foreign {
                    report
                        .proposed
                        .push(Problem::new("names", operation.key(), message));
                } else {
                    stop(&operation.key(), message);
                }
            }
        }
    }
    for (chain, prefix) in &table.handles {
        if let Some((parent, _)) = chain.rsplit_once('.') {
            match table.handles.get(parent) {
                None => stop(chain, format!("needs the handle {parent}")),
                Some(above) => {
                    let own = path_parameters(prefix);
                    if let Some(lost) = path_parameters(above)
                        .into_iter()
                        .find(|name| !own.contains(name))
                    {
                        stop(chain, format!("loses the parameter {lost} of {parent}"));
                    }
                }
            }
        }
    }
    let known = |call: &str| calls.contains_key(call);
    let mut stale = |section: &str, call: &str| {
        let problem = Problem::new(
            "names",
            format!("[{section}] {call}"),
            "names no operation; delete the row",
        );
        if foreign {
            report.stale.push(problem)
        } else {
            problems.push(problem)
        }
    };
    table
        .created
        .keys()
        .filter(|call| !known(call))
        .for_each(|call| stale("created", call));
    table
        .paging
        .keys()
        .filter(|call| !known(call))
        .for_each(|call| stale("paging", call));
    for (list, count) in &table.count {
        for call in [list, count] {
            if !known(call) {
                stale("count", call);
            }
        }
    }
    table
        .missing
        .keys()
        .filter(|call| !known(call))
        .for_each(|call| stale("missing", call));
    for handle in table.modify.keys() {
        if !known(&format!("{handle}.get")) || !known(&format!("{handle}.update")) {
            stale("modify", handle);
        }
    }
}

/// The id type of a path parameter of an operation: its own row, its handle's, or the name's.
pub fn id_type<'a>(table: &'a Table, operation: &Named, parameter: &str) -> Option<&'a str> {
    id_row(table, operation, parameter).map(|(_, id)| id.as_str())
}

/// The id type of a handle's own parameter.
pub fn handle_id_type<'a>(table: &'a Table, handle: &str, parameter: &str) -> Option<&'a str> {
    handle_id_row(table, handle, parameter).map(|(_, id)| id.as_str())
}

/// The row that decides on a path parameter of an operation.
pub fn id_row<'a>(
    table: &'a Table,
    operation: &Named,
    parameter: &str,
) -> Option<(&'a String, &'a String)> {
    table
        .ids
        .get_key_value(&format!("{}#{parameter}", operation.key()))
        .or_else(|| handle_id_row(table, operation.handle(), parameter))
}

/// The row that decides on a path parameter of a handle.
pub fn handle_id_row<'a>(
    table: &'a Table,
    handle: &str,
    parameter: &str,
) -> Option<(&'a String, &'a String)> {
    let mut chain = Some(handle);
    while let Some(name) = chain {
        if let Some(found) = table.ids.get_key_value(&format!("{name}#{parameter}")) {
            return Some(found);
        }
        chain = name.rsplit_once('.').map(|(parent, _)| parent);
    }
    table.ids.get_key_value(parameter)
}
