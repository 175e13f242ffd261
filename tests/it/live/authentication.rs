//! Authentication flows, executions, their configuration, and required actions.

use keycloak_kit::representations::{
    AuthenticationExecutionInfoRepresentation, AuthenticationExecutionRepresentation,
    AuthenticationFlowRepresentation, AuthenticatorConfigRepresentation,
    AuthenticatorProviderRepresentation, FlowCopyRepresentation, NewExecutionRepresentation,
    NewSubflowRepresentation, RealmRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::version::older;
use crate::support::{TestRealm, sorted};

fn flow(alias: &str) -> AuthenticationFlowRepresentation {
    AuthenticationFlowRepresentation::default()
        .alias(alias)
        .provider_id("basic-flow")
        .top_level(true)
        .built_in(false)
}

fn execution(provider: &str) -> NewExecutionRepresentation {
    NewExecutionRepresentation::default().provider(provider)
}

#[tokio::test]
async fn flows() {
    let test = TestRealm::new("flows").await;
    let authentication = test.realm.authentication();
    let id = authentication
        .flows()
        .create(&flow("mine é 50%"))
        .await
        .unwrap();
    let mine = authentication.flow(&id);
    assert_eq!(
        mine.get().await.unwrap().alias.as_deref(),
        Some("mine é 50%")
    );
    let changed = mine
        .modify(|flow| flow.description = Some("changed".to_owned()))
        .await
        .unwrap();
    assert_eq!(changed.description.as_deref(), Some("changed"));
    let again = authentication.flows().create(&flow("mine é 50%")).await;
    assert!(again.unwrap_err().is_conflict());

    let copy = FlowCopyRepresentation::default().new_name("my browser");
    let id = authentication
        .flow_by_alias("browser")
        .copy(&copy)
        .await
        .unwrap();
    let copied = authentication.flow(&id);
    assert_eq!(
        copied.get().await.unwrap().alias.as_deref(),
        Some("my browser")
    );
    let executions = authentication.flow_by_alias("my browser").executions();
    assert!(executions.list().await.unwrap().len() > 3);
    let names = sorted(&authentication.flows().list().await.unwrap(), |f| &f.alias);
    assert!(names.contains(&"mine é 50%".to_owned()), "{names:?}");
    for handle in [mine, copied] {
        handle.delete().await.unwrap();
        assert!(handle.find().await.unwrap().is_none());
    }
    test.delete().await;
}

#[tokio::test]
async fn executions_and_their_order() {
    let test = TestRealm::new("executions").await;
    let authentication = test.realm.authentication();
    let flow_id = authentication.flows().create(&flow("mine")).await.unwrap();
    let executions = authentication.flow_by_alias("mine").executions();
    let cookie = execution("auth-cookie");
    let cookie = executions.create(&cookie).await.unwrap();
    let forms = NewSubflowRepresentation::default()
        .alias("my forms")
        .type_("basic-flow");
    executions.create_subflow(&forms).await.unwrap();
    let ask = execution("auth-username-password-form");
    let in_forms = authentication.flow_by_alias("my forms").executions();
    in_forms.create(&ask).await.unwrap();
    let otp = AuthenticationExecutionRepresentation::default()
        .authenticator("auth-otp-form")
        .requirement("DISABLED")
        .parent_flow(flow_id.as_str());
    let otp = authentication.executions().create(&otp).await.unwrap();

    let order = |list: Vec<AuthenticationExecutionInfoRepresentation>| -> Vec<String> {
        list.into_iter().map(|e| e.display_name.unwrap()).collect()
    };
    let before = order(executions.list().await.unwrap());
    assert_eq!(
        before,
        ["Cookie", "my forms", "Username Password Form", "OTP Form"]
    );
    authentication
        .execution(&otp)
        .raise_priority()
        .await
        .unwrap();
    authentication
        .execution(&cookie)
        .lower_priority()
        .await
        .unwrap();
    let after = order(executions.list().await.unwrap());
    assert_eq!(
        after,
        ["OTP Form", "Cookie", "my forms", "Username Password Form"]
    );

    let mut info = executions.list().await.unwrap().remove(1);
    info.requirement = Some("ALTERNATIVE".to_owned());
    executions.update(&info).await.unwrap();
    let read = authentication.execution(&cookie).get().await.unwrap();
    assert_eq!(read.requirement.as_deref(), Some("ALTERNATIVE"));
    assert_eq!(read.parent_flow.as_deref(), Some(flow_id.as_str()));

    authentication.execution(&otp).delete().await.unwrap();
    let gone = authentication.execution(&otp).find().await.unwrap();
    assert!(gone.is_none());
    test.delete().await;
}

#[tokio::test]
async fn configuration_of_an_execution() {
    let test = TestRealm::new("flow-config").await;
    let authentication = test.realm.authentication();
    authentication.flows().create(&flow("mine")).await.unwrap();
    let executions = authentication.flow_by_alias("mine").executions();
    let redirect = execution("identity-provider-redirector");
    let execution = executions.create(&redirect).await.unwrap();
    let execution = authentication.execution(&execution);
    let config = AuthenticatorConfigRepresentation::default()
        .alias("to the hub")
        .config_entry("defaultProvider", "hub");
    let id = execution.create_config(&config).await.unwrap();
    let handle = authentication.authenticator_config(&id);
    assert_eq!(
        handle.get().await.unwrap().alias.as_deref(),
        Some("to the hub")
    );
    let changed = handle
        .modify(|c| *c = c.clone().config_entry("defaultProvider", "other"))
        .await
        .unwrap();
    assert_eq!(changed.config.unwrap()["defaultProvider"], "other");
    let same = execution.config(&id).await.unwrap();
    assert_eq!(same.id.as_deref(), Some(id.as_str()));
    handle.delete().await.unwrap();
    assert!(handle.find().await.unwrap().is_none());

    let id = authentication
        .authenticator_configs()
        .create(&config)
        .await
        .unwrap();
    authentication
        .authenticator_config(&id)
        .get()
        .await
        .unwrap();
    let description = authentication
        .authenticator_config_description("identity-provider-redirector")
        .await
        .unwrap();
    assert!(!description.properties.unwrap().is_empty());
    test.delete().await;
}

#[tokio::test]
async fn required_actions() {
    let test = TestRealm::new("actions").await;
    let authentication = test.realm.authentication();
    let actions = authentication.required_actions();
    let order = |list: Vec<keycloak_kit::representations::RequiredActionProviderRepresentation>| {
        let aliases: Vec<String> = list.into_iter().map(|a| a.alias.unwrap()).collect();
        let at = |alias: &str| aliases.iter().position(|a| a == alias).unwrap();
        (at("VERIFY_EMAIL"), at("UPDATE_PROFILE"))
    };
    let (verify, update) = order(actions.list().await.unwrap());
    assert!(update < verify);
    let action = authentication.required_action("VERIFY_EMAIL");
    action.raise_priority().await.unwrap();
    let (verify, update) = order(actions.list().await.unwrap());
    assert!(verify < update, "raised");
    action.lower_priority().await.unwrap();
    let (verify, update) = order(actions.list().await.unwrap());
    assert!(update < verify, "lowered");

    let changed = action
        .modify(|a| {
            a.name = Some("Check your mail".to_owned());
            a.default_action = Some(true);
        })
        .await
        .unwrap();
    assert_eq!(changed.name.as_deref(), Some("Check your mail"));
    let with_config = authentication.required_action("UPDATE_PASSWORD");
    if !older("25.0.6", with_config.config_description()).await {
        let description = with_config.config_description().await.unwrap();
        let properties = description.properties.unwrap();
        assert_eq!(sorted(&properties, |p| &p.name), ["max_auth_age"]);
        let config = with_config.config();
        let changed = config
            .modify(|c| *c = c.clone().config_entry("max_auth_age", "60"))
            .await
            .unwrap();
        assert_eq!(changed.config.unwrap()["max_auth_age"], "60");
        config.delete().await.unwrap();
        assert!(config.get().await.unwrap().config.unwrap().is_empty());
    }

    action.delete().await.unwrap();
    assert!(action.find().await.unwrap().is_none());
    let free = actions.unregistered().await.unwrap();
    assert_eq!(free.len(), 1);
    assert_eq!(free[0].provider_id.as_deref(), Some("VERIFY_EMAIL"));
    actions.register(&free[0]).await.unwrap();
    assert!(action.find().await.unwrap().is_some());
    assert!(actions.unregistered().await.unwrap().is_empty());
    test.delete().await;
}

#[tokio::test]
async fn what_flows_can_be_made_of() {
    let test = TestRealm::with("flow-kinds", RealmRepresentation::default()).await;
    let authentication = test.realm.authentication();
    let has = |list: Vec<AuthenticatorProviderRepresentation>, id: &str| {
        let ids = sorted(&list, |provider| &provider.id);
        assert!(ids.iter().any(|found| found == id), "{id}: {ids:?}");
    };
    has(
        authentication.authenticator_providers().await.unwrap(),
        "auth-cookie",
    );
    let of_clients = authentication.client_authenticator_providers().await;
    let of_clients = of_clients.unwrap();
    let by_secret = of_clients
        .iter()
        .find(|p| p.id.as_deref() == Some("client-secret"));
    assert_eq!(by_secret.unwrap().supports_secret, Some(true));
    has(
        authentication.form_providers().await.unwrap(),
        "registration-page-form",
    );
    has(
        authentication.form_action_providers().await.unwrap(),
        "registration-password-action",
    );
    let described = authentication
        .client_authenticator_config_descriptions()
        .await;
    assert!(described.unwrap().contains_key("client-jwt"));
    let registrators = test.realm.credential_registrators().await.unwrap();
    assert!(registrators.contains(&"CONFIGURE_TOTP".to_owned()));
    test.delete().await;
}
