//! Rows of the naming table that change nothing: a mistake, or left over from another release.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::document::{operation, path_parameters};
use crate::model::Operation;
use crate::names::{Created, Table, handle_id_row, id_row};
use crate::problem::Problem;
use crate::signature::type_name;

/// A problem for each such row. That a row names a call at all is checked with the names.
pub fn rows(document: &Value, table: &Table, operations: &[Operation]) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut unused = |section: &str, row: &str, why: &str| {
        let subject = format!("[{section}] {row}");
        let message = format!("{why}; delete the row");
        problems.push(Problem::new("names", subject, message));
    };
    let called = |call: &str| operations.iter().find(|one| one.named.call == call);

    for chain in table.handles.keys() {
        let below = format!("{chain}.");
        let leads = |one: &Operation| {
            one.named.handle() == chain.as_str() || one.named.handle().starts_with(&below)
        };
        if !operations.iter().any(leads) {
            unused("handles", chain, "leads to no operation");
        }
    }
    let ids = deciding_ids(table, operations);
    for row in table.ids.keys().filter(|row| !ids.contains(row)) {
        unused("ids", row, "decides on no path parameter");
    }
    for call in table.paging.keys() {
        if called(call).is_some_and(|one| one.paged_item().is_none()) {
            unused("paging", call, "is no list that takes first and max");
        }
    }
    for (call, messages) in &table.missing {
        if called(call).is_some_and(|one| messages.is_empty() || one.found().is_none()) {
            let why = "makes no find(): that takes a get of one object, and its messages";
            unused("missing", call, why);
        }
    }
    for (row, written) in &table.turns {
        let writes =
            table.modify.contains_key(row) || called(row).is_some_and(|one| !one.has_setters());
        if !writes || !table.handles.contains_key(written) {
            let why = "names neither a handle with modify nor a call, or no handle that it writes";
            unused("turns", row, why);
        }
    }
    for name in table.query.keys() {
        let takes = |one: &Operation| one.query.iter().any(|query| query.name == *name);
        if !operations.iter().any(takes) {
            unused("query", name, "names no query parameter");
        }
    }
    for (call, rows) in &table.hiding {
        let takes =
            |one: &Operation, name: &String| one.query.iter().any(|query| query.name == *name);
        match called(call) {
            None => unused("hiding", call, "names no operation"),
            Some(one) => {
                let mut names = rows
                    .iter()
                    .flat_map(|(name, hidden)| hidden.iter().chain([name]));
                if names.any(|name| !takes(one, name)) {
                    unused(
                        "hiding",
                        call,
                        "names a query parameter that the call does not take",
                    );
                }
            }
        }
    }
    let id_types: BTreeSet<&str> = table
        .ids
        .values()
        .map(String::as_str)
        .chain(table.created.values().map(Created::id))
        .collect();
    for name in table.id_types.keys() {
        if !id_types.contains(name.as_str()) {
            unused("id_types", name, "is the type of no id");
        }
    }
    for name in table.items.keys() {
        let lists = |one: &Operation| {
            one.paged_item()
                .and_then(type_name)
                .is_some_and(|item| item == name)
        };
        if !operations.iter().any(lists) {
            unused("items", name, "is the type of no paged list");
        }
    }
    for name in table.no_filters.keys() {
        let takes = |one: &Operation| one.query.iter().any(|query| query.name == *name);
        if !operations.iter().any(takes) {
            unused("no_filters", name, "names no query parameter");
        }
    }
    for handle in table.after_update.keys() {
        if !table.modify.contains_key(handle) {
            unused("after_update", handle, "names no handle with modify");
        }
    }
    for call in table.attributes.keys() {
        let searches = |one: &Operation| one.query.iter().any(|query| query.name == "q");
        if !called(call).is_some_and(searches) {
            unused("attributes", call, "names no call that takes q");
        }
    }
    for (call, text) in &table.summaries {
        match called(call) {
            None => unused("summaries", call, "names no operation"),
            Some(one) if summary(document, one) == Some(text) => {
                unused("summaries", call, "has this summary in the document");
            }
            Some(_) => {}
        }
    }
    problems
}

fn deciding_ids<'a>(table: &'a Table, operations: &[Operation]) -> BTreeSet<&'a String> {
    let of_operations = operations.iter().flat_map(|one| {
        one.path
            .iter()
            .filter_map(|parameter| id_row(table, &one.named, &parameter.name))
    });
    let of_handles = table.handles.iter().flat_map(|(chain, path)| {
        path_parameters(path)
            .into_iter()
            .filter_map(|parameter| handle_id_row(table, chain, &parameter))
    });
    of_operations
        .chain(of_handles)
        .map(|(row, _)| row)
        .collect()
}

fn summary<'a>(document: &'a Value, one: &Operation) -> Option<&'a str> {
    operation(document, &one.named.method, &one.named.path)?
        .get("summary")?
        .as_str()
}
