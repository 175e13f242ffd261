//! `Display`, `Debug` and `source` of an error.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &*self.details;
        if let Some(operation) = &details.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(details.kind.words())?;
        if let Some(status) = details.status {
            write!(f, " ({})", status.as_u16())?;
        }
        if !details.message.is_empty() {
            write!(f, ": {}", details.message)?;
        }
        if let Some(wait) = details.retry_after {
            write!(f, "; the server asks to wait {} s", wait.as_secs().max(1))?;
        }
        if let Some(hint) = &details.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = &*self.details;
        let mut out = f.debug_struct("Error");
        out.field("kind", &details.kind);
        if let Some(operation) = &details.operation {
            out.field("operation", operation);
        }
        if let Some(status) = details.status {
            out.field("status", &status.as_u16());
        }
        out.field("message", &details.message);
        if let Some(code) = &details.oauth_code {
            out.field("oauth_code", code);
        }
        if !details.field_errors.is_empty() {
            out.field("field_errors", &details.field_errors);
        }
        if let Some(hint) = &details.hint {
            out.field("hint", hint);
        }
        if let Some(source) = &details.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.details.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

const _: () = assert!(size_of::<Error>() == size_of::<usize>());
