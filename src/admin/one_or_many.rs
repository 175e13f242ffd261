//! Members that are a string or a list of strings.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// One value or several. The server writes a string for a single value and a list otherwise. Both
/// are read, and written back in the same form.
///
/// ```
/// # use keycloak_kit::admin::OneOrMany;
/// let one: OneOrMany = serde_json::from_str(r#""account""#)?;
/// assert_eq!(one.values(), ["account"]);
/// assert_eq!(serde_json::to_string(&one)?, r#""account""#);
/// assert_eq!(OneOrMany::from(["account", "api"]).len(), 2);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
pub enum OneOrMany {
    /// A string.
    One(String),
    /// A list, possibly of one.
    Many(Vec<String>),
}

impl OneOrMany {
    /// All values, in the server's order.
    #[must_use]
    pub fn values(&self) -> &[String] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
    }
}

impl Deref for OneOrMany {
    type Target = [String];

    fn deref(&self) -> &[String] {
        self.values()
    }
}

impl From<&str> for OneOrMany {
    fn from(value: &str) -> Self {
        Self::One(value.to_owned())
    }
}

impl From<String> for OneOrMany {
    fn from(value: String) -> Self {
        Self::One(value)
    }
}

impl<T: Into<String>> FromIterator<T> for OneOrMany {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self::Many(values.into_iter().map(Into::into).collect())
    }
}

impl<T: Into<String>> From<Vec<T>> for OneOrMany {
    fn from(values: Vec<T>) -> Self {
        values.into_iter().collect()
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for OneOrMany {
    fn from(values: [T; N]) -> Self {
        values.into_iter().collect()
    }
}
