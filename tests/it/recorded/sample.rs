//! JSON of a documented type: every member set, no two values alike.

use serde_json::{Map, Value, json};

use super::document::document;

/// Stands in every value that the document marks secret, and nowhere else.
pub const SECRET: &str = "hunter2";
/// How deep named types are followed inside each other.
const DEPTH: usize = 3;

/// Makes samples; each value it gives is another one.
pub struct Sampler {
    next: i64,
    /// Inside a map whose values may be secrets.
    secret: bool,
    /// The value for an enum: one that the document has, or one of a newer server.
    pub known_enum_values: bool,
}

impl Sampler {
    pub fn new() -> Self {
        Self {
            next: 0,
            secret: false,
            known_enum_values: true,
        }
    }

    /// A value of the schema.
    pub fn sample(&mut self, schema: &Value) -> Value {
        self.value(schema, 0).unwrap()
    }

    fn number(&mut self) -> i64 {
        self.next += 1;
        self.next
    }

    /// `None` where a named type lies too deep.
    fn value(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.strip_prefix("#/components/schemas/").unwrap();
            let named = &document()["components"]["schemas"][name];
            assert!(named.is_object(), "the document has no schema {name}");
            return (depth < DEPTH).then(|| self.value(named, depth + 1))?;
        }
        if let Some(parts) = schema["allOf"].as_array() {
            let mut all = Map::new();
            for part in parts {
                match self.value(part, depth)? {
                    Value::Object(part) => all.extend(part),
                    other => panic!("allOf of {other}"),
                }
            }
            return Some(Value::Object(all));
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            // Text or a list of texts: each in its turn.
            let turn = self.number() as usize % choices.len();
            return self.value(&choices[turn], depth);
        }
        let value = match schema["type"].as_str() {
            Some("string") => self.text(schema),
            Some("boolean") => json!(true),
            // Integers of 64 bits do not fit a double.
            Some("integer") if schema["format"] == "int64" => json!(i64::MAX - self.number()),
            Some("integer") => json!(self.number()),
            Some("number") => json!(self.number() as f64 + 0.5),
            Some("array") => json!([
                self.value(&schema["items"], depth)?,
                self.value(&schema["items"], depth)?
            ]),
            Some("object") => return self.object(schema, depth),
            None => self.anything(),
            Some(other) => panic!("a schema of type {other}"),
        };
        Some(value)
    }

    fn text(&mut self, schema: &Value) -> Value {
        let number = self.number();
        if let Some(values) = schema["enum"].as_array() {
            return if self.known_enum_values {
                values[number as usize % values.len()].clone()
            } else {
                json!(format!("OF_A_NEWER_SERVER_{number}"))
            };
        }
        if self.secret || schema["format"] == "password" {
            json!(format!("{SECRET}-{number}"))
        } else {
            json!(format!("text é \"{number}\" &=+%"))
        }
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let outside = self.secret;
            self.secret |= property["x-secret-values"] == true;
            if let Some(value) = self.value(property, depth) {
                object.insert(name.clone(), value);
            }
            self.secret = outside;
        }
        match schema.get("additionalProperties") {
            Some(values) if values.is_object() => {
                for _ in 0..2 {
                    let key = format!("key {}", self.number());
                    object.insert(key, self.value(values, depth)?);
                }
            }
            // Also what a newer server may send.
            _ => {
                let key = format!("x-unknown-{}", self.number());
                object.insert(key, self.anything());
            }
        }
        Some(Value::Object(object))
    }

    fn anything(&mut self) -> Value {
        let number = self.number();
        let text = if self.secret { SECRET } else { "text" };
        json!({ "anything": [number, null, text, { "deep": true }] })
    }
}
