//! What the paged lists are about.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use keycloak_kit::admin::handles::{Client, ClientAuthorization, Group, Organization, Realm, User};
use keycloak_kit::admin::ids::{
    ClientScopeId, ClientUuid, FlowId, GroupId, OrganizationId, RoleId, UserId,
};
use keycloak_kit::representations::{
    ClientRepresentation, FlowCopyRepresentation, GroupRepresentation,
    IdentityProviderRepresentation, OrganizationDomainRepresentation,
    OrganizationMembersInviteUserRequest, OrganizationRepresentation, PolicyRepresentation,
    RealmRepresentation, ResourceRepresentation, RoleRepresentation, ScopeRepresentation,
    WorkflowRepresentation, WorkflowStepRepresentation,
};

use super::MANY;
use crate::support::TestRealm;
use crate::support::accounts::person;
use crate::support::mail::MailServer;
use crate::support::version::version;

/// The content that the lists are about.
pub struct Content {
    /// Of the realm; the others have it within theirs.
    pub name: String,
    pub realm: Realm,
    pub others: Vec<Realm>,
    pub client: Client,
    pub authorization: ClientAuthorization,
    pub group: Group,
    pub organization: Organization,
    pub organization_group: GroupId,
    pub role: RoleId,
    pub ada: User,
    pub ada_id: UserId,
    pub uuid: ClientUuid,
    pub web_uuid: ClientUuid,
    pub scope: ClientScopeId,
    pub group_id: GroupId,
    pub flow: FlowId,
    /// Has the sessions.
    pub web: Client,
    /// Has the offline sessions.
    pub offline: Client,
}

/// The same call, for each of twelve numbers.
async fn twelve<T, F: Future<Output = T>>(call: impl Fn(usize) -> F) -> Vec<T> {
    join_all((0..MANY).map(call)).await
}

pub async fn content() -> (TestRealm, Content) {
    let mail = MailServer::start().await;
    let realm = RealmRepresentation::default()
        .organizations_enabled(true)
        .smtp_server(mail.settings())
        .admin_events_enabled(true)
        .events_enabled(true)
        // What costs seconds elsewhere is not what is tested here.
        .password_policy("hashIterations(1)");
    let test = TestRealm::with("paging", realm).await;
    let realm = &test.realm;
    let client = test
        .client(
            ClientRepresentation::default()
                .client_id("app")
                .service_accounts_enabled(true)
                .authorization_services_enabled(true),
        )
        .await;
    twelve(async |n| {
        let client = ClientRepresentation::default().client_id(format!("client-{n:02}"));
        realm.clients().create(&client).await.unwrap();
    })
    .await;
    // One after the other: roles of a realm created at once may fail (a race in its cache).
    for number in 0..MANY {
        let role = RoleRepresentation::default().name(format!("role-{number:02}"));
        realm.roles().create(&role).await.unwrap();
        client.roles().create(&role).await.unwrap();
    }
    let workflow = |n: usize| {
        let step = WorkflowStepRepresentation::default()
            .uses("disable-user")
            .after("864000000");
        WorkflowRepresentation::default()
            .name(format!("workflow-{n:02}"))
            .steps([step])
    };
    let workflows = if version().await.has("26.7.4") {
        MANY
    } else {
        0
    };
    for number in 0..workflows {
        realm.workflows().create(&workflow(number)).await.unwrap();
    }
    let content = people(&test, client).await;
    authorization(&content.authorization).await;
    (test, content)
}

/// Users, groups, organizations and sessions.
async fn people(test: &TestRealm, client: Client) -> Content {
    let realm = &test.realm;
    let group = |n: usize| GroupRepresentation::default().name(format!("group-{n:02}"));
    let users = twelve(async |n| {
        let user = person(&format!("user-{n:02}"));
        realm.users().create(&user).await.unwrap()
    })
    .await;
    let groups = twelve(async |n| realm.groups().create(&group(n)).await.unwrap()).await;
    let first = realm.group(&groups[0]);
    let has_organizations = version().await.has("26.0.8");
    let organizations = twelve(async |n| {
        if !has_organizations {
            return OrganizationId::new("none");
        }
        let domain = OrganizationDomainRepresentation::default().name(format!("org-{n:02}.test"));
        let organization = OrganizationRepresentation::default()
            .name(format!("org-{n:02}"))
            .domains([domain]);
        realm.organizations().create(&organization).await.unwrap()
    })
    .await;
    let organization = realm.organization(&organizations[0]);
    let ada = realm.user(&users[0]);
    let role = realm.role("role-00").get().await.unwrap();
    let of_client = client.role("role-00").get().await.unwrap();
    let uuid = client.get().await.unwrap().client_uuid().unwrap();
    let mut parts = realm.roles().list().search("role-").await.unwrap();
    parts.retain(|part| part.id != role.id);
    let composites = realm.role("role-00").composites();
    composites.add(&parts).await.unwrap();

    for (n, (user, id)) in users.iter().zip(&groups).enumerate() {
        ada.groups().add(id).await.unwrap();
        realm.user(user).groups().add(&groups[0]).await.unwrap();
        first.children().create(&group(n)).await.unwrap();
        let (one, of_client) = (
            std::slice::from_ref(&role),
            std::slice::from_ref(&of_client),
        );
        for (realm_roles, client_roles) in [(
            realm.user(user).role_mappings().realm(),
            realm.user(user).role_mappings().client(&uuid),
        )] {
            realm_roles.add(one).await.unwrap();
            client_roles.add(of_client).await.unwrap();
        }
        let mappings = realm.group(id).role_mappings();
        mappings.realm().add(one).await.unwrap();
        mappings.client(&uuid).add(of_client).await.unwrap();
        if has_organizations {
            let invited = OrganizationMembersInviteUserRequest::default()
                .email(format!("guest-{n:02}@org-00.test"));
            organization.members().invite_user(&invited).await.unwrap();
            organization.members().add(user).await.unwrap();
        }
        let hub = IdentityProviderRepresentation::default()
            .alias(format!("hub-{n:02}"))
            .provider_id("oidc");
        realm.identity_providers().create(&hub).await.unwrap();
    }
    if has_organizations {
        let providers = organization.identity_providers();
        providers.add("hub-00").await.unwrap();
    }
    let organization_group = match version().await.has("26.7.4") {
        true => groups_of(&organization, &users, group).await,
        false => GroupId::new("none"),
    };
    let web = test.login_client("web").await;
    let offline = test
        .client(
            ClientRepresentation::default()
                .client_id("offline")
                .public_client(true)
                .direct_access_grants_enabled(true)
                .default_client_scopes(["basic", "profile", "offline_access"]),
        )
        .await;
    for number in 0..MANY {
        let name = format!("user-{number:02}");
        test.login("web", &name).await;
        test.login("offline", &name).await;
    }
    let scope = realm.client_scopes().find_by_name("email").await.unwrap();
    let scope = scope.unwrap();
    let copy = FlowCopyRepresentation::default().new_name("own");
    let browser = realm.authentication().flow_by_alias("browser");
    let flow = browser.copy(&copy).await.unwrap();
    for number in 0..MANY {
        let client = realm
            .client_by_client_id(format!("client-{number:02}"))
            .await;
        let browser = BTreeMap::from([("browser".to_owned(), flow.to_string())]);
        client
            .unwrap()
            .modify(|client| client.authentication_flow_binding_overrides = Some(browser))
            .await
            .unwrap();
    }
    Content {
        name: test.name.clone(),
        realm: realm.clone(),
        others: other_realms(test).await,
        authorization: client.authorization(),
        group: first,
        organization_group,
        organization,
        role: role.role_id().unwrap(),
        ada,
        ada_id: users[0].clone(),
        uuid,
        web_uuid: web.get().await.unwrap().client_uuid().unwrap(),
        scope: ClientScopeId::new(scope.id.unwrap()),
        group_id: groups[11].clone(),
        flow,
        client,
        web,
        offline,
    }
}

/// With the realm of the test, they are a dozen; an older server cannot search for them.
async fn other_realms(test: &TestRealm) -> Vec<Realm> {
    let wanted = if version().await.has("26.0.8") {
        MANY
    } else {
        0
    };
    let mut others = Vec::new();
    for number in 1..wanted {
        let name = format!("{}-{number:02}", test.name);
        let realm = RealmRepresentation::default().realm(&name);
        test.kc.realms().create(&realm).await.unwrap();
        others.push(test.kc.realm(&name));
    }
    others
}

/// Groups of an organization with members; gives the one that has all of them.
async fn groups_of(
    organization: &Organization,
    users: &[UserId],
    group: impl Fn(usize) -> GroupRepresentation,
) -> GroupId {
    let groups = twelve(async |n| organization.groups().create(&group(n)).await.unwrap()).await;
    let staff = organization.group(&groups[0]);
    for (n, (user, id)) in users.iter().zip(&groups).enumerate() {
        staff.children().create(&group(n)).await.unwrap();
        staff.add_member(user).await.unwrap();
        if n > 0 {
            organization.group(id).add_member(&users[0]).await.unwrap();
        }
    }
    groups[0].clone()
}

async fn authorization(authorization: &ClientAuthorization) {
    for number in 0..MANY {
        let scope = ScopeRepresentation::default().name(format!("scope-{number:02}"));
        authorization.scopes().create(&scope).await.unwrap();
        let resource = ResourceRepresentation::default().name(format!("resource-{number:02}"));
        let resource = authorization.resources().create(&resource).await.unwrap();
        let policy = PolicyRepresentation::default()
            .name(format!("policy-{number:02}"))
            .type_("user")
            .config([("users", "[]")]);
        let policy = authorization.policies().create(&policy).await.unwrap();
        let permission = PolicyRepresentation::default()
            .name(format!("permission-{number:02}"))
            .type_("resource")
            .resources([resource.id.unwrap()])
            .policies([policy.id.unwrap()]);
        let permissions = authorization.permissions();
        permissions.create(&permission).await.unwrap();
    }
}
