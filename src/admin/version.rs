//! The server's version, if the token may read it.

use http::Method;
use serde_json::Value;

use super::call::Call;
use crate::http::request::HttpRequest;
use crate::operation::Operation;
use crate::shared::Version;

const OPERATION: &Operation = &Operation::new("server_info.get", "GET", "/admin/serverinfo");

/// Returns the version, which a client asks for once; `None` if it is not available.
pub(crate) async fn of(call: &Call) -> Option<Version> {
    let asked = call.shared.version.get_or_try_init(async || {
        // Asks with the client's own token: the permissions of another token do not hold for all
        // calls.
        ask(&call.plain()).await
    });
    asked.await.ok().cloned().flatten()
}

/// Returns an error for a failure that may pass, and `None` for a refusal, which stays.
async fn ask(call: &Call) -> Result<Option<Version>, ()> {
    let url = call.url(OPERATION.path);
    let request = HttpRequest::new(Method::GET, url);
    match call.execute(request, OPERATION).await {
        Ok(response) => Ok(read(response.body())),
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
