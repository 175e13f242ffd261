//! Additions that the server confirms but does not make.

use http::Method;
use serde_json::Value;
use url::Url;

use crate::admin::call::Call;
use crate::http::request::HttpRequest;
use crate::operation::Operation;
use crate::{Result, error};

/// Checks that a client scope was added to a client.
pub(crate) async fn confirm(call: &Call, op: &'static Operation, url: &Url) -> Result<()> {
    let other = match op.name {
        "realm.client.default_client_scopes.add" => "optional",
        "realm.client.optional_client_scopes.add" => "default",
        _ => return Ok(()),
    };
    let Some((list, id)) = url.as_str().rsplit_once('/') else {
        return Ok(());
    };
    let Ok(list) = Url::parse(list) else {
        return Ok(());
    };
    let read = HttpRequest::new(Method::GET, list);
    let response = match call.execute(read, op).await {
        Ok(response) => response,
        // Without permission to read the list, the check is skipped.
        Err(refused) if refused.is_forbidden() => return Ok(()),
        Err(failed) => return Err(failed),
    };
    // An unreadable list proves nothing.
    let Ok(scopes) = serde_json::from_slice::<Vec<Value>>(response.body()) else {
        return Ok(());
    };
    if scopes
        .iter()
        .any(|scope| scope.get("id").and_then(Value::as_str) == Some(id))
    {
        return Ok(());
    }
    Err(
        error::protocol("the server accepted the request but did not add the client scope")
            .with_operation(op)
            .with_hint(format!(
                "remove a scope that is one of the client's {other} scopes there first, as modify \
             does; a scope of another protocol than the client's is not added"
            )),
    )
}
