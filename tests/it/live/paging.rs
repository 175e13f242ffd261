//! Every list that pages: its stream gives what one request for everything gives.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::{BoxFuture, FutureExt, join_all};
use keycloak_kit::admin::handles::{Client, ClientAuthorization, Group, Organization, Realm, User};
use keycloak_kit::admin::ids::{
    ClientScopeId, ClientUuid, FlowId, GroupId, OrganizationId, RoleId, UserId,
};
use keycloak_kit::admin::{ItemStream, bulk};
use keycloak_kit::representations::{
    ClientRepresentation, FlowCopyRepresentation, GroupRepresentation,
    IdentityProviderRepresentation, OrganizationDomainRepresentation,
    OrganizationMembersInviteUserRequest, OrganizationRepresentation, PolicyRepresentation,
    RealmRepresentation, ResourceRepresentation, RoleRepresentation, ScopeRepresentation,
    WorkflowRepresentation, WorkflowStepRepresentation,
};
use pretty_assertions::assert_eq;
use serde::Serialize;

use crate::recorded::CALLS;
use crate::support::TestRealm;
use crate::support::accounts::person;
use crate::support::mail::MailServer;
use crate::support::version::version;

/// More than the least default of the server (10), and a multiple of small pages: then the last
/// page is full.
const MANY: usize = 12;
const SIZES: [i32; 5] = [1, 2, 3, 12, 100];
/// Where a list pages, this is one page.
const EVERYTHING: i32 = 100_000;

/// The same call, for each of twelve numbers.
async fn twelve<T, F: Future<Output = T>>(call: impl Fn(usize) -> F) -> Vec<T> {
    join_all((0..MANY).map(call)).await
}

/// The content that the lists are about.
struct Content {
    realm: Realm,
    client: Client,
    authorization: ClientAuthorization,
    group: Group,
    organization: Organization,
    organization_group: GroupId,
    role: RoleId,
    ada: User,
    ada_id: UserId,
    uuid: ClientUuid,
    web_uuid: ClientUuid,
    scope: ClientScopeId,
    group_id: GroupId,
    flow: FlowId,
    /// Has the sessions.
    web: Client,
    /// Has the offline sessions.
    offline: Client,
}

struct Row {
    call: &'static str,
    /// How many items there are at least.
    least: usize,
    walk: for<'a> fn(&'a Content) -> BoxFuture<'a, Vec<Vec<String>>>,
}

/// Reads everything at once, then by pages of each size.
async fn walk<T: Serialize + Send + 'static>(
    whole: Vec<T>,
    pages: impl Fn(i32) -> ItemStream<T>,
) -> Vec<Vec<String>> {
    let text = |list: Vec<T>| -> Vec<String> {
        list.iter()
            .map(|item| serde_json::to_string(item).unwrap())
            .collect()
    };
    let mut read = vec![text(whole)];
    for size in SIZES {
        read.push(text(pages(size).collect().await.unwrap()));
    }
    read
}

macro_rules! rows {
    ($($call:literal $least:literal: |$c:ident| $list:expr;)*) => {
        vec![$(Row {
            call: $call,
            least: $least,
            walk: |$c| async {
                let whole = $list.first(0).max(EVERYTHING).await.unwrap();
                walk(whole, |size| $list.max(size).stream()).await
            }.boxed(),
        },)*]
    };
}

fn rows() -> Vec<Row> {
    rows! {
        "realm.admin_events.list" 24: |c|
            c.realm.admin_events().list().operation_types(["CREATE"]).resource_types(["GROUP"]);
        "realm.admin_ui.available_roles.for_client" 12: |c|
            c.realm.admin_ui().available_roles().for_client(&c.uuid);
        "realm.admin_ui.available_roles.for_client_scope" 12: |c|
            c.realm.admin_ui().available_roles().for_client_scope(&c.scope);
        "realm.admin_ui.available_roles.for_group" 12: |c|
            c.realm.admin_ui().available_roles().for_group(&c.group_id);
        "realm.admin_ui.available_roles.for_role" 12: |c|
            c.realm.admin_ui().available_roles().for_role(&c.role);
        "realm.admin_ui.available_roles.for_user" 12: |c|
            c.realm.admin_ui().available_roles().for_user(&c.ada_id);
        "realm.admin_ui.client_sessions" 12: |c|
            c.realm.admin_ui().client_sessions().client_id(c.web_uuid.as_str());
        "realm.admin_ui.flow_used_by" 12: |c|
            c.realm.admin_ui().flow_used_by("clients", &c.flow);
        "realm.admin_ui.realm_names" 1: |c| c.realm.admin_ui().realm_names();
        "realm.admin_ui.sessions" 12: |c| c.realm.admin_ui().sessions();
        "realm.admin_ui.users" 12: |c| c.realm.admin_ui().users();
        "realm.client.authorization.permissions_of_type.list" 12: |c|
            c.authorization.permissions_of_type("resource").list();
        "realm.client.authorization.policies_of_type.list" 12: |c|
            c.authorization.policies_of_type("user").list();
        "realm.client.authorization.permissions.list" 12: |c| c.authorization.permissions().list();
        "realm.client.authorization.policies.list" 24: |c| c.authorization.policies().list();
        "realm.client.authorization.resources.list" 12: |c| c.authorization.resources().list();
        "realm.client.authorization.scopes.list" 12: |c| c.authorization.scopes().list();
        "realm.client.offline_sessions" 12: |c| c.offline.offline_sessions();
        "realm.client.role.groups" 12: |c| c.client.role("role-00").groups();
        "realm.client.role.users" 12: |c| c.client.role("role-00").users();
        "realm.client.roles.list" 12: |c| c.client.roles().list();
        "realm.client.sessions" 12: |c| c.web.sessions();
        "realm.clients.list" 12: |c| c.realm.clients().list();
        "realm.events.list" 24: |c| c.realm.events().list();
        "realm.group.children.list" 12: |c| c.group.children().list();
        "realm.group.members" 12: |c| c.group.members();
        "realm.groups.list" 12: |c| c.realm.groups().list();
        "realm.groups.list" 24: |c|
            c.realm.groups().list().search("group").populate_hierarchy(false);
        "realm.identity_providers.list" 12: |c| c.realm.identity_providers().list();
        "realm.organization.group.children.list" 12: |c|
            c.organization.group(&c.organization_group).children().list();
        "realm.organization.group.members" 12: |c|
            c.organization.group(&c.organization_group).members();
        "realm.organization.groups.list" 12: |c| c.organization.groups().list();
        "realm.organization.groups.list" 24: |c| c.organization.groups().list().search("group");
        "realm.organization.identity_provider.groups" 12: |c|
            c.organization.identity_provider("hub-00").groups();
        "realm.organization.invitations.list" 12: |c| c.organization.invitations().list();
        "realm.organization.member.groups" 12: |c| c.organization.member(&c.ada_id).groups();
        "realm.organization.members.list" 12: |c| c.organization.members().list();
        "realm.organizations.list" 12: |c| c.realm.organizations().list();
        "realm.role.groups" 12: |c| c.realm.role("role-00").groups();
        "realm.role.users" 12: |c| c.realm.role("role-00").users();
        "realm.role_by_id.composites.list" 11: |c| c.realm.role_by_id(&c.role).composites().list();
        "realm.roles.list" 12: |c| c.realm.roles().list();
        "realm.user.groups.list" 12: |c| c.ada.groups().list();
        "realm.user.groups.list" 12: |c| c.ada.groups().list().search("group");
        "realm.users.list" 12: |c| c.realm.users().list();
        "realm.workflows.list" 12: |c| c.realm.workflows().list();
    }
}

#[test]
fn every_paged_list_is_in_the_table() {
    let names: toml::Table = include_str!("../../../openapi/names.toml").parse().unwrap();
    let wanted: BTreeSet<&str> = names["paging"]
        .as_table()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let rows = rows();
    let tested: BTreeSet<&str> = rows.iter().map(|row| row.call).collect();
    assert_eq!(tested, wanted);
}

#[tokio::test]
async fn every_stream_gives_each_item_once() {
    let (test, content) = content().await;
    let (mut rows, content) = (rows(), &content);
    let version = version().await;
    rows.retain(|row| {
        let call = CALLS.iter().find(|call| call.name == row.call).unwrap();
        let since = match row.call {
            // 26.4 has them as a preview, which is off.
            "realm.workflows.list" => Some("26.7.4"),
            _ => call.since,
        };
        since.is_none_or(|release| version.has(release))
    });
    let read = bulk(&rows, async |row| {
        Ok::<_, std::convert::Infallible>((row.walk)(content).await)
    });
    let read = read.at_once(4).await;
    for (row, read) in rows.iter().zip(read) {
        let mut read = read.unwrap().into_iter();
        let whole = read.next().unwrap();
        assert!(whole.len() >= row.least, "{}: {}", row.call, whole.len());
        let distinct: BTreeSet<&String> = whole.iter().collect();
        assert_eq!(distinct.len(), whole.len(), "{}", row.call);
        for (size, pages) in SIZES.into_iter().zip(read) {
            let by = format!("{} by {size}", row.call);
            let read: BTreeSet<&String> = pages.iter().collect();
            let missing = distinct.difference(&read).count();
            let foreign = read.difference(&distinct).count();
            assert_eq!((missing, foreign), (0, 0), "{by}");
            assert_eq!(pages.len(), whole.len(), "{by}: some come twice");
        }
    }
    searches_for_groups(&content.realm).await;
    counts(content).await;
    test.delete().await;
}

/// The server pages such a search by match, and repeats a top-level group with every page.
async fn searches_for_groups(realm: &Realm) {
    let tree = |list: Vec<GroupRepresentation>| -> Vec<(String, usize)> {
        let mut found: Vec<_> = list
            .into_iter()
            .map(|group| {
                (
                    group.name.unwrap(),
                    group.sub_groups.unwrap_or_default().len(),
                )
            })
            .collect();
        found.sort();
        found
    };
    let search = || realm.groups().list().search("group");
    let whole = tree(search().await.unwrap());
    assert_eq!(whole.len(), MANY);
    assert!(whole.contains(&("group-00".to_owned(), MANY)), "{whole:?}");
    for size in SIZES {
        let all = search().max(size).all().await.unwrap();
        assert_eq!(tree(all), whole, "by {size}");
    }
}

async fn counts(content: &Content) {
    let realm = &content.realm;
    assert_eq!(
        realm.users().list().search("user-").count().await.unwrap(),
        12
    );
    assert_eq!(
        realm
            .users()
            .list()
            .username("user-00")
            .exact(true)
            .first(5)
            .max(1)
            .brief_representation(true)
            .count()
            .await
            .unwrap(),
        1,
        "first and max do not count"
    );
    let groups = realm.groups();
    assert_eq!(groups.list().count().await.unwrap(), 12, "the top ones");
    let all = groups.list().search("group").populate_hierarchy(false);
    assert_eq!(all.count().await.unwrap(), 24);
    let error = groups.list().search("g").exact(true).count().await;
    let error = error.unwrap_err();
    assert!(
        error.is_config() && error.to_string().contains("exact"),
        "{error}"
    );
    if version().await.has("26.4.7") {
        let organizations = realm.organizations();
        assert_eq!(organizations.list().count().await.unwrap(), 12);
        let few = organizations.list().search("org-1");
        assert_eq!(few.count().await.unwrap(), 2);
        let members = content.organization.members();
        assert_eq!(members.list().count().await.unwrap(), 12);
        let error = members.list().search("ada").count().await.unwrap_err();
        assert!(error.to_string().contains("search"), "{error}");
    }
    let sessions = content.web.sessions();
    assert_eq!(sessions.count().await.unwrap(), 12);
    let sessions = content.offline.offline_sessions();
    assert_eq!(sessions.count().await.unwrap(), 12);
    let few = content.ada.groups().list().search("group-1");
    assert_eq!(few.count().await.unwrap(), 2);
}

async fn content() -> (TestRealm, Content) {
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
    let uuid = client.get().await.unwrap().uuid().unwrap();
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
            organization.members().add(user.as_str()).await.unwrap();
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
        realm: realm.clone(),
        authorization: client.authorization(),
        group: first,
        organization_group,
        organization,
        role: role.role_id().unwrap(),
        ada,
        ada_id: users[0].clone(),
        uuid,
        web_uuid: web.get().await.unwrap().uuid().unwrap(),
        scope: ClientScopeId::new(scope.id.unwrap()),
        group_id: groups[11].clone(),
        flow,
        client,
        web,
        offline,
    }
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
