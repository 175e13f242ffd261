//! JSON objects without repeated members: parsers that disagree on which member counts read
//! different tokens (RFC 7515 section 4, RFC 8725 section 2.4).

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Reads an object in which no member of any object is repeated.
pub(crate) fn object(bytes: &[u8]) -> Option<Map<String, Value>> {
    read(bytes, None)
}

/// Like [`object`], but the member `twice` of the outer object may be repeated with an equal
/// value that is not an object or a list.
pub(crate) fn object_allowing(bytes: &[u8], twice: &str) -> Option<Map<String, Value>> {
    read(bytes, Some(twice))
}

fn read(bytes: &[u8], twice: Option<&str>) -> Option<Map<String, Value>> {
    // Checked once: readers of bytes check each string on its own, and there are two.
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_any(NoRepeats { twice }).ok()?;
    reader.end().ok()?;
    // The values are read by serde_json itself: where any crate of a program has switched on its
    // feature `arbitrary_precision`, numbers with a fraction reach the visitor below as maps.
    let members: Map<String, Value> = serde_json::from_str(text).ok()?;
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

/// Fails at an object with a repeated member, and keeps nothing.
#[derive(Clone, Copy)]
struct NoRepeats<'a> {
    twice: Option<&'a str>,
}

impl<'de> DeserializeSeed<'de> for NoRepeats<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NoRepeats<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items
            .next_element_seed(NoRepeats { twice: None })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let repeated = || A::Error::custom("a member is repeated");
        let mut names: Vec<Cow<'de, str>> = Vec::new();
        let mut first: Option<Value> = None;
        while let Some(name) = members.next_key_seed(Name)? {
            if self.twice == Some(&name) {
                let value: Value = members.next_value()?;
                let nested = value.is_object() || value.is_array();
                if nested || first.as_ref().is_some_and(|first| *first != value) {
                    return Err(repeated());
                }
                first = Some(value);
            } else {
                members.next_value_seed(NoRepeats { twice: None })?;
                names.push(name);
            }
        }
        // Sorted, so that an object of many members takes no time that grows with its square.
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) {
            return Err(repeated());
        }
        Ok(())
    }
}

/// Reads the name of a member, without a copy where it has no escapes.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Cow<'de, str>;

    fn deserialize<D: serde::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(name))
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(name.to_owned()))
    }
}
