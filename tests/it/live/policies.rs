//! Policies and permissions, each kind with its own members.

use keycloak_kit::admin::handles::ClientAuthorization;
use keycloak_kit::admin::ids::{PolicyId, ResourceId, ScopeId};
use keycloak_kit::admin::policies::{PoliciesOf, Policy, PolicyKind, PolicyOf};
use keycloak_kit::representations::{
    AggregatePolicyRepresentation, AuthzClientPolicyRepresentation, ClientRepresentation,
    ClientScopePolicyRepresentation, DecisionStrategy, GroupPolicyRepresentation,
    JSPolicyRepresentation, Logic, RegexPolicyRepresentation, ResourcePermissionRepresentation,
    ResourceRepresentation, RolePolicyRepresentation, ScopePermissionRepresentation,
    ScopeRepresentation, TimePolicyRepresentation, UmaPermissionRepresentation,
    UserPolicyRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::authorization::authorization;
use crate::support::version::{older, version};
use crate::support::{TestRealm, sorted, unordered};

async fn resource(authz: &ClientAuthorization, name: &str) -> ResourceId {
    let resource = ResourceRepresentation::default().name(name);
    let made = authz.resources().create(&resource).await.unwrap();
    made.id.unwrap().into()
}

async fn scope(authz: &ClientAuthorization, name: &str) -> ScopeId {
    let scope = ScopeRepresentation::default().name(name);
    authz
        .scopes()
        .create(&scope)
        .await
        .unwrap()
        .id
        .unwrap()
        .into()
}

/// Any policy will do.
async fn office_hours(authz: &ClientAuthorization, name: &str) -> PolicyId {
    let open = TimePolicyRepresentation::new(name).hours(9..=17);
    let made = authz.policies_of().create(&open).await.unwrap();
    made.policy_id().unwrap()
}

/// Creates, finds, reads, changes and deletes one of a kind; `member` is what the kind adds.
async fn life<P: PolicyKind>(
    kind: PoliciesOf<P>,
    one: impl Fn(PolicyId) -> PolicyOf<P>,
    new: P,
    name: &str,
    member: impl Fn(&P) -> serde_json::Value,
    edit: impl Fn(P) -> P + Send,
) {
    let made = kind.create(&new).await.unwrap();
    let id = PolicyId::new(text(&made, "id"));
    assert_eq!(text(&made, "type"), P::KIND);
    assert_eq!(member(&made), member(&new), "as it was asked for");

    let policy = one(id.clone());
    let read = policy.get().await.unwrap();
    assert_eq!(member(&read), member(&new), "as it is kept");
    let found = kind.find_by_name(name).await.unwrap().unwrap();
    assert_eq!(text(&found, "id"), id.as_str());
    let listed = kind.list().name(name).await.unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(member(&listed[0]), member(&new), "as it is listed");

    let wanted = edit(read);
    let changed = policy
        .modify(|policy| *policy = wanted.clone())
        .await
        .unwrap();
    assert_eq!(member(&changed), member(&wanted));
    let read = policy.find().await.unwrap().unwrap();
    assert_eq!(member(&read), member(&wanted), "the change is kept");
    policy.delete().await.unwrap();
    assert!(policy.find().await.unwrap().is_none());
    assert!(kind.find_by_name(name).await.unwrap().is_none());
}

fn text(policy: &impl PolicyKind, member: &str) -> String {
    json(policy)[member].as_str().unwrap_or_default().to_owned()
}

fn json(value: impl serde::Serialize) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

#[tokio::test]
async fn of_people() {
    let test = TestRealm::new("policy-people").await;
    let authz = authorization(&test).await;
    let reader = test.role("reader").await.role_id().unwrap();
    let writer = test.role("writer").await.role_id().unwrap();
    let mut roles = RolePolicyRepresentation::new("roles").required_role(&reader);
    let fetching = roles.clone().fetch_roles(true);
    if !older("25.0.6", authz.policies_of().create(&fetching)).await {
        roles = fetching;
    }
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        roles,
        "roles",
        |policy| json((unordered(json(&policy.roles)), policy.fetch_roles)),
        |policy| policy.role(&writer),
    )
    .await;
    let (ada, _) = test.user("ada").await;
    let (bob, _) = test.user("bob").await;
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        UserPolicyRepresentation::new("users").user(&ada),
        "users",
        |policy| unordered(json(&policy.users)),
        |policy| policy.users([bob.as_str()]),
    )
    .await;
    let (staff, _) = test.group("staff").await;
    let (guests, _) = test.group("guests").await;
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        GroupPolicyRepresentation::new("groups")
            .group_and_subgroups(&staff)
            .groups_claim("groups"),
        "groups",
        |policy| {
            let mut groups = json(&policy.groups);
            // The server may add the path.
            for group in groups.as_array_mut().unwrap() {
                group.as_object_mut().unwrap().remove("path");
            }
            json((groups, &policy.groups_claim))
        },
        |policy| {
            policy
                .groups([] as [keycloak_kit::representations::GroupDefinition; 0])
                .group(&guests)
        },
    )
    .await;
    test.delete().await;
}

#[tokio::test]
async fn of_clients() {
    let test = TestRealm::new("policy-clients").await;
    let authz = authorization(&test).await;
    let app = test.realm.client_by_client_id("app").await.unwrap();
    let uuid = app.get().await.unwrap().client_uuid().unwrap();
    let other = ClientRepresentation::default().client_id("other");
    let other = test.realm.clients().create(&other).await.unwrap();
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        AuthzClientPolicyRepresentation::new("clients").client(&uuid),
        "clients",
        |policy| unordered(json(&policy.clients)),
        |policy| policy.clients([other.as_str()]),
    )
    .await;
    let scopes = test.realm.client_scopes().list().await.unwrap();
    let [one, two] = [0, 1].map(|number: usize| scopes[number].id.clone().unwrap());
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        ClientScopePolicyRepresentation::new("client scopes").client_scope(one),
        "client scopes",
        |policy| unordered(json(&policy.client_scopes)),
        |policy| policy.required_client_scope(two.as_str()),
    )
    .await;
    test.delete().await;
}

#[tokio::test]
async fn of_other_things() {
    let test = TestRealm::new("policy-other").await;
    let authz = authorization(&test).await;
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        TimePolicyRepresentation::new("times")
            .not_before("2026-01-01 00:00:00")
            .years(2026..=2030)
            .months(1..=6)
            .days_of_month(1..=28)
            .hours(9..=17)
            .minutes(0..=30),
        "times",
        |policy| {
            json((
                [
                    &policy.year,
                    &policy.year_end,
                    &policy.month,
                    &policy.month_end,
                ],
                [
                    &policy.day_month,
                    &policy.day_month_end,
                    &policy.hour,
                    &policy.hour_end,
                ],
                [&policy.minute, &policy.minute_end, &policy.not_before],
            ))
        },
        |policy| policy.hours(8..=18),
    )
    .await;
    life(
        authz.policies_of(),
        |id| authz.policy_of(id),
        RegexPolicyRepresentation::new("claims")
            .target_claim("email")
            .pattern(".*@example\\.org"),
        "claims",
        |policy| json((&policy.target_claim, &policy.pattern)),
        |policy| policy.pattern(".*@example\\.com"),
    )
    .await;
    // Only scripts that are deployed to the server decide, and each is a kind of its own.
    let script = JSPolicyRepresentation::new("script").code("$evaluation.grant()");
    let refused = authz.policies_of().create(&script).await.unwrap_err();
    let fails = !version().await.has("26.7.4") && refused.is_server();
    assert!(refused.is_not_found() || fails, "{refused}");
    test.delete().await;
}

#[tokio::test]
async fn of_policies() {
    let test = TestRealm::new("policy-aggregate").await;
    let authz = authorization(&test).await;
    let day = office_hours(&authz, "day").await;
    let night = office_hours(&authz, "night").await;
    let both = AggregatePolicyRepresentation::new("both")
        .decision_strategy(DecisionStrategy::Affirmative)
        .policy(&day);
    let made = authz.policies_of().create(&both).await.unwrap();
    let both = authz.policy_of::<AggregatePolicyRepresentation>(made.policy_id().unwrap());
    let parts = async || sorted(&both.associated_policies().await.unwrap(), |p| &p.name);
    assert_eq!(parts().await, ["day"]);
    assert!(
        both.get().await.unwrap().policies.is_none(),
        "the server leaves them out"
    );

    let edit = |policy: &mut AggregatePolicyRepresentation| {
        assert_eq!(
            policy.policies.as_deref(),
            Some(&[day.to_string()][..]),
            "all is read"
        );
        *policy = policy.clone().policy(&night);
    };
    let changes = both.modify(edit).changes().await.unwrap();
    assert_eq!(changes.len(), 1, "{changes}");
    let changed = both.modify(edit).await.unwrap();
    assert_eq!(changed.policies.unwrap().len(), 2);
    assert_eq!(parts().await, ["day", "night"]);
    let renamed = both
        .modify(|p| p.description = Some("day and night".to_owned()))
        .await;
    assert_eq!(
        renamed.unwrap().description.as_deref(),
        Some("day and night")
    );
    assert_eq!(parts().await, ["day", "night"], "what was not said stays");

    let of_day = authz.policy_of::<TimePolicyRepresentation>(&day);
    let users = of_day.dependent_policies().await.unwrap();
    assert_eq!(sorted(&users, |p| &p.name), ["both"]);
    test.delete().await;
}

#[tokio::test]
async fn permissions() {
    let test = TestRealm::new("permissions").await;
    let authz = authorization(&test).await;
    let open = office_hours(&authz, "open").await;
    let (page, image) = (
        resource(&authz, "page").await,
        resource(&authz, "image").await,
    );
    let read = scope(&authz, "read").await;

    let over_page = ResourcePermissionRepresentation::new("see the page")
        .resource(&page)
        .policy(&open);
    let made = authz.permissions_of().create(&over_page).await.unwrap();
    let of_page =
        authz.permission_of::<ResourcePermissionRepresentation>(made.policy_id().unwrap());
    let changed = of_page
        .modify(|permission| *permission = permission.clone().resource(&image))
        .await
        .unwrap();
    assert_eq!(changed.resources.unwrap().len(), 2);
    let names = sorted(&of_page.resources().await.unwrap(), |r| &r.name);
    assert_eq!(names, ["image", "page"]);
    assert_eq!(
        sorted(&of_page.associated_policies().await.unwrap(), |p| &p.name),
        ["open"]
    );

    let reading = ScopePermissionRepresentation::new("reading")
        .scope(&read)
        .policy(&open)
        .logic(Logic::Positive);
    let kind = authz.permissions_of::<ScopePermissionRepresentation>();
    let made = kind.create(&reading).await.unwrap();
    let of_read = authz.permission_of::<ScopePermissionRepresentation>(made.policy_id().unwrap());
    assert_eq!(
        sorted(&of_read.scopes().await.unwrap(), |s| &s.name),
        ["read"]
    );
    let cleared = of_read
        .modify(|permission| permission.policies = Some(vec![]))
        .await;
    assert_eq!(cleared.unwrap().policies, Some(vec![]));
    assert_eq!(kind.list().scope(read.as_str()).await.unwrap().len(), 1);

    test.user("ada").await;
    let given = UmaPermissionRepresentation::new("ada may")
        .resource(&page)
        .user("ada");
    let given = authz.permissions_of().create(&given).await.unwrap();
    let of_ada = authz.permission_of::<UmaPermissionRepresentation>(given.policy_id().unwrap());
    test.role("reader").await;
    let changed = of_ada
        .modify(|p| *p = p.clone().role("reader"))
        .await
        .unwrap();
    assert_eq!(changed.users.as_deref(), Some(&["ada".to_owned()][..]));
    assert_eq!(changed.roles.as_deref(), Some(&["reader".to_owned()][..]));
    of_ada.delete().await.unwrap();
    assert!(of_ada.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn kinds_are_not_mixed_up() {
    let test = TestRealm::new("policy-kinds").await;
    let authz = authorization(&test).await;
    let (ada, _) = test.user("ada").await;
    let adas = UserPolicyRepresentation::new("ada's").user(&ada);
    let adas = authz.policies_of().create(&adas).await.unwrap();
    let id = adas.policy_id().unwrap();
    let open = office_hours(&authz, "open").await;

    // The server takes the id of any kind, and the name.
    let wrong = authz.policy_of::<RolePolicyRepresentation>(&id);
    for error in [
        wrong.get().await.unwrap_err(),
        wrong.find().await.unwrap_err(),
    ] {
        assert!(error.is_config(), "{error}");
        assert!(
            error.to_string().contains(r#"of kind "user", not "role""#),
            "{error}"
        );
    }
    let roles = authz.policies_of::<RolePolicyRepresentation>();
    assert!(roles.find_by_name("ada's").await.unwrap().is_none());
    assert!(roles.list().all().await.unwrap().is_empty());
    let again = roles.create(&RolePolicyRepresentation::new("ada's")).await;
    assert!(
        again.unwrap_err().is_conflict(),
        "a name is one of all kinds"
    );

    let mut mixed = authz.policies().list().stream();
    let mut kinds = Vec::new();
    while let Some(policy) = mixed.next().await {
        let policy = Policy::from(policy.unwrap());
        kinds.push(policy.kind().to_owned());
        match policy {
            Policy::User(policy) => assert_eq!(policy.users, Some(vec![ada.to_string()])),
            Policy::Time(policy) => assert_eq!(policy.hour.as_deref(), Some("9")),
            other => panic!("{other:?}"),
        }
    }
    kinds.sort();
    assert_eq!(kinds, ["time", "user"]);
    assert_eq!(
        authz
            .policies_of::<TimePolicyRepresentation>()
            .list()
            .max(1)
            .all()
            .await
            .unwrap()
            .len(),
        1
    );

    // Where the client has no authorization, nothing is said to be missing.
    let account = test.realm.client_by_client_id("account").await.unwrap();
    let off = account
        .authorization()
        .policy_of::<TimePolicyRepresentation>(&open);
    assert!(off.find().await.unwrap_err().is_not_found());
    test.delete().await;
}
