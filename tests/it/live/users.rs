//! Users and what belongs to one.

use keycloak_kit::admin::ids::CredentialId;
use keycloak_kit::representations::{
    CredentialRepresentation, FederatedIdentityRepresentation, IdentityProviderRepresentation,
    RealmRepresentation, UnmanagedAttributePolicy, UserRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::accounts::{PASSWORD, person};
use crate::support::version::older;
use crate::support::{TestRealm, server, sorted, totp};

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::new("user-crud").await;
    let realm = &test.realm;
    let id = realm.users().create(&person("ada")).await.unwrap();
    let user = realm.user(&id).get().await.unwrap();
    assert_eq!(user.user_id().unwrap(), id);
    assert_eq!(user.email.as_deref(), Some("ada@example.org"));
    assert_eq!(user.enabled, Some(true));
    assert!(user.created_timestamp.is_some());

    let edit = UserRepresentation::default().last_name("King");
    realm.user(&id).update(&edit).await.unwrap();
    let user = realm.user(&id).get().await.unwrap();
    assert_eq!(user.last_name.as_deref(), Some("King"));
    assert_eq!(
        user.first_name.as_deref(),
        Some("Ada"),
        "left out is left alone"
    );

    realm.user(&id).delete().await.unwrap();
    assert!(realm.user(&id).find().await.unwrap().is_none());
    assert!(realm.user(&id).delete().await.unwrap_err().is_not_found());
    test.delete().await;
}

#[tokio::test]
async fn list_filters_and_count() {
    let test = TestRealm::new("user-list").await;
    let users = test.realm.users();
    for name in ["ada", "adam", "bob"] {
        users.create(&person(name)).await.unwrap();
    }
    let off = person("eve").enabled(false).email_verified(false);
    users.create(&off).await.unwrap();

    let of = |found: Vec<UserRepresentation>| sorted(&found, |user| &user.username);
    let exact = users.list().username("ada").exact(true).await.unwrap();
    assert_eq!(of(exact), ["ada"]);
    assert_eq!(
        of(users.list().username("ada").await.unwrap()),
        ["ada", "adam"]
    );
    assert_eq!(of(users.list().enabled(false).await.unwrap()), ["eve"]);
    assert_eq!(
        of(users.list().email_verified(false).await.unwrap()),
        ["eve"]
    );
    assert_eq!(
        of(users.list().email("bob@example.org").await.unwrap()),
        ["bob"]
    );
    assert_eq!(
        of(users.list().search("bo").first(0).max(5).await.unwrap()),
        ["bob"]
    );
    assert_eq!(users.list().first(1).max(2).await.unwrap().len(), 2);
    assert_eq!(users.count().await.unwrap(), 4);
    assert_eq!(users.count().search("bob").await.unwrap(), 1);
    assert_eq!(users.count().enabled(true).await.unwrap(), 3);
    test.delete().await;
}

#[tokio::test]
async fn attributes_that_the_profile_does_not_declare() {
    let test = TestRealm::new("user-attributes").await;
    let realm = &test.realm;
    let ada = person("ada").attribute("team", ["core", "docs"]);
    let id = realm.users().create(&ada).await.unwrap();
    let user = realm.user(&id).get().await.unwrap();
    assert_eq!(user.attributes, None, "dropped by the server, with 201");

    let allow = |profile: &mut keycloak_kit::representations::UPConfig| {
        profile.unmanaged_attribute_policy = Some(UnmanagedAttributePolicy::Enabled);
    };
    realm.user_profile().modify(allow).await.unwrap();
    realm
        .user(&id)
        .modify(|user| *user = user.clone().attribute("team", ["core", "docs"]))
        .await
        .unwrap();
    let found = realm.users().list().q("team:core").await.unwrap();
    assert_eq!(sorted(&found, |user| &user.username), ["ada"]);
    if older("25.0.6", realm.user(&id).unmanaged_attributes()).await {
        return test.delete().await;
    }
    let unmanaged = realm.user(&id).unmanaged_attributes().await.unwrap();
    assert_eq!(unmanaged["team"].len(), 2);
    test.delete().await;
}

#[tokio::test]
async fn credentials_in_their_order() {
    let test = TestRealm::new("user-credentials").await;
    let realm = &test.realm;
    let ada = person("ada").credentials([
        CredentialRepresentation::password(PASSWORD),
        totp::credential("JBSWY3DPEHPK3PXP"),
    ]);
    let id = realm.users().create(&ada).await.unwrap();
    let user = realm.user(&id);
    let list = user.credentials().list().await.unwrap();
    let types = |list: &[CredentialRepresentation]| -> Vec<String> {
        list.iter().map(|c| c.type_.clone().unwrap()).collect()
    };
    assert_eq!(types(&list), ["password", "otp"]);
    assert!(
        list.iter()
            .all(|c| c.secret_data.is_none() && c.value.is_none())
    );
    let ids: Vec<CredentialId> = list
        .iter()
        .map(|c| CredentialId::new(c.id.clone().unwrap()))
        .collect();

    user.credential(&ids[1]).move_to_first().await.unwrap();
    let list = user.credentials().list().await.unwrap();
    assert_eq!(types(&list), ["otp", "password"]);
    user.credential(&ids[1]).move_after(&ids[0]).await.unwrap();
    let list = user.credentials().list().await.unwrap();
    assert_eq!(types(&list), ["password", "otp"]);

    let label = "Ada's phone; 50 % \\ \"é\"";
    user.credential(&ids[1]).set_label(label).await.unwrap();
    let list = user.credentials().list().await.unwrap();
    assert_eq!(list[1].user_label.as_deref(), Some(label));

    user.reset_password(&CredentialRepresentation::password("another one").temporary(true))
        .await
        .unwrap();
    let after = user.get().await.unwrap();
    assert_eq!(
        after.required_actions.as_deref(),
        Some(&["UPDATE_PASSWORD".to_owned()][..])
    );

    user.credential(&ids[1]).delete().await.unwrap();
    assert_eq!(
        types(&user.credentials().list().await.unwrap()),
        ["password"]
    );
    user.disable_credential_types(&["otp"]).await.unwrap();
    assert!(user.storage_credential_types().await.unwrap().is_empty());
    test.delete().await;
}

#[tokio::test]
async fn group_memberships() {
    let test = TestRealm::new("user-groups").await;
    let (staff, _) = test.group("staff").await;
    let (guests, _) = test.group("guests").await;
    let ada = person("ada").groups(["/staff"]);
    let id = test.realm.users().create(&ada).await.unwrap();
    let groups = test.realm.user(&id).groups();
    assert_eq!(
        sorted(&groups.list().await.unwrap(), |g| &g.path),
        ["/staff"]
    );
    groups.add(&guests).await.unwrap();
    assert_eq!(groups.count().await.unwrap().count, 2);
    assert_eq!(groups.count().search("gue").await.unwrap().count, 1);
    let found = groups.list().search("gue").await.unwrap();
    assert_eq!(sorted(&found, |g| &g.name), ["guests"]);
    groups.remove(&staff).await.unwrap();
    assert_eq!(
        sorted(&groups.list().await.unwrap(), |g| &g.name),
        ["guests"]
    );
    test.delete().await;
}

#[tokio::test]
async fn federated_identities() {
    let test = TestRealm::new("user-federated").await;
    let provider = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc")
        .enabled(true);
    test.realm
        .identity_providers()
        .create(&provider)
        .await
        .unwrap();
    let (_, user) = test.user("ada").await;
    let identities = user.federated_identities();
    let link = FederatedIdentityRepresentation::default()
        .user_id("4711")
        .user_name("ada@hub");
    identities.add("hub", &link).await.unwrap();
    assert!(
        identities
            .add("hub", &link)
            .await
            .unwrap_err()
            .is_conflict()
    );
    let list = identities.list().await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].identity_provider.as_deref(), Some("hub"));
    assert_eq!(list[0].user_name.as_deref(), Some("ada@hub"));
    let by_link = test.realm.users().list().idp_alias("hub");
    let found = by_link.idp_user_id("4711").await.unwrap();
    assert_eq!(sorted(&found, |user| &user.username), ["ada"]);
    identities.remove("hub").await.unwrap();
    assert!(identities.list().await.unwrap().is_empty());
    test.delete().await;
}

#[tokio::test]
async fn messages_to_a_user() {
    let mail = crate::support::mail::MailServer::start().await;
    let realm = RealmRepresentation::default().smtp_server(mail.settings());
    let test = TestRealm::with("user-mail", realm).await;
    let (_, user) = test.user("ada").await;
    user.execute_actions_email(&["UPDATE_PASSWORD", "VERIFY_EMAIL"])
        .lifespan(60)
        .await
        .unwrap();
    user.send_verify_email().await.unwrap();
    user.send_reset_password_email().await.unwrap();
    assert_eq!(mail.recipients(), ["ada@example.org"; 3]);
    let unknown = user.execute_actions_email(&["NO_SUCH_ACTION"]);
    let refused = unknown.await.unwrap_err();
    assert!(refused.is_validation(), "{refused}");
    test.delete().await;
}

#[tokio::test]
async fn impersonation_and_consents() {
    let test = TestRealm::new("user-other").await;
    let (_, user) = test.user("ada").await;
    let session = user.impersonate().await.unwrap();
    let account = format!("/realms/{}/account", test.name);
    assert!(
        session.redirect().unwrap().contains(&account),
        "{session:?}"
    );
    assert!(!session.is_same_realm(), "{session:?}");
    // With the cookies a login needs no form.
    let without_form = async |cookies: &str| {
        let login = format!(
            "{}/realms/{}/protocol/openid-connect/auth?client_id=account-console&prompt=none&\
             response_type=code&scope=openid&state=s&code_challenge={}&\
             code_challenge_method=S256&redirect_uri={}",
            server::server().url.trim_end_matches('/'),
            test.name,
            "a".repeat(43),
            session.redirect().unwrap(),
        );
        let browser = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let answer = browser.get(login).header("cookie", cookies).send().await;
        let answer = answer.unwrap();
        let to = answer.headers().get("location").map(|to| to.to_str());
        to.unwrap_or(Ok("")).unwrap().to_owned()
    };
    let to = without_form(session.cookie_header().expose()).await;
    assert!(to.contains("code="), "{to}");
    let to = without_form("").await;
    assert!(to.contains("error=login_required"), "{to}");
    let shown = format!("{session:?}");
    for cookie in session.cookies() {
        let value = cookie.value();
        assert!(
            cookie.is_removed() || !shown.contains(value.expose()),
            "{shown}"
        );
    }
    assert!(user.consents().list().await.unwrap().is_empty());
    let none = user.consents().revoke("account").await.unwrap_err();
    assert!(none.is_not_found(), "{none}");
    test.delete().await;
}

#[tokio::test]
async fn found_by_an_attribute() {
    let test = TestRealm::new("user-attribute").await;
    let realm = &test.realm;
    realm
        .user_profile()
        .modify(|profile| {
            profile.unmanaged_attribute_policy = Some(UnmanagedAttributePolicy::Enabled);
        })
        .await
        .unwrap();
    let values = [
        ("one", "j", "Arlington"),
        ("two", "j", "Arlington County"),
        ("three", "j", "say \"hi\" x"),
        ("four", "j", r"back\slash"),
        ("five", "a b", "v:w"),
    ];
    let user = |name: &str| UserRepresentation::default().username(format!("user-{name}"));
    for (name, attribute, value) in values {
        let new = user(name).attribute(attribute, [value]);
        realm.users().create(&new).await.unwrap();
    }
    let users = realm.users();
    for (name, attribute, value) in values {
        let found = users.list().attribute(attribute, value).await.unwrap();
        let found: Vec<_> = found
            .iter()
            .filter_map(|user| user.username.as_deref())
            .collect();
        assert_eq!(found, [format!("user-{name}")], "{attribute} {value}");
        let count = users
            .list()
            .attribute(attribute, value)
            .count()
            .await
            .unwrap();
        assert_eq!(count, 1, "{attribute} {value}");
    }
    let both = users
        .list()
        .attribute("j", "Arlington County")
        .username("user-one");
    assert_eq!(both.await.unwrap().len(), 0, "all must fit");
    let hidden = users
        .list()
        .search("user")
        .attribute("j", "Arlington")
        .await;
    assert!(hidden.unwrap_err().is_config());
    test.delete().await;
}
