//! A field that the server rejected.

use std::fmt;

/// A value that the server rejected. Keycloak sends it as
/// `{"errors":[{"field","errorMessage","params"}]}`, as one such object without the list, or as
/// `{"error":"..","violations":["redirectUris: .."]}`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldError {
    /// The rejected attribute, such as `email`.
    pub field: Option<String>,
    /// Keycloak's message key, such as `error-invalid-length`.
    pub message: String,
    /// The message's parameters: the attribute, then limits or the rejected value.
    pub params: Vec<serde_json::Value>,
}

/// Fields beyond this number are counted, not shown.
const SHOWN: usize = 10;

impl FieldError {
    /// Writes the rejected fields in one line.
    pub(crate) fn in_one_line(fields: &[Self]) -> String {
        let mut line = String::new();
        for error in fields.iter().take(SHOWN) {
            if !line.is_empty() {
                line.push_str("; ");
            }
            if let Some(field) = &error.field {
                line.push_str(field);
                line.push_str(": ");
            }
            line.push_str(&error.message);
        }
        if let Some(more) = fields.len().checked_sub(SHOWN).filter(|n| *n > 0) {
            line.push_str(&format!("; and {more} more"));
        }
        line
    }
}

impl fmt::Debug for FieldError {
    // `params` may contain the rejected value, so only their number is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldError")
            .field("field", &self.field)
            .field("message", &self.message)
            .field("params", &format_args!("{} values", self.params.len()))
            .finish()
    }
}
