//! Flows, executions, authenticator configurations and required actions.

use serde_json::{Value, json};

use super::{Suite, World, text, with};
use crate::conformance::release;

const A: &str = "realm.authentication";

pub async fn run(s: &mut Suite, _: &World) {
    for kind in [
        "authenticator_providers",
        "client_authenticator_providers",
        "form_providers",
        "form_action_providers",
        "client_authenticator_config_descriptions",
    ] {
        s.call(&format!("{A}.{kind}")).await;
    }
    s.call(&format!("{A}.authenticator_config_description"))
        .path("providerId", "identity-provider-redirector")
        .await;
    s.call(&format!("{A}.flows.list")).await;
    let flow = s
        .call(&format!("{A}.flows.create"))
        .body(json!({ "alias": "own", "description": "d é", "providerId": "basic-flow", "topLevel": true, "builtIn": false }))
        .await;
    let mut read = s
        .call(&format!("{A}.flow.get"))
        .path("id", text(&flow))
        .await;
    read = with(read, "description", json!("changed"));
    s.call(&format!("{A}.flow.update"))
        .path("id", text(&flow))
        .body(read)
        .await;
    s.set("flowAlias", "own");
    executions(s, &flow).await;
    let copy = s
        .call(&format!("{A}.flow_by_alias.copy"))
        .path("flowAlias", "browser")
        .body(json!({ "newName": "copy of browser" }))
        .await;
    s.call(&format!("{A}.flow_by_alias.executions.list"))
        .path("flowAlias", "copy of browser")
        .await;
    s.call("realm.admin_ui.flows").await;
    s.call("realm.admin_ui.flow_used_by")
        .path("type", "clients")
        .path("id", text(&copy))
        .await;
    s.call(&format!("{A}.flow.delete"))
        .path("id", text(&copy))
        .await;
    required_actions(s).await;
}

/// A new execution at a place; an older server drops that, so the call is refused.
fn placed(execution: Value, priority: i32) -> Value {
    if release::lacks("25.0.6") {
        return execution;
    }
    with(execution, "priority", json!(priority))
}

async fn executions(s: &mut Suite, flow: &Value) {
    let execution = s
        .call(&format!("{A}.flow_by_alias.executions.create"))
        .body(json!({ "provider": "identity-provider-redirector" }))
        .await;
    s.call(&format!("{A}.flow_by_alias.executions.create"))
        .body(placed(json!({ "provider": "auth-cookie" }), 5))
        .await;
    s.call(&format!("{A}.flow_by_alias.executions.create_subflow"))
        .body(json!({ "alias": "sub", "type": "basic-flow", "description": "d" }))
        .await;
    s.call(&format!("{A}.executions.create"))
        .body(placed(
            json!({ "authenticator": "auth-spnego", "requirement": "DISABLED", "parentFlow": flow }),
            50,
        ))
        .await;
    let list = s.call(&format!("{A}.flow_by_alias.executions.list")).await;
    let mut first = list[0].clone();
    first = with(first, "requirement", json!("ALTERNATIVE"));
    s.call(&format!("{A}.flow_by_alias.executions.update"))
        .body(first)
        .await;
    s.set("executionId", text(&execution));
    s.call(&format!("{A}.execution.get")).await;
    s.call(&format!("{A}.execution.lower_priority")).await;
    s.call(&format!("{A}.execution.raise_priority")).await;
    let config = s
        .call(&format!("{A}.execution.create_config"))
        .body(json!({ "alias": "redirect", "config": { "defaultProvider": "é" } }))
        .await;
    s.call(&format!("{A}.flow_by_alias.executions.list")).await;
    s.call(&format!("{A}.execution.config"))
        .path("id", text(&config))
        .await;
    let mut read = s
        .call(&format!("{A}.authenticator_config.get"))
        .path("id", text(&config))
        .await;
    read = with(
        read.clone(),
        "config",
        with(read["config"].clone(), "defaultProvider", json!("changed")),
    );
    s.call(&format!("{A}.authenticator_config.update"))
        .path("id", text(&config))
        .body(read)
        .await;
    s.call(&format!("{A}.authenticator_config.delete"))
        .path("id", text(&config))
        .await;
    s.call(&format!("{A}.execution.delete")).await;
    s.call(&format!("{A}.authenticator_configs.create"))
        .body(json!({ "alias": "free", "config": {} }))
        .await;
}

async fn required_actions(s: &mut Suite) {
    s.call(&format!("{A}.required_actions.list")).await;
    s.set("alias", "UPDATE_PASSWORD");
    let mut action = s.call(&format!("{A}.required_action.get")).await;
    s.call(&format!("{A}.required_action.config_description"))
        .await;
    s.call(&format!("{A}.required_action.config.update"))
        .body(json!({ "config": { "max_auth_age": "100" } }))
        .await;
    s.call(&format!("{A}.required_action.config.get")).await;
    s.call("realm.admin_ui.required_actions").await;
    s.call(&format!("{A}.required_action.config.delete")).await;
    action = with(action, "name", json!("Changed"));
    s.call(&format!("{A}.required_action.update"))
        .body(action)
        .await;
    s.call(&format!("{A}.required_action.lower_priority")).await;
    s.call(&format!("{A}.required_action.raise_priority")).await;
    s.call(&format!("{A}.required_action.delete"))
        .path("alias", "VERIFY_EMAIL")
        .await;
    let free = s.call(&format!("{A}.required_actions.unregistered")).await;
    s.call(&format!("{A}.required_actions.register"))
        .body(free[0].clone())
        .await;
}
