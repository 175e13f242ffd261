//! Server releases.

use std::cmp::Ordering;
use std::fmt;

/// A release, compared by its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    text: String,
    numbers: Vec<u32>,
}

impl Version {
    /// Parses `26.7.4`. Text after the numbers does not count.
    pub(crate) fn parse(text: &str) -> Self {
        let numbers = text.split('.').map_while(|part| {
            let digits = part.find(|c: char| !c.is_ascii_digit());
            part.get(..digits.unwrap_or(part.len()))?.parse().ok()
        });
        Self {
            text: text.to_owned(),
            numbers: numbers.collect(),
        }
    }
}

impl Version {
    /// Whether there are numbers to compare.
    pub(crate) fn is_known(&self) -> bool {
        !self.numbers.is_empty()
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Version {}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_compared_by_their_numbers() {
        let version = Version::parse;
        assert!(version("9.0.0") < version("24.0.5"));
        assert!(version("26.0.8") < version("26.4.7"));
        assert!(version("26.10.0") > version("26.7.4"));
        assert_eq!(version("26.7.4.redhat-1"), version("26.7.4"));
        assert!(version("27.0.0-SNAPSHOT") > version("26.7.4"));
    }
}
