//! What the generated `Debug` implementations are made of.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, DebugStruct};

/// A member that is set.
pub(crate) fn field<T: Debug>(out: &mut DebugStruct<'_, '_>, name: &str, value: Option<&T>) {
    if let Some(value) = value {
        out.field(name, value);
    }
}

/// A map whose values may be secrets: its keys.
pub(crate) fn keys<M: Keys>(out: &mut DebugStruct<'_, '_>, name: &str, value: Option<&M>) {
    if let Some(value) = value {
        out.field(name, &KeysOnly(value));
    }
}

/// Unknown members may be secrets too; an empty map is not worth a word.
pub(crate) fn keys_of_map(
    out: &mut DebugStruct<'_, '_>,
    name: &str,
    value: &serde_json::Map<String, serde_json::Value>,
) {
    if !value.is_empty() {
        out.field(name, &KeysOnly(value));
    }
}

/// A map with names for keys.
pub(crate) trait Keys {
    fn keys(&self) -> impl Iterator<Item = &String>;
}

impl<V> Keys for BTreeMap<String, V> {
    fn keys(&self) -> impl Iterator<Item = &String> {
        Self::keys(self)
    }
}

impl Keys for serde_json::Map<String, serde_json::Value> {
    fn keys(&self) -> impl Iterator<Item = &String> {
        Self::keys(self)
    }
}

struct KeysOnly<'a, M>(&'a M);

impl<M: Keys> Debug for KeysOnly<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for key in self.0.keys() {
            map.entry(key, &format_args!("_"));
        }
        map.finish()
    }
}
