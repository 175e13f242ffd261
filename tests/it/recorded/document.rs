//! The document as the tests read it: not through the generator's model, which is what they check.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use keycloak_kit_codegen::{names, overlay, renamed, supplement};
use serde::Deserialize;
use serde_json::Value;

use crate::support::documents;

/// A media type with its schema.
#[derive(Debug, Clone)]
pub struct Content {
    pub media_type: String,
    pub schema: Value,
}

#[derive(Debug, Clone)]
pub struct Query {
    pub name: String,
    pub schema: Value,
    pub required: bool,
}

#[derive(Debug, Clone)]
pub struct Operation {
    pub method: String,
    /// Path template.
    pub path: String,
    pub query: Vec<Query>,
    pub body: Option<Content>,
    /// The lowest documented success status that has a body, else the lowest.
    pub status: u16,
    pub answer: Option<Content>,
    /// Whether 204 is documented beside an answer with a body.
    pub may_be_empty: bool,
}

impl Operation {
    pub fn path_parameters(&self) -> Vec<String> {
        self.path
            .split('/')
            .filter_map(|segment| Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned()))
            .collect()
    }
}

/// The document with supplement and overlay applied.
pub fn document() -> &'static Value {
    static DOCUMENT_VALUE: OnceLock<Value> = OnceLock::new();
    DOCUMENT_VALUE.get_or_init(|| {
        let mut document = serde_json::from_str(&documents::pinned()).unwrap();
        supplement::add(&mut document, &documents::file("supplement.json")).unwrap();
        overlay::apply(&mut document, &documents::file("overlay.json")).unwrap();
        renamed::rename(
            &mut document,
            &names::parse(&documents::file("names.toml")).unwrap(),
            false,
        )
        .unwrap();
        document
    })
}

/// Every operation of the document, by `METHOD /path`.
pub fn operations() -> &'static BTreeMap<String, Operation> {
    static OPERATIONS: OnceLock<BTreeMap<String, Operation>> = OnceLock::new();
    OPERATIONS.get_or_init(|| {
        let mut all = BTreeMap::new();
        for (path, item) in document()["paths"].as_object().unwrap() {
            for method in ["get", "post", "put", "patch", "delete", "head", "options"] {
                if let Some(operation) = item.get(method) {
                    let method = method.to_uppercase();
                    all.insert(
                        format!("{method} {path}"),
                        read(method, path, item, operation),
                    );
                }
            }
        }
        all
    })
}

fn read(method: String, path: &str, item: &Value, operation: &Value) -> Operation {
    let list = |value: &Value| value["parameters"].as_array().cloned().unwrap_or_default();
    let query = [list(item), list(operation)]
        .concat()
        .into_iter()
        .filter(|parameter| parameter["in"] == "query")
        .map(|parameter| Query {
            name: parameter["name"].as_str().unwrap().to_owned(),
            schema: parameter["schema"].clone(),
            required: parameter["required"] == true,
        })
        .collect();
    let success: BTreeMap<&String, &Value> = operation["responses"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(code, _)| code.starts_with('2'))
        .collect();
    let with_body = success
        .iter()
        .find_map(|(code, answer)| Some((*code, content(answer)?)));
    let (code, answer) = match with_body {
        Some((code, answer)) => (code, Some(answer)),
        None => (*success.keys().next().unwrap(), None),
    };
    Operation {
        method,
        path: path.to_owned(),
        query,
        body: operation.get("requestBody").and_then(content),
        status: code.parse().unwrap(),
        may_be_empty: answer.is_some() && code != "204" && success.contains_key(&"204".to_owned()),
        answer,
    }
}

/// JSON where it is offered (or anything is), else what there is; a choice among others is a file.
fn content(body: &Value) -> Option<Content> {
    let content = body.get("content")?.as_object()?;
    let json = ["application/json", "*/*"]
        .into_iter()
        .find(|media_type| content.contains_key(*media_type));
    if json.is_none() && content.len() > 1 {
        return Some(Content {
            media_type: "application/octet-stream".to_owned(),
            schema: Value::Null,
        });
    }
    let media_type = json.or_else(|| content.keys().next().map(String::as_str))?;
    let shown = if media_type == "*/*" {
        "application/json"
    } else {
        media_type
    };
    Some(Content {
        media_type: shown.to_owned(),
        schema: content[media_type]["schema"].clone(),
    })
}

/// The sections of the naming table the tests need.
#[derive(Debug, Deserialize)]
pub struct Names {
    /// Calls that answer with a `Location`.
    pub created: BTreeMap<String, toml::Value>,
    /// `METHOD /path` to the reason it is left out.
    pub left_out: BTreeMap<String, String>,
}

pub fn names() -> Names {
    toml::from_str(&documents::file("names.toml")).unwrap()
}
