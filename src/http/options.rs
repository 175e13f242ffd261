//! Settings of a single call.

use std::fmt;
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING};

use super::deadline::Deadline;
use crate::error::{self, Result};
use crate::operation::Operation;

/// Time limit and headers of one call.
#[derive(Clone, Default)]
pub(crate) struct CallOptions {
    /// The total time of the call, retries and waits included.
    pub(crate) timeout: Option<Duration>,
    pub(crate) headers: http::HeaderMap,
    /// Whether executing a POST twice does the same as executing it once.
    pub(crate) harmless_twice: bool,
    /// Whether each execution has an effect of its own, whatever the method is.
    pub(crate) single_use: bool,
    /// The deadline of the call that this one is a part of.
    pub(crate) deadline: Option<Deadline>,
    /// A header that cannot be sent. The call reports it, so that setters chain.
    invalid: Option<String>,
}

impl CallOptions {
    /// Sets a header, replacing earlier values of that name.
    pub(crate) fn set_header(
        &mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) {
        let Ok(name) = name.try_into() else {
            self.refuse("a header name has characters that HTTP does not allow".to_owned());
            return;
        };
        if [CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING].contains(&name) {
            self.refuse(format!(
                "the header {name} is set by the HTTP layer: do not set it"
            ));
            return;
        }
        match value.try_into() {
            Ok(value) => {
                self.headers.insert(name, value);
            }
            Err(_) => self.refuse(format!(
                "the value of the header {name} has characters that HTTP does not allow, such as \
                 a line break"
            )),
        }
    }

    /// Returns an error if a setter was given a header that cannot be sent.
    pub(crate) fn check(&self, op: &Operation) -> Result<()> {
        match &self.invalid {
            Some(what) => Err(error::invalid_argument(op, what.clone())),
            None => Ok(()),
        }
    }

    /// Keeps what a setter refuses, for [`check`](Self::check).
    pub(crate) fn refuse(&mut self, what: String) {
        self.invalid.get_or_insert(what);
    }
}

impl fmt::Debug for CallOptions {
    // Values may be credentials: names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field(
                "headers",
                &self
                    .headers
                    .keys()
                    .map(HeaderName::as_str)
                    .collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const OP: Operation = Operation::new("realm.get", "GET", "/admin/realms/{realm}");

    #[test]
    fn bad_headers_are_reported_at_send_time_without_their_value() {
        for (name, value) in [
            ("bad name", "v"),
            ("x-ok", "a\r\nhunter2: b"),
            ("Host", "evil"),
        ] {
            let mut options = CallOptions::default();
            options.set_header(name, value);
            options.set_header("x-later", "good");
            let error = options.check(&OP).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!error.to_string().contains("hunter2"), "{error}");
        }
        assert!(CallOptions::default().check(&OP).is_ok());
    }

    #[test]
    fn debug_shows_header_names_only() {
        let mut options = CallOptions::default();
        options.set_header("authorization", "Bearer hunter2");
        let text = format!("{options:?}");
        assert!(
            text.contains("authorization") && !text.contains("hunter2"),
            "{text}"
        );
    }
}
