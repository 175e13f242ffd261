//! New objects that the server would create differently from their body.

use serde_json::{Map, Value};

use crate::operation::Operation;
use crate::{Result, error};

const OPENID_CONNECT: &str = "openid-connect";

/// Refuses a body without members for which the server has surprising defaults.
pub(super) fn refuse(op: &Operation, ty: &str, body: &Map<String, Value>) -> Result<()> {
    let is_set = |member: &str| body.get(member).is_some_and(|value| !value.is_null());
    let is_on = |member: &str| body.get(member) == Some(&Value::Bool(true));
    let what = match ty {
        "ClientRepresentation"
            if is_on("authorizationServicesEnabled") && !is_on("serviceAccountsEnabled") =>
        {
            "authorizationServicesEnabled needs serviceAccountsEnabled beside it".to_owned()
        }
        "ClientRepresentation" => {
            let named = body.get("protocol").and_then(Value::as_str) == Some(OPENID_CONNECT);
            let open: Vec<&str> = ["publicClient", "directAccessGrantsEnabled"]
                .into_iter()
                .filter(|member| !is_set(member))
                .collect();
            if !named || open.is_empty() {
                return Ok(());
            }
            format!(
                "{} not set beside protocol: the server defaults to true with protocol and to \
                 false without; set it, or leave protocol out, which then is {OPENID_CONNECT}",
                open.join(" and ")
            )
        }
        "AuthenticationFlowRepresentation" if !is_set("topLevel") => {
            "topLevel is not set: the server would create a sub-flow without a parent that no \
             list shows; set it to true, or create a sub-flow with \
             flow_by_alias(parent).executions().create_subflow"
                .to_owned()
        }
        _ => return Ok(()),
    };
    Err(error::invalid_argument(
        op,
        format!("{what}; no request was sent"),
    ))
}
