//! How an error is shown, and what caused it.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        if let Some(operation) = &inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(inner.kind.words())?;
        if let Some(status) = inner.status {
            write!(f, " ({})", status.as_u16())?;
        }
        if !inner.message.is_empty() {
            write!(f, ": {}", inner.message)?;
        }
        if let Some(wait) = inner.retry_after {
            write!(f, "; the server asks to wait {} s", wait.as_secs().max(1))?;
        }
        if let Some(hint) = &inner.hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.inner;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind);
        if let Some(operation) = &inner.operation {
            out.field("operation", operation);
        }
        if let Some(status) = inner.status {
            out.field("status", &status.as_u16());
        }
        out.field("message", &inner.message);
        if let Some(code) = &inner.oauth_code {
            out.field("oauth_code", code);
        }
        if !inner.field_errors.is_empty() {
            out.field("field_errors", &inner.field_errors);
        }
        if let Some(hint) = &inner.hint {
            out.field("hint", hint);
        }
        if let Some(source) = &inner.source {
            out.field("source", source);
        }
        out.finish()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.inner.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

const _: () = assert!(size_of::<Error>() == size_of::<usize>());
