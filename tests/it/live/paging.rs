//! Every list that pages: its stream gives what one request for everything gives.

mod content;

use std::collections::BTreeSet;

use futures_util::future::{BoxFuture, FutureExt};
use keycloak_kit::ItemStream;
use keycloak_kit::admin::bulk;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::GroupRepresentation;
use pretty_assertions::assert_eq;
use serde::Serialize;

use crate::recorded::CALLS;
use crate::support::unordered;
use crate::support::version::version;
use content::{Content, content};

/// More than the least default of the server (10), and a multiple of small pages: then the last
/// page is full.
const MANY: usize = 12;
const SIZES: [i32; 5] = [1, 2, 3, 12, 100];
/// Where a list pages, this is one page.
const EVERYTHING: i32 = 100_000;

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
            .map(|item| unordered(serde_json::to_value(item).unwrap()).to_string())
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
        "realm.admin_ui.realm_names" 12: |c|
            c.realm.admin_ui().realm_names().search(&c.name);
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
            // Before, it does not search, and other tests make and delete realms meanwhile.
            "realm.admin_ui.realm_names" => Some("26.0.8"),
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
            let missing: Vec<_> = distinct.difference(&read).collect();
            let foreign: Vec<_> = read.difference(&distinct).collect();
            assert_eq!(missing, foreign, "{by}");
            assert_eq!(pages.len(), whole.len(), "{by}: some come twice");
        }
    }
    searches_for_groups(&content.realm).await;
    counts(content).await;
    for realm in &content.others {
        realm.delete().await.unwrap();
    }
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
