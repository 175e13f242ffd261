//! Deletions that the server executes although they break something.

use http::Method;
use serde_json::Value;
use url::Url;

use crate::admin::call::Call;
use crate::admin::version;
use crate::error::clean;
use crate::http::request::HttpRequest;
use crate::http::segment;
use crate::operation::Operation;
use crate::shared::Version;
use crate::{ErrorKind, Result, error};

/// From this release on, the server refuses to delete a flow that a client is bound to.
const KEEPS_BOUND_FLOWS: &str = "26.0.0";

/// How many clients a request reads.
const PAGE: usize = 100;

/// Refuses a deletion after which something could no longer be read or used.
pub(super) async fn check(
    call: &Call,
    op: &'static Operation,
    request: &HttpRequest,
) -> Result<()> {
    if op.name != "realm.authentication.flow.delete" {
        return Ok(());
    }
    let deletion = FlowDeletion { call, op };
    let Some((realm, id)) = request.url.as_str().rsplit_once("/authentication/flows/") else {
        return Ok(());
    };
    let flow = deletion.read(request.url.clone()).await?;
    if flow.get("topLevel") == Some(&Value::Bool(false)) {
        return deletion.refuse_sub_flow(realm, &flow).await;
    }
    match version::of(call).await {
        Some(server) if server >= Version::parse(KEEPS_BOUND_FLOWS) => Ok(()),
        _ => deletion.refuse_bound(realm, id).await,
    }
}

struct FlowDeletion<'a> {
    call: &'a Call,
    op: &'static Operation,
}

impl FlowDeletion<'_> {
    async fn read(&self, url: Url) -> Result<Value> {
        let read = HttpRequest::new(Method::GET, url);
        let response = self.call.execute(read, self.op).await?;
        Ok(serde_json::from_slice(response.body()).unwrap_or_default())
    }

    async fn list(&self, place: &str) -> Result<Vec<Value>> {
        let Ok(url) = Url::parse(place) else {
            return Ok(Vec::new());
        };
        match self.read(url).await? {
            Value::Array(list) => Ok(list),
            _ => Ok(Vec::new()),
        }
    }

    /// The call would leave the sub-flow's execution behind, and then neither the parent flow's
    /// executions nor the list of flows could be read. A sub-flow without a parent may be deleted.
    async fn refuse_sub_flow(&self, realm: &str, flow: &Value) -> Result<()> {
        let id = text(flow, "id");
        for above in self.list(&format!("{realm}/authentication/flows")).await? {
            let alias = text(&above, "alias");
            let executions = format!(
                "{realm}/authentication/flows/{}/executions",
                segment::encode(alias)
            );
            let executions = self.list(&executions).await?;
            let found = executions.iter().find(|one| text(one, "flowId") == id);
            if let Some(execution) = found {
                return Err(self.refused(&format!(
                    "{:?} is a sub-flow of {:?}: deleting it as a flow leaves an execution behind \
                     that makes the flows unreadable; use \
                     authentication().execution({:?}).delete(), which deletes both",
                    clean(text(flow, "alias")),
                    clean(alias),
                    clean(text(execution, "id")),
                )));
            }
        }
        Ok(())
    }

    async fn refuse_bound(&self, realm: &str, id: &str) -> Result<()> {
        let mut first = 0;
        loop {
            let page = format!("{realm}/clients?first={first}&max={PAGE}");
            let clients = match self.list(&page).await {
                Ok(clients) => clients,
                // Without permission to read clients, the check is skipped.
                Err(refused) if refused.is_forbidden() => return Ok(()),
                Err(failed) => return Err(failed),
            };
            let bound: Vec<String> = clients
                .iter()
                .filter(|client| {
                    let overrides = client.get("authenticationFlowBindingOverrides");
                    let overrides = overrides.and_then(Value::as_object).into_iter().flatten();
                    overrides
                        .into_iter()
                        .any(|(_, flow)| flow.as_str() == Some(id))
                })
                .map(|client| clean(text(client, "clientId")))
                .collect();
            if !bound.is_empty() {
                return Err(self.refused(&format!(
                    "clients are bound to the flow ({}), and this release would delete it anyway: \
                     remove it from their authentication_flow_binding_overrides first",
                    bound.join(", ")
                )));
            }
            if clients.len() < PAGE {
                return Ok(());
            }
            first += PAGE;
        }
    }

    fn refused(&self, what: &str) -> crate::Error {
        error::invalid_argument(self.op, format!("{what}; nothing was deleted"))
            .with_kind(ErrorKind::Conflict)
    }
}

fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object
        .get(member)
        .and_then(Value::as_str)
        .unwrap_or_default()
}
