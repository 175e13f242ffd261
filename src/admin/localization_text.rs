//! Texts of a realm's localization.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A text that the realm shows instead of the theme's: a pattern of Java's `MessageFormat`, in
/// which `{0}` stands for the first argument and a quote is written twice.
///
/// Any string converts into a pattern unchanged, `"Hello {0}".into()`; [`literal`](Self::literal)
/// creates one that shows a text exactly.
///
/// ```
/// # use keycloak_kit::admin::LocalizationText;
/// let title = LocalizationText::from("Sign in to {0}, it''s free");
/// assert_eq!(title.arguments(), [0]);
/// assert_eq!(LocalizationText::literal("It's {free}").as_str(), "It''s '{'free'}'");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schemars", derive(::schemars::JsonSchema))]
pub struct LocalizationText(String);

impl LocalizationText {
    /// Creates the pattern that shows `text` exactly, quotes and braces included.
    #[must_use]
    pub fn literal(text: &str) -> Self {
        let mut pattern = String::with_capacity(text.len());
        for letter in text.chars() {
            match letter {
                '\'' => pattern.push_str("''"),
                '{' => pattern.push_str("'{'"),
                '}' => pattern.push_str("'}'"),
                other => pattern.push(other),
            }
        }
        Self(pattern)
    }

    /// Returns the pattern.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the arguments that the text shows, in ascending order, each once. Text within quotes
    /// contains no arguments.
    #[must_use]
    pub fn arguments(&self) -> Vec<u32> {
        let mut found = Vec::new();
        let mut quoted = false;
        let mut rest = self.0.chars();
        while let Some(letter) = rest.next() {
            match letter {
                // Two quotes stand for one, also within quotes, which they leave and enter again.
                '\'' => quoted = !quoted,
                '{' if !quoted => {
                    let digits: String = rest
                        .as_str()
                        .trim_start()
                        .chars()
                        .take_while(char::is_ascii_digit)
                        .collect();
                    found.extend(digits.parse::<u32>());
                }
                _ => {}
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

impl fmt::Display for LocalizationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for LocalizationText {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for LocalizationText {
    fn from(pattern: &str) -> Self {
        Self(pattern.to_owned())
    }
}

impl From<String> for LocalizationText {
    fn from(pattern: String) -> Self {
        Self(pattern)
    }
}

impl From<LocalizationText> for String {
    fn from(text: LocalizationText) -> Self {
        text.0
    }
}

impl PartialEq<str> for LocalizationText {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for LocalizationText {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_those_outside_of_quotes() {
        for (pattern, arguments) in [
            ("", vec![]),
            ("plain", vec![]),
            ("{1} and {0}, {1}", vec![0, 1]),
            ("{0,number,integer} {2, date}", vec![0, 2]),
            ("it''s {0}", vec![0]),
            ("'{0}' {1}", vec![1]),
            ("'{''0}' {3}", vec![3]),
            ("'{0} to the end", vec![]),
            ("{name} { {0", vec![0]),
            ("{99999999999}", vec![]),
        ] {
            assert_eq!(
                LocalizationText::from(pattern).arguments(),
                arguments,
                "{pattern}"
            );
        }
    }

    #[test]
    fn a_literal_has_no_arguments() {
        let text = LocalizationText::literal("It's {0} é");
        assert_eq!(text, "It''s '{'0'}' é");
        assert!(text.arguments().is_empty());
    }
}
