//! A name for an operation the table does not know yet: a start for the person who chooses.

use crate::document::{normalised, path_parameters};
use crate::names::{Named, Table};
use crate::spelling::snake;

/// A free call name below the handle with the longest matching path.
pub fn name(table: &Table, method: &str, path: &str, taken: &[Named]) -> String {
    let own = path_parameters(path);
    let handle = table
        .handles
        .iter()
        .filter(|(_, prefix)| {
            normalised(path)
                .strip_prefix(&normalised(prefix))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                && path_parameters(prefix)
                    .iter()
                    .all(|parameter| own.contains(parameter))
        })
        .max_by_key(|(chain, prefix)| (prefix.len(), std::cmp::Reverse((*chain).clone())));
    let (chain, prefix) = handle.map_or(("realms", "/admin/realms"), |(chain, prefix)| {
        (chain.as_str(), prefix.as_str())
    });
    let depth = prefix.matches('/').count();
    let rest: Vec<String> = path
        .split('/')
        .skip(depth + 1)
        .filter(|segment| !segment.is_empty() && !segment.starts_with('{'))
        .map(snake)
        .collect();
    let item = path.ends_with('}');
    let verb = match (method, item) {
        ("get", true) => "get",
        ("get", false) => "list",
        ("post", _) => "create",
        ("put" | "patch", _) => "update",
        ("delete", _) => "delete",
        (other, _) => other,
    };
    let words = if rest.is_empty() {
        verb.to_owned()
    } else if method == "post" && !item {
        rest.join("_")
    } else {
        format!("{verb}_{}", rest.join("_"))
    };
    let free = |call: &String| {
        !taken.iter().any(|named| named.call == *call)
            && !table.operations.values().any(|used| used == call)
            && !table.handles.contains_key(call)
    };
    let base = format!("{chain}.{words}");
    std::iter::once(base.clone())
        .chain(std::iter::once(format!("{base}_{verb}")))
        .chain((2..).map(|number| format!("{base}_{number}")))
        .find(free)
        .unwrap_or(base)
}
