//! Helpers for the generated `Debug` implementations.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, DebugStruct};

/// Shows a member that is set.
pub(crate) fn field<T: Debug>(out: &mut DebugStruct<'_, '_>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        out.field(name, value);
    }
}

/// Shows a collection whose values may be secrets: its keys, or its length.
pub(crate) fn keys<M: Outline>(out: &mut DebugStruct<'_, '_>, name: &str, value: Option<&M>) {
    if let Some(value) = value {
        out.field(name, &OutlineOnly(value));
    }
}

/// Unknown members may be secrets too. An empty map is not shown.
pub(crate) fn keys_of_map(
    out: &mut DebugStruct<'_, '_>,
    name: &str,
    value: &serde_json::Map<String, serde_json::Value>,
) {
    if !value.is_empty() {
        out.field(name, &OutlineOnly(value));
    }
}

/// The part of a collection that may be shown.
pub(crate) trait Outline {
    fn outline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl<V> Outline for BTreeMap<String, V> {
    fn outline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        map(f, self.keys())
    }
}

impl Outline for serde_json::Map<String, serde_json::Value> {
    fn outline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        map(f, self.keys())
    }
}

impl Outline for serde_json::Value {
    fn outline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(object) => object.outline(f),
            Self::Array(list) => list.outline(f),
            _ => f.write_str("_"),
        }
    }
}

impl<V> Outline for Vec<V> {
    fn outline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|_| format_args!("_")))
            .finish()
    }
}

fn map<'a>(f: &mut fmt::Formatter<'_>, keys: impl Iterator<Item = &'a String>) -> fmt::Result {
    f.debug_map()
        .entries(keys.map(|key| (key, format_args!("_"))))
        .finish()
}

struct OutlineOnly<'a, M>(&'a M);

impl<M: Outline> Debug for OutlineOnly<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.outline(f)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown<M: Outline>(value: &M) -> String {
        format!("{:?}", OutlineOnly(value))
    }

    #[test]
    fn an_outline_has_keys_and_no_values() {
        let map = BTreeMap::from([("host".to_owned(), "hunter2")]);
        assert_eq!(shown(&map), "{\"host\": _}");
        let object = json!({ "host": { "in": "hunter2" } });
        assert_eq!(shown(object.as_object().unwrap()), "{\"host\": _}");
        assert_eq!(shown(&vec!["hunter2", "hunter2"]), "[_, _]");
        assert_eq!(shown(&object), "{\"host\": _}");
        assert_eq!(shown(&json!(["hunter2"])), "[_]");
        assert_eq!(shown(&json!("hunter2")), "_");
    }
}
