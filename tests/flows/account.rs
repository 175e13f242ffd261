//! The Account API, with a user's token.

use keycloak_kit::account::{Account, Consent};
use keycloak_kit::oidc::TokenSet;
use keycloak_kit::{ErrorKind, Method};
use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::realm::Realm;

async fn login(realm: &Realm, client_id: &str) -> TokenSet {
    let oidc = realm.oidc(client_id).build().unwrap();
    oidc.password("ada", PASSWORD).await.unwrap()
}

/// Gives Ada the roles that a user who is not imported has.
pub async fn give_default_roles(realm: &Realm) {
    let defaults = format!("default-roles-{}", realm.name);
    let role = realm.get(&["roles", &defaults]).await;
    let mapping = [
        "users",
        &realm.user_id("ada").await,
        "role-mappings",
        "realm",
    ];
    realm.post(&mapping, &json!([role])).await;
}

/// Ada's account, with a session of the client `app`.
async fn account(realm: &Realm) -> Account {
    give_default_roles(realm).await;
    let oidc = realm.app(json!({})).await;
    let tokens = login(realm, "app").await;
    oidc.account(oidc.session(tokens))
}

#[tokio::test]
async fn the_profile_with_its_field_errors() {
    let realm = Realm::new("profile").await;
    let account = account(&realm).await;
    let me = account.profile().await.unwrap();
    assert_eq!(me.username.as_deref(), Some("ada"));
    assert_eq!(me.id.as_deref(), Some(realm.user_id("ada").await.as_str()));
    let metadata = me.user_profile_metadata.unwrap();
    let email = metadata.attributes.unwrap().into_iter();
    let email = email
        .filter(|attribute| attribute.name.as_deref() == Some("email"))
        .collect::<Vec<_>>();
    assert_eq!(email[0].required, Some(true));

    let renamed = account
        .modify_profile(|me| me.first_name = Some("Augusta".into()))
        .await
        .unwrap();
    assert_eq!(renamed.first_name.as_deref(), Some("Augusta"));
    assert_eq!(renamed.last_name.as_deref(), Some("Lovelace"));

    let error = account
        .modify_profile(|me| {
            me.email = Some("no address".into());
            me.last_name = None;
        })
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    let fields: Vec<&str> = error
        .field_errors()
        .iter()
        .filter_map(|field| field.field.as_deref())
        .collect();
    assert!(
        fields.contains(&"email") && fields.contains(&"lastName"),
        "{error:?}"
    );
    assert_eq!(
        account.profile().await.unwrap().last_name.as_deref(),
        Some("Lovelace")
    );

    let other = json!({ "username": "bob", "email": "bob@example.org", "enabled": true });
    realm.post(&["users"], &other).await;
    let error = account
        .modify_profile(|me| me.email = Some("bob@example.org".into()))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(account.supported_locales().await.unwrap().is_empty());
    let languages = json!({
        "internationalizationEnabled": true, "supportedLocales": ["de", "en"], "defaultLocale": "en",
    });
    realm.change(languages).await;
    let locales = account.supported_locales().await.unwrap();
    assert!(locales.contains(&"de".to_owned()), "{locales:?}");
    realm.delete().await;
}

#[tokio::test]
async fn sessions_and_devices() {
    let realm = Realm::new("account-sessions").await;
    let account = account(&realm).await;
    let second = login(&realm, "app").await;
    let third = login(&realm, "app").await;
    let sessions = account.sessions().await.unwrap();
    assert_eq!(sessions.len(), 3);
    let current: Vec<_> = sessions
        .iter()
        .filter(|session| session.current == Some(true))
        .collect();
    assert_eq!(current.len(), 1);
    assert!(sessions.iter().all(|session| {
        session.started.unwrap() > 1_700_000_000
            && session.expires > session.started
            && session.clients.as_ref().unwrap()[0].client_id.as_deref() == Some("app")
    }));
    let devices = account.devices().await.unwrap();
    let seen: usize = devices
        .iter()
        .map(|device| device.sessions.as_ref().unwrap().len())
        .sum();
    assert_eq!(seen, 3);

    let sid = second.id_token().unwrap().session_id().unwrap().to_owned();
    account.end_session(&sid).await.unwrap();
    let oidc = realm.oidc("app").build().unwrap();
    assert!(oidc.refresh(&second).await.unwrap_err().is_unauthorized());
    account.end_other_sessions().await.unwrap();
    assert!(oidc.refresh(&third).await.unwrap_err().is_unauthorized());
    assert_eq!(account.sessions().await.unwrap().len(), 1);
    for hostile in ["", ".."] {
        let error = account.end_session(hostile).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    }
    account.end_all_sessions().await.unwrap();
    let error = account.sessions().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn credentials_of_the_user() {
    let realm = Realm::new("account-credentials").await;
    let account = account(&realm).await;
    let kinds = account.credentials().await.unwrap();
    let password = kinds
        .iter()
        .find(|kind| kind.r#type.as_deref() == Some("password"))
        .unwrap();
    assert_eq!(password.removeable, Some(false));
    assert_eq!(password.update_action.as_deref(), Some("UPDATE_PASSWORD"));
    let mine = &password.user_credential_metadatas.as_ref().unwrap()[0];
    let credential = mine.credential.as_ref().unwrap();
    assert!(credential.created_date.unwrap() > 1_700_000_000_000);
    assert!(!format!("{kinds:?}").contains("secretData"));
    let id = credential.id.clone().unwrap();

    account
        .label_credential(&id, "my \"first\" one")
        .await
        .unwrap();
    let path = ["users", &realm.user_id("ada").await, "credentials"];
    let seen = realm.get(&path).await;
    assert_eq!(seen[0]["userLabel"], "my \"first\" one");

    // An authenticator app, as it was imported; the password stays.
    let otp = json!({
        "type": "otp", "userLabel": "phone",
        "secretData": json!({ "value": "JBSWY3DPEHPK3PXP" }).to_string(),
        "credentialData": json!({
            "subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1",
        }).to_string(),
    });
    let user = ["users", &realm.user_id("ada").await];
    let mut changed = realm.get(&user).await;
    changed["credentials"] = json!([otp]);
    realm.put(&user, &changed).await;
    let apps = async || -> Vec<String> {
        let kinds = account.credentials().await.unwrap();
        let otp = kinds
            .iter()
            .find(|kind| kind.r#type.as_deref() == Some("otp"));
        let mine = otp.unwrap().user_credential_metadatas.iter().flatten();
        mine.filter_map(|one| one.credential.as_ref()?.id.clone())
            .collect()
    };
    let [app] = &apps().await[..] else {
        panic!("one authenticator app");
    };
    account.remove_credential(app).await.unwrap();
    assert!(apps().await.is_empty());

    let unknown = "00000000-0000-0000-0000-000000000000";
    let error = account.remove_credential(unknown).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = account.label_credential(unknown, "x").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn applications_and_consents() {
    let realm = Realm::new("account-consents").await;
    let account = account(&realm).await;
    let asks = json!({ "consentRequired": true, "name": "Asks first" });
    realm.client("asks", asks).await;
    let scopes = realm.get(&["client-scopes"]).await;
    let scope = |name: &str| {
        let all = scopes.as_array().unwrap().iter();
        let mut found = all.filter(|scope| scope["name"] == name);
        found.next().unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (email, profile) = (scope("email"), scope("profile"));

    assert_eq!(account.consent("asks").await.unwrap(), None);
    let given = account
        .grant_consent("asks", &Consent::of_scopes([&email]))
        .await
        .unwrap();
    let ids = |consent: &Consent| -> Vec<String> {
        let scopes = consent.granted_scopes.iter().flatten();
        let mut ids: Vec<String> = scopes.filter_map(|scope| scope.id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&given), std::slice::from_ref(&email));
    let text = &given.granted_scopes.as_ref().unwrap()[0].display_text;
    assert_eq!(text.as_deref(), Some("Email address"));
    assert!(given.created_date.unwrap() > 1_700_000_000_000);
    account
        .update_consent("asks", &Consent::of_scopes([&email, &profile]))
        .await
        .unwrap();
    let now = account.consent("asks").await.unwrap().unwrap();
    let mut both = [email, profile];
    both.sort();
    assert_eq!(ids(&now), both);

    let applications = account.applications().await.unwrap();
    let find = |id: &str| {
        applications
            .iter()
            .find(|one| one.client_id.as_deref() == Some(id))
    };
    assert_eq!(find("app").unwrap().in_use, Some(true));
    let asks = find("asks").unwrap();
    let agreed = asks.consent.as_ref().unwrap();
    assert_eq!(agreed.granted_scopes.as_ref().unwrap().len(), 2);
    let named = account.applications_named("Asks").await.unwrap();
    assert_eq!(named.len(), 1, "{named:?}");

    account.revoke_consent("asks").await.unwrap();
    assert_eq!(account.consent("asks").await.unwrap(), None);
    let error = account
        .grant_consent("asks", &Consent::of_scopes(["no-such-scope"]))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    for error in [
        account.consent("nobody").await.unwrap_err(),
        account.revoke_consent("nobody").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
    realm.delete().await;
}

#[tokio::test]
async fn groups_organizations_and_linked_accounts() {
    let realm = Realm::with("account-members", json!({ "organizationsEnabled": true })).await;
    let account = account(&realm).await;
    let id = realm.user_id("ada").await;
    let group = json!({ "name": "staff", "attributes": { "room": ["7"] } });
    realm.post(&["groups"], &group).await;
    let groups = realm.get(&["groups"]).await;
    let group = groups[0]["id"].as_str().unwrap();
    realm
        .put(&["users", &id, "groups", group], &json!({}))
        .await;
    let mine = account.groups().await.unwrap();
    assert_eq!(mine[0].path.as_deref(), Some("/staff"));
    assert_eq!(mine[0].attributes.as_ref().unwrap()["room"], ["7"]);

    let acme = json!({
        "name": "Acme", "alias": "acme", "domains": [{ "name": "acme.example" }],
    });
    realm.post(&["organizations"], &acme).await;
    let all = realm.get(&["organizations"]).await;
    let organization = all[0]["id"].as_str().unwrap();
    realm
        .post(&["organizations", organization, "members"], &json!(id))
        .await;
    let mine = account.organizations().await.unwrap();
    assert_eq!(mine[0].alias.as_deref(), Some("acme"));
    assert_eq!(
        mine[0].domains.as_deref(),
        Some(&["acme.example".to_owned()][..])
    );
    realm.change(json!({ "organizationsEnabled": false })).await;
    assert!(account.organizations().await.unwrap_err().is_not_found());

    for alias in ["hub", "other"] {
        let provider = json!({
            "alias": alias, "displayName": "The hub", "providerId": "oidc", "enabled": true,
            "config": {
                "authorizationUrl": "https://hub.example/auth", "clientId": "x",
                "tokenUrl": "https://hub.example/token", "clientSecret": "y",
            },
        });
        realm
            .post(&["identity-provider", "instances"], &provider)
            .await;
    }
    let link = json!({ "identityProvider": "hub", "userId": "77", "userName": "countess" });
    realm
        .post(&["users", &id, "federated-identity", "hub"], &link)
        .await;
    let linked = account.linked_accounts().linked(true).await.unwrap();
    assert_eq!(linked.len(), 1);
    assert_eq!(linked[0].provider_alias.as_deref(), Some("hub"));
    assert_eq!(linked[0].linked_username.as_deref(), Some("countess"));
    assert_eq!(account.linked_accounts().await.unwrap().len(), 2);
    let aliases = async |query: keycloak_kit::account::LinkedAccountsRequest| -> Vec<String> {
        let found = query.await.unwrap();
        found
            .into_iter()
            .filter_map(|one| one.provider_alias)
            .collect()
    };
    let free = || account.linked_accounts().linked(false);
    for (query, wanted) in [
        (free(), &["other"][..]),
        (free().search("oth"), &["other"]),
        (free().search("none"), &[]),
        (free().first(0).max(1), &["other"]),
        (free().first(1).max(1), &[]),
    ] {
        assert_eq!(aliases(query).await, wanted);
    }
    account.unlink("hub").await.unwrap();
    assert!(
        account
            .linked_accounts()
            .linked(true)
            .await
            .unwrap()
            .is_empty()
    );
    let error = account.unlink("nowhere").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation, "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn tokens_that_are_not_enough() {
    let realm = Realm::new("account-refused").await;
    // Without full scope the token is not for the account at all.
    realm
        .client("narrow", json!({ "fullScopeAllowed": false }))
        .await;
    let tokens = login(&realm, "narrow").await;
    let token = tokens.access_token().clone();
    let error = realm
        .kc
        .account(&realm.name, token)
        .profile()
        .await
        .unwrap_err();
    assert!(error.is_unauthorized() || error.is_forbidden(), "{error}");
    let error = realm
        .kc
        .account(&realm.name, keycloak_kit::AccessToken::new("no token"))
        .profile()
        .await
        .unwrap_err();
    assert!(error.is_unauthorized(), "{error}");

    // An imported user has no roles by default: one that may only look.
    let oidc = realm.app(json!({})).await;
    let found: Vec<Value> = realm
        .kc
        .request(Method::GET, realm.path(&["clients"]))
        .query(&[("clientId", "account")])
        .await
        .unwrap();
    let client = found[0]["id"].as_str().unwrap();
    let role = realm
        .get(&["clients", client, "roles", "view-profile"])
        .await;
    let mapping = [
        "users",
        &realm.user_id("ada").await,
        "role-mappings",
        "clients",
        client,
    ];
    realm.post(&mapping, &json!([role])).await;
    let tokens = login(&realm, "app").await;
    let viewer = oidc.account(oidc.session(tokens));
    let mut me = viewer.profile().await.unwrap();
    me.first_name = Some("Nobody".into());
    let error = viewer.update_profile(&me).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(error.hint().unwrap().contains("manage-account"), "{error}");
    let error = viewer.groups().await.unwrap_err();
    assert!(error.hint().unwrap().contains("view-groups"), "{error}");
    realm.delete().await;
}
