//! Organizations and everything below one.

use keycloak_kit::admin::handles::Organization;
use keycloak_kit::representations::{
    GroupRepresentation, IdentityProviderRepresentation, OrganizationDomainRepresentation,
    OrganizationMembersInviteExistingUserRequest, OrganizationMembersInviteUserRequest,
    OrganizationRepresentation, RealmRepresentation, Status,
};
use pretty_assertions::assert_eq;

use super::role_mappings::every_call;
use crate::support::mail::MailServer;
use crate::support::version::{assert_needs, older, version};
use crate::support::{TestRealm, sorted};

fn acme() -> OrganizationRepresentation {
    OrganizationRepresentation::default()
        .name("Acme")
        .alias("acme")
        .enabled(true)
        .domains([OrganizationDomainRepresentation::default().name("acme.example")])
        .attribute("tier", ["gold"])
}

/// `None` on a server without organizations, which says so.
async fn with_acme(label: &str, realm: RealmRepresentation) -> Option<(TestRealm, Organization)> {
    if !version().await.has("26.0.8") {
        let test = TestRealm::new(label).await;
        assert_needs(test.realm.organizations().list().await, "26.0.8");
        assert_needs(test.realm.organizations().create(&acme()).await, "26.0.8");
        test.delete().await;
        return None;
    }
    let test = TestRealm::with(label, realm.organizations_enabled(true)).await;
    let id = test.realm.organizations().create(&acme()).await.unwrap();
    let organization = test.realm.organization(&id);
    Some((test, organization))
}

#[tokio::test]
async fn create_read_change_delete() {
    let Some((test, acme_handle)) = with_acme("org-crud", RealmRepresentation::default()).await
    else {
        return;
    };
    let organizations = test.realm.organizations();
    let read = acme_handle.get().await.unwrap();
    assert_eq!(read.attributes.unwrap()["tier"], ["gold"]);
    assert_eq!(
        sorted(&read.domains.unwrap(), |d| &d.name),
        ["acme.example"]
    );
    let changed = acme_handle
        .modify(|o| {
            o.description = Some("Makes everything".to_owned());
            o.domains = Some(vec![
                OrganizationDomainRepresentation::default()
                    .name("acme.test")
                    .verified(true),
            ]);
        })
        .await
        .unwrap();
    assert_eq!(
        sorted(&changed.domains.unwrap(), |d| &d.name),
        ["acme.test"]
    );
    let conflict = organizations.create(&acme()).await.unwrap_err();
    assert!(conflict.is_conflict(), "{conflict}");

    let other = OrganizationRepresentation::default()
        .name("Other")
        .domains([OrganizationDomainRepresentation::default().name("other.example")]);
    organizations.create(&other).await.unwrap();
    let found = organizations.list().search("acm").await.unwrap();
    assert_eq!(sorted(&found, |o| &o.name), ["Acme"]);
    let found = organizations.list().q("tier:gold").await.unwrap();
    assert_eq!(sorted(&found, |o| &o.name), ["Acme"]);
    assert_eq!(organizations.list().first(0).max(1).await.unwrap().len(), 1);
    if !older("26.4.7", organizations.count()).await {
        assert_eq!(organizations.count().await.unwrap(), 2);
        assert_eq!(organizations.count().search("oth").await.unwrap(), 1);
    }
    acme_handle.delete().await.unwrap();
    assert!(acme_handle.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn members() {
    let Some((test, acme)) = with_acme("org-members", RealmRepresentation::default()).await else {
        return;
    };
    let (ada, _) = test.user("ada").await;
    let members = acme.members();
    let id = members.add(ada.as_str()).await.unwrap();
    assert_eq!(id, ada);
    let again = members.add(ada.as_str()).await.unwrap_err();
    assert!(again.is_conflict(), "{again}");
    let listed = members.list().search("ada").await.unwrap();
    assert_eq!(sorted(&listed, |m| &m.username), ["ada"]);
    assert_eq!(members.count().await.unwrap(), 1);
    let member = acme.member(&ada);
    let read = member.get().await.unwrap();
    assert_eq!(
        read.membership_type.map(|t| t.to_string()).as_deref(),
        Some("UNMANAGED")
    );
    assert_eq!(
        sorted(&member.organizations().await.unwrap(), |o| &o.name),
        ["Acme"]
    );
    let of = test.realm.organizations().by_member(&ada).await.unwrap();
    assert_eq!(sorted(&of, |o| &o.name), ["Acme"]);
    members.remove(&ada).await.unwrap();
    assert!(member.find().await.unwrap().is_none());
    test.realm.user(&ada).get().await.expect("still a user");
    test.delete().await;
}

#[tokio::test]
async fn invitations() {
    let mail = MailServer::start().await;
    let realm = RealmRepresentation::default().smtp_server(mail.settings());
    let Some((test, acme)) = with_acme("org-invite", realm).await else {
        return;
    };
    let members = acme.members();
    let eve = OrganizationMembersInviteUserRequest::default()
        .email("eve@acme.example")
        .first_name("Eve")
        .last_name("Adams");
    members.invite_user(&eve).await.unwrap();
    let (ada, _) = test.user("ada").await;
    let existing = OrganizationMembersInviteExistingUserRequest::default().id(ada.as_str());
    members.invite_existing_user(&existing).await.unwrap();
    let invitations = acme.invitations();
    if older("26.7.4", invitations.list()).await {
        assert_eq!(mail.recipients(), ["eve@acme.example", "ada@example.org"]);
        return test.delete().await;
    }
    let listed = invitations.list().await.unwrap();
    assert_eq!(
        sorted(&listed, |i| &i.email),
        ["ada@example.org", "eve@acme.example"]
    );
    let found = invitations.list().email("eve@acme.example").await.unwrap();
    let id = found[0].id.clone().unwrap();
    let invitation = acme.invitation(id.as_str());
    let read = invitation.get().await.unwrap();
    assert_eq!(read.first_name.as_deref(), Some("Eve"));
    assert_eq!(read.status, Some(Status::Pending));
    assert!(!format!("{read:?}").contains("token="), "{read:?}");
    invitation.resend().await.unwrap();
    assert_eq!(
        mail.recipients(),
        ["eve@acme.example", "ada@example.org", "eve@acme.example"]
    );
    let found = invitations.list().email("eve@acme.example").await.unwrap();
    let invitation = acme.invitation(found[0].id.clone().unwrap());
    invitation.delete().await.unwrap();
    assert!(invitation.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn groups() {
    let Some((test, acme)) = with_acme("org-groups", RealmRepresentation::default()).await else {
        return;
    };
    let (ada, _) = test.user("ada").await;
    acme.members().add(&ada).await.unwrap();
    let named = |name: &str| GroupRepresentation::default().name(name);
    if older("26.7.4", acme.groups().create(&named("staff"))).await {
        return test.delete().await;
    }
    let id = acme.groups().create(&named("staff")).await.unwrap();
    let staff = acme.group(&id);
    let child = staff.children().create(&named("admins")).await.unwrap();
    let children = staff.children().list().await.unwrap();
    assert_eq!(sorted(&children, |g| &g.id), [child.as_str()]);
    let deep = acme.groups().by_path("/staff/admins").await.unwrap();
    assert_eq!(deep.group_id().unwrap(), child);
    let found = acme.groups().list().search("sta").await.unwrap();
    assert_eq!(sorted(&found, |g| &g.name), ["staff"]);
    let changed = staff
        .modify(|g| *g = g.clone().attribute("floor", ["1"]))
        .await
        .unwrap();
    assert_eq!(changed.attributes.unwrap()["floor"], ["1"]);

    staff.add_member(&ada).await.unwrap();
    assert_eq!(
        sorted(&staff.members().await.unwrap(), |m| &m.username),
        ["ada"]
    );
    let of_ada = acme.member(&ada).groups().await.unwrap();
    assert_eq!(sorted(&of_ada, |g| &g.name), ["staff"]);
    staff.remove_member(&ada).await.unwrap();
    assert!(staff.members().await.unwrap().is_empty());
    staff.delete().await.unwrap();
    assert!(staff.find().await.unwrap().is_none());
    test.delete().await;
}

#[tokio::test]
async fn roles_of_a_group() {
    let Some((test, acme)) = with_acme("org-roles", RealmRepresentation::default()).await else {
        return;
    };
    let staff = GroupRepresentation::default().name("staff");
    if older("26.7.4", acme.groups().create(&staff)).await {
        return test.delete().await;
    }
    let id = acme.groups().create(&staff).await.unwrap();
    every_call!(acme.group(&id).role_mappings(), &test, [""; 0]);
    test.delete().await;
}

#[tokio::test]
async fn identity_providers() {
    let Some((test, acme)) = with_acme("org-idp", RealmRepresentation::default()).await else {
        return;
    };
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .enabled(true);
    test.realm.identity_providers().create(&hub).await.unwrap();
    let providers = acme.identity_providers();
    providers.add("hub").await.unwrap();
    assert_eq!(
        sorted(&providers.list().await.unwrap(), |p| &p.alias),
        ["hub"]
    );
    let one = acme.identity_provider("hub");
    assert_eq!(one.get().await.unwrap().alias.as_deref(), Some("hub"));
    if !older("26.7.4", one.groups()).await {
        assert!(one.groups().await.unwrap().is_empty());
    }
    providers.remove("hub").await.unwrap();
    assert!(one.find().await.unwrap().is_none());
    test.realm
        .identity_provider("hub")
        .get()
        .await
        .expect("still there");
    test.delete().await;
}

#[tokio::test]
async fn a_realm_without_organizations_says_how_to_get_them() {
    let test = TestRealm::new("org-off").await;
    if older("26.0.8", test.realm.organizations().list()).await {
        return test.delete().await;
    }
    let error = test.realm.organizations().list().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(
        error.to_string().contains("switch on organizations"),
        "{error}"
    );
    test.delete().await;
}
