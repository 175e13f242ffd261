//! The server's own version, where the token may ask for it.

use std::cmp::Ordering;
use std::fmt;

use http::Method;
use serde_json::Value;

use super::call::Call;
use crate::http::request::HttpRequest;
use crate::operation::Operation;

const OPERATION: &Operation = &Operation::new("server_info.get", "GET", "/admin/serverinfo");

/// A release by its numbers.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    text: String,
    numbers: Vec<u32>,
}

impl Version {
    /// `26.7.4`; what comes after the numbers does not count.
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

/// The version, asked for once in a client; `None` where it cannot be had.
pub(crate) async fn of(call: &Call) -> Option<Version> {
    let asked = call.shared.version.get_or_try_init(|| ask(call));
    asked.await.ok().cloned().flatten()
}

/// An error may pass; a refusal stays.
async fn ask(call: &Call) -> Result<Option<Version>, ()> {
    let url = call.url(OPERATION.path).map_err(drop)?;
    let request = HttpRequest::new(Method::GET, url);
    match call.execute(request, OPERATION).await {
        Ok(answer) => Ok(read(answer.body())),
        Err(failed) if failed.is_forbidden() || failed.is_not_found() => Ok(None),
        Err(_) => Err(()),
    }
}

fn read(body: &[u8]) -> Option<Version> {
    let info: Value = serde_json::from_slice(body).ok()?;
    let text = info.get("systemInfo")?.get("version")?.as_str()?;
    let version = Version::parse(&crate::error::clean(text));
    (!version.numbers.is_empty()).then_some(version)
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

    #[test]
    fn what_tells_no_version_has_none() {
        for body in [
            "",
            "[]",
            "{}",
            r#"{"systemInfo":{}}"#,
            r#"{"systemInfo":{"version":"x"}}"#,
        ] {
            assert!(read(body.as_bytes()).is_none(), "{body}");
        }
        let told = read(br#"{"systemInfo":{"version":"26.7.4"}}"#).unwrap();
        assert_eq!(told.to_string(), "26.7.4");
    }
}
