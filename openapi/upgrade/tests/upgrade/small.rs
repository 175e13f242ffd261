//! Documents of a few operations.

use serde_json::{Value, json};

pub const NO_OVERLAY: &str = r#"{ "overlay": "1.0.0", "info": {}, "actions": [] }"#;
pub const NO_SUPPLEMENT: &str = "{}";

/// A document of these paths and schemas.
pub fn document(paths: &Value, schemas: &Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": { "title": "small", "version": "1" },
        "paths": paths,
        "components": { "schemas": schemas },
    })
}

/// The operation object of a GET that answers `answer`.
pub fn get(parameters: &Value, answer: &Value) -> Value {
    json!({
        "summary": "Get it",
        "parameters": parameters,
        "responses": { "200": {
            "description": "OK",
            "content": { "application/json": { "schema": answer } },
        } },
    })
}

/// A parameter of the path.
pub fn in_path(name: &str) -> Value {
    json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
}
