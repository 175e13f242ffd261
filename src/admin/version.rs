//! The server's own version, where the token may ask for it.

use http::Method;
use serde_json::Value;

use super::call::Call;
use crate::http::request::HttpRequest;
use crate::operation::Operation;
use crate::shared::Version;

const OPERATION: &Operation = &Operation::new("server_info.get", "GET", "/admin/serverinfo");

/// The version, asked for once in a client; `None` where it cannot be had.
pub(crate) async fn of(call: &Call) -> Option<Version> {
    let asked = call.shared.version.get_or_try_init(async || {
        // By the client itself: what another token may not see is not an answer for all calls.
        ask(&call.plain()).await
    });
    asked.await.ok().cloned().flatten()
}

/// An error may pass; a refusal stays.
async fn ask(call: &Call) -> Result<Option<Version>, ()> {
    let url = call.url(OPERATION.path);
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
    version.is_known().then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;
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
