//! New objects that the server would make into something else than their body says.

use serde_json::{Map, Value};

use crate::operation::Operation;
use crate::{Result, error};

const OPENID_CONNECT: &str = "openid-connect";

/// Refuses a body that leaves open what the server decides in a way that nobody expects.
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
                "{} left open beside protocol: the server would make it true, and false without \
                 protocol; set it, or leave protocol out, which is {OPENID_CONNECT} then",
                open.join(" and ")
            )
        }
        "AuthenticationFlowRepresentation" if !is_set("topLevel") => {
            "topLevel is left open: the server would make a sub flow that is below no flow and \
             that no list shows; set it to true, or make a sub flow with \
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
