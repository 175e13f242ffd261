//! JSON objects without repeated members: parsers that disagree on which one counts see different
//! tokens (RFC 7515 section 4, RFC 8725 section 2.4).

use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads an object in which no member of any object is repeated.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    read(bytes, None)
}

/// Like [`object`], but the member `twice` of the outer object may be repeated with an equal
/// value.
pub(crate) fn object_allowing(bytes: &[u8], twice: &str) -> Option<Map<String, Value>> {
    read(bytes, Some(twice))
}

fn read(bytes: &[u8], twice: Option<&str>) -> Option<Map<String, Value>> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    reader.deserialize_any(Strict { twice }).ok()?;
    reader.end().ok()?;
    // The values are read by serde_json itself: where any crate of a program has switched on its
    // feature `arbitrary_precision`, numbers with a fraction reach the visitor below as maps.
    let members: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
    members.values().all(is_finite).then_some(members)
}

/// Without that feature serde_json refuses numbers that are too large by itself.
fn is_finite(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_f64().is_some(),
        Value::Array(items) => items.iter().all(is_finite),
        Value::Object(members) => members.values().all(is_finite),
        Value::Null | Value::Bool(_) | Value::String(_) => true,
    }
}

/// Looks for repeated members. What it gives is compared with itself only.
#[derive(Clone, Copy)]
struct Strict<'a> {
    twice: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Strict { twice: None })? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Strict { twice: None })?;
            let equal = object.get(&name).map(|known| *known == value);
            if equal == Some(false) || (equal == Some(true) && self.twice != Some(&name)) {
                return Err(A::Error::custom("a member is repeated"));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}
