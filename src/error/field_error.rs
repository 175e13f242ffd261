//! Which field was refused.

use std::fmt;

/// One value that the server refused, out of Keycloak's
/// `{"errors":[{"field","errorMessage","params"}]}`, the flat form of it, or
/// `{"error":"..","violations":["redirectUris: .."]}`.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldError {
    /// The attribute that was refused, such as `email`.
    pub field: Option<String>,
    /// Keycloak's message key, such as `error-invalid-length`.
    pub message: String,
    /// The parameters of the message: the attribute, then limits or the refused value.
    pub params: Vec<serde_json::Value>,
}

/// More field errors than this are counted, not shown.
const SHOWN: usize = 10;

impl FieldError {
    /// The fields that were refused, in one line.
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
    // `params` may repeat the refused value, so only their number is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FieldError")
            .field("field", &self.field)
            .field("message", &self.message)
            .field("params", &format_args!("{} values", self.params.len()))
            .finish()
    }
}
