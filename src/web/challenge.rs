//! `WWW-Authenticate`: what a caller can do about a rejection.

use std::fmt::Write as _;

use http::HeaderValue;

/// One challenge: a scheme and its parameters.
pub(super) struct Challenge(String);

impl Challenge {
    pub(super) fn new(scheme: &str) -> Self {
        Self(scheme.to_owned())
    }

    /// Adds a parameter as a quoted string (RFC 9110 section 5.6.4), without the characters that RFC
    /// 6750 section 3 does not allow in one.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let separator = if self.0.contains(' ') { ", " } else { " " };
        let value: String = value
            .chars()
            .map(|c| match c {
                '"' | '\\' => '\'',
                ' '..='~' => c,
                _ => '?',
            })
            .collect();
        let _ = write!(self.0, "{separator}{name}=\"{value}\"");
        self
    }

    pub(super) fn maybe(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(super) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}
