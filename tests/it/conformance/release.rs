//! The release that the server is of, and what it lacks.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use keycloak_kit::Keycloak;
use serde::Deserialize;
use serde_json::Value;

use crate::recorded::document::document;
use crate::support::version::Version;

const TABLE: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/since.toml"));

#[derive(Deserialize)]
struct Table {
    releases: Vec<String>,
    new: BTreeMap<String, New>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct New {
    parameters: Vec<String>,
    types: Vec<String>,
    members: Vec<String>,
}

fn table() -> &'static Table {
    static TABLE_VALUE: OnceLock<Table> = OnceLock::new();
    TABLE_VALUE.get_or_init(|| toml::from_str(TABLE).unwrap())
}

static SERVER: OnceLock<String> = OnceLock::new();

/// Asks a server that somebody else started for its release.
pub async fn read(kc: &Keycloak) {
    let info = serde_json::to_value(kc.server().info().await.unwrap()).unwrap();
    let version = info["systemInfo"]["version"].as_str();
    SERVER.set(version.unwrap().to_owned()).unwrap();
}

/// What the server said, `KEYCLOAK_VERSION`, or the newest supported release.
pub fn version() -> String {
    let newest = || table().releases.last().unwrap().clone();
    let started = || std::env::var("KEYCLOAK_VERSION").unwrap_or_else(|_| newest());
    SERVER.get().cloned().unwrap_or_else(started)
}

/// Whether the server is of the release whose document is compiled, or of a newer one.
pub fn is_newest() -> bool {
    table().releases.last().is_some_and(|pinned| !lacks(pinned))
}

/// Whether the server is older than what is since `release`.
pub fn lacks(release: &str) -> bool {
    !Version::parse(&version()).has(release)
}

fn is_new(row: &str, section: impl Fn(&New) -> &Vec<String>) -> bool {
    let found = table()
        .new
        .iter()
        .find(|(_, new)| section(new).iter().any(|one| one == row));
    found.is_some_and(|(release, _)| lacks(release))
}

/// Whether the server lacks a query parameter of an operation.
pub fn lacks_parameter(operation: &str, name: &str) -> bool {
    is_new(&format!("{operation}?{name}"), |new| &new.parameters)
}

/// Takes out of a body what the server would refuse as unknown.
pub fn fit(schema: &Value, value: &mut Value) {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.rsplit('/').next().unwrap();
        let named = &document()["components"]["schemas"][name];
        if let Some(members) = value.as_object_mut() {
            members.retain(|member, _| {
                let ty = named["properties"][member.as_str()]["$ref"].as_str();
                let ty = ty.and_then(|target| target.rsplit('/').next());
                !is_new(&format!("{name}.{member}"), |new| &new.members)
                    && !ty.is_some_and(|ty| is_new(ty, |new| &new.types))
            });
        }
        return fit(named, value);
    }
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| fit(&schema["items"], item)),
        Value::Object(members) => {
            let other = &schema["additionalProperties"];
            for (name, member) in members.iter_mut() {
                fit(schema["properties"].get(name).unwrap_or(other), member);
            }
        }
        _ => {}
    }
}
