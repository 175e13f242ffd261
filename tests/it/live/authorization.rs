//! Authorization services of a client: resources, scopes, policies and permissions.

use keycloak_kit::admin::ids::UserId;
use keycloak_kit::representations::{
    DecisionEffect, DecisionStrategy, Logic, PolicyEnforcementMode, PolicyEvaluationRequest,
    PolicyRepresentation, ResourceRepresentation, ResourceServerRepresentation,
    ScopeRepresentation, UserPolicyRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::authorization::authorization;
use crate::support::{TestRealm, sorted};

#[tokio::test]
async fn settings() {
    let test = TestRealm::new("authz-settings").await;
    let authorization = authorization(&test).await;
    let changed = authorization
        .modify(|server| {
            server.policy_enforcement_mode = Some(PolicyEnforcementMode::Permissive);
            server.decision_strategy = Some(DecisionStrategy::Affirmative);
        })
        .await
        .unwrap();
    assert_eq!(
        changed.decision_strategy,
        Some(DecisionStrategy::Affirmative)
    );
    let import = ResourceServerRepresentation::default()
        .policy_enforcement_mode(PolicyEnforcementMode::Enforcing)
        .resources([ResourceRepresentation::default().name("imported")])
        .scopes([ScopeRepresentation::default().name("read")]);
    authorization.import_settings(&import).await.unwrap();
    let settings = authorization.settings().await.unwrap();
    assert_eq!(
        sorted(&settings.resources.unwrap(), |r| &r.name),
        ["imported"]
    );
    assert_eq!(
        settings.policy_enforcement_mode,
        Some(PolicyEnforcementMode::Enforcing)
    );
    test.delete().await;
}

#[tokio::test]
async fn scopes_and_resources() {
    let test = TestRealm::new("authz-resources").await;
    let authorization = authorization(&test).await;
    let scopes = authorization.scopes();
    let read = ScopeRepresentation::default().name("read");
    let made = scopes.create(&read).await.unwrap();
    assert_eq!(made.name.as_deref(), Some("read"));
    let found = scopes.by_name("read").await.unwrap();
    assert_eq!(found.unwrap().id, made.id);
    assert!(scopes.by_name("write").await.unwrap().is_none());
    let listed = scopes.list().await.unwrap();
    assert_eq!(sorted(&listed, |s| &s.id), [made.id.clone().unwrap()]);
    let scope = authorization.scope(made.id.unwrap());
    let changed = scope
        .modify(|scope| scope.display_name = Some("Read".to_owned()))
        .await
        .unwrap();
    assert_eq!(changed.display_name.as_deref(), Some("Read"));

    let page = ResourceRepresentation::default()
        .name("page; é")
        .uris(["/page/*"])
        .attributes([("kind", ["html"])])
        .scopes([read]);
    let made = authorization.resources().create(&page).await.unwrap();
    let resource = authorization.resource(made.id.clone().unwrap());
    let changed = resource
        .modify(|resource| resource.display_name = Some("Page".to_owned()))
        .await
        .unwrap();
    assert_eq!(changed.uris.as_deref(), Some(&["/page/*".to_owned()][..]));
    assert_eq!(
        sorted(&resource.scopes().await.unwrap(), |s| &s.name),
        ["read"]
    );
    let attributes = resource.attributes().await.unwrap();
    assert_eq!(attributes["kind"], ["html"]);
    assert!(resource.permissions().await.unwrap().is_empty());
    let resources = authorization.resources();
    let found = resources
        .list()
        .uri("/page/1")
        .matching_uri(true)
        .await
        .unwrap();
    assert_eq!(sorted(&found, |r| &r.name), ["page; é"]);
    let found = resources.by_name("page; é").await.unwrap();
    assert_eq!(found.unwrap().id, made.id);
    assert!(resources.by_name("nothing").await.unwrap().is_none());
    assert_eq!(
        sorted(&scope.resources().await.unwrap(), |r| &r.name),
        ["page; é"]
    );
    assert!(scope.permissions().await.unwrap().is_empty());

    resource.delete().await.unwrap();
    assert!(resource.get().await.unwrap_err().is_not_found());
    scope.delete().await.unwrap();
    assert!(scope.get().await.unwrap_err().is_not_found());
    test.delete().await;
}

#[tokio::test]
async fn policies_and_permissions() {
    let test = TestRealm::new("authz-policies").await;
    let authorization = authorization(&test).await;
    let (ada, _) = test.user("ada").await;
    let page = ResourceRepresentation::default().name("page");
    let page = authorization.resources().create(&page).await.unwrap();
    let adas = PolicyRepresentation::default()
        .name("ada's")
        .type_("user")
        .logic(Logic::Positive)
        .config([("users", format!("[\"{ada}\"]"))]);
    let policies = authorization.policies();
    let made = policies.create(&adas).await.unwrap();
    let permission = PolicyRepresentation::default()
        .name("see the page")
        .type_("resource")
        .resources([page.id.clone().unwrap()])
        .policies([made.id.clone().unwrap()]);
    let permissions = authorization.permissions();
    let given = permissions.create(&permission).await.unwrap();

    let listed = policies.list().permission(false).await.unwrap();
    assert_eq!(sorted(&listed, |p| &p.name), ["ada's"]);
    let listed = policies.list().of_type("user").max(5).await.unwrap();
    assert_eq!(sorted(&listed, |p| &p.id), [made.id.clone().unwrap()]);
    let found = policies.by_name("ada's").await.unwrap();
    assert_eq!(found.unwrap().id, made.id);
    assert!(policies.by_name("nobody's").await.unwrap().is_none());
    let listed = permissions.list().name("see").await.unwrap();
    assert_eq!(sorted(&listed, |p| &p.id), [given.id.clone().unwrap()]);
    let found = permissions.by_name("see the page").await.unwrap();
    assert_eq!(found.unwrap().id, given.id);
    let resource = authorization.resource(page.id.unwrap());
    let of_page = resource.permissions().await.unwrap();
    assert_eq!(sorted(&of_page, |p| &p.name), ["see the page"]);
    for kinds in [policies.providers().await, permissions.providers().await] {
        assert!(sorted(&kinds.unwrap(), |k| &k.type_).contains(&"role".to_owned()));
    }
    test.delete().await;
}

#[tokio::test]
async fn evaluation() {
    let test = TestRealm::new("authz-evaluate").await;
    let authorization = authorization(&test).await;
    let (ada, _) = test.user("ada").await;
    let page = ResourceRepresentation::default().name("page");
    let page = authorization.resources().create(&page).await.unwrap();
    let adas = UserPolicyRepresentation::default()
        .name("ada's")
        .users([ada.as_str()]);
    let adas = serde_json::to_value(adas).unwrap();
    let adas: PolicyRepresentation = serde_json::from_value(adas).unwrap();
    let adas = authorization.policies_of_type("user").create(&adas).await;
    let permission = PolicyRepresentation::default()
        .name("see the page")
        .type_("resource")
        .resources([page.id.clone().unwrap()])
        .policies([adas.unwrap().id.unwrap()]);
    authorization
        .permissions()
        .create(&permission)
        .await
        .unwrap();
    let question = |user: &UserId| {
        PolicyEvaluationRequest::default()
            .user_id(user.as_str())
            .context([(
                "attributes",
                [("kc.client.network.ip_address", "127.0.0.1")],
            )])
            .resources([page.clone()])
            .role_ids([""; 0])
    };
    let (bob, _) = test.user("bob").await;
    let answer = authorization.policies().evaluate(&question(&bob)).await;
    assert_eq!(answer.unwrap().status, Some(DecisionEffect::Deny));
    for answer in [
        authorization.policies().evaluate(&question(&ada)).await,
        authorization.permissions().evaluate(&question(&ada)).await,
    ] {
        let answer = answer.unwrap();
        assert_eq!(answer.status, Some(DecisionEffect::Permit));
        let results = answer.results.unwrap();
        assert_eq!(results.len(), 1);
        let resource = results[0].resource.as_ref().unwrap();
        assert!(resource.name.as_deref().unwrap().starts_with("page"));
        // The token the decision would come in.
        let token = answer.rpt.unwrap();
        assert_eq!(token.sub.as_deref(), Some(ada.as_str()));
        assert_eq!(token.aud.unwrap().values(), ["app"]);
    }
    test.delete().await;
}
