//! The login of a client, from its first token to the end of its session.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::{
    CredentialRepresentation, RealmRepresentation, UserRepresentation,
};
use keycloak_kit::{
    AccessToken, BoxFuture, ErrorKind, Keycloak, Result, TokenContext, TokenSource,
};
use pretty_assertions::assert_eq;

use crate::support::accounts::{PASSWORD, SECRET, grant, person};
use crate::support::{TestRealm, eventually, server, totp};

const TOTP_SECRET: &str = "JBSWY3DPEHPK3PXP";

/// A realm of short-lived tokens with the client `automation`, which may read users.
async fn short_lived(label: &str) -> TestRealm {
    let realm = RealmRepresentation::default().access_token_lifespan(2);
    let test = TestRealm::with(label, realm).await;
    test.automation("automation", &["view-users"]).await;
    test
}

/// A user of the realm who may read users.
async fn operator(test: &TestRealm, user: UserRepresentation) -> Realm {
    let id = test.realm.users().create(&user).await.unwrap();
    grant(&test.realm, &id, &["view-users"]).await;
    test.realm.clone()
}

/// Returns once the server refuses the token: it has expired there.
async fn expired(test: &TestRealm, token: &AccessToken) {
    let fixed = server::anonymous().access_token(token.expose());
    let fixed = fixed.build().unwrap();
    let users = fixed.realm(&test.name).users();
    let refused = async || users.count().await.err();
    let error = eventually("the token has expired", refused).await;
    assert!(error.is_unauthorized(), "{error}");
}

#[tokio::test]
async fn client_credentials_outlive_their_tokens() {
    let test = short_lived("token-expiry").await;
    let kc = test.as_automation("automation").build().unwrap();
    let users = kc.realm(&test.name).users();
    users.count().await.unwrap();
    let first = kc.token().await.unwrap();
    assert!(first.expires_in().unwrap().as_secs() < 3);
    expired(&test, &first).await;
    users.count().await.unwrap();
    let second = kc.token().await.unwrap();
    assert_ne!(first.expose(), second.expose());
    test.delete().await;
}

#[tokio::test]
async fn a_password_login_outlives_its_tokens_by_refresh() {
    let test = short_lived("token-refresh").await;
    operator(&test, person("ada")).await;
    let kc = server::anonymous()
        .login_realm(&test.name)
        .password("ada", PASSWORD)
        .build()
        .unwrap();
    let ada = kc.realm(&test.name).users();
    ada.count().await.unwrap();
    expired(&test, &kc.token().await.unwrap()).await;
    ada.count().await.unwrap();
    let found = test.realm.users().list().username("ada").await.unwrap();
    let user = test.realm.user(found[0].user_id().unwrap());
    assert_eq!(
        user.sessions().await.unwrap().len(),
        1,
        "refreshed, not logged in anew"
    );
    test.delete().await;
}

/// The token still has a long life when its session ends: only the 401 tells.
#[tokio::test]
async fn a_session_that_ended_is_replaced_once() {
    let test = TestRealm::new("token-ended").await;
    operator(&test, person("ada")).await;
    let kc = server::anonymous()
        .login_realm(&test.name)
        .password("ada", PASSWORD)
        .build()
        .unwrap();
    let users = kc.realm(&test.name).users();
    users.count().await.unwrap();
    let before = kc.token().await.unwrap();
    test.realm.logout_all().await.unwrap();
    users.count().await.expect("logged in again");
    assert_ne!(kc.token().await.unwrap().expose(), before.expose());
    test.delete().await;
}

#[tokio::test]
async fn many_calls_at_once_make_one_login() {
    let test = TestRealm::new("token-once").await;
    test.automation("automation", &["view-users"]).await;
    let on = |config: &mut keycloak_kit::representations::RealmEventsConfigRepresentation| {
        config.events_enabled = Some(true);
    };
    test.realm.events().config().modify(on).await.unwrap();
    let kc = test.as_automation("automation").build().unwrap();
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let users = kc.realm(&test.name).users();
            tokio::spawn(async move { users.count().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    let logins = test.realm.events().list().of_type(["CLIENT_LOGIN"]).await;
    assert_eq!(logins.unwrap().len(), 1);
    test.delete().await;
}

#[tokio::test]
async fn a_password_with_a_one_time_code() {
    let test = TestRealm::new("token-totp").await;
    let ada = person("ada").credentials([
        CredentialRepresentation::password(PASSWORD),
        totp::credential(TOTP_SECRET),
    ]);
    operator(&test, ada).await;
    let login = || {
        server::anonymous()
            .login_realm(&test.name)
            .password("ada", PASSWORD)
    };
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let kc = login()
        .totp(move || {
            counter.fetch_add(1, Ordering::SeqCst);
            totp::code(TOTP_SECRET)
        })
        .build()
        .unwrap();
    kc.realm(&test.name).users().count().await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 1);

    for builder in [login(), login().totp(|| "000000".to_owned())] {
        let error = builder.build().unwrap().login().await.unwrap_err();
        assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    }
    test.delete().await;
}

#[tokio::test]
async fn a_refresh_token_from_elsewhere() {
    let test = TestRealm::new("token-given").await;
    test.login_client("app").await;
    operator(&test, person("ada")).await;
    let (_, tokens) = test.login("app", "ada").await;
    let kc = server::anonymous()
        .login_realm(&test.name)
        .client_id("app")
        .refresh_token(tokens.refresh_token().unwrap())
        .build()
        .unwrap();
    kc.realm(&test.name).users().count().await.unwrap();
    test.realm.logout_all().await.unwrap();
    let ended = kc.realm(&test.name).users().count().await.unwrap_err();
    assert!(ended.is_unauthorized(), "{ended}");
    assert!(ended.hint().is_some(), "{ended}");
    test.delete().await;
}

#[derive(Debug)]
struct Vault(AtomicUsize);

impl TokenSource for Vault {
    fn fetch<'a>(&'a self, context: TokenContext<'a>) -> BoxFuture<'a, Result<AccessToken>> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            context
                .grant(&[
                    ("grant_type", "client_credentials"),
                    ("client_id", "automation"),
                    ("client_secret", SECRET),
                ])
                .await
        })
    }
}

#[tokio::test]
async fn tokens_from_a_source_and_fixed_ones() {
    let test = TestRealm::new("token-source").await;
    test.automation("automation", &["view-users"]).await;
    let kc = server::anonymous()
        .login_realm(&test.name)
        .token_source(Vault(AtomicUsize::new(0)))
        .build()
        .unwrap();
    kc.realm(&test.name).users().count().await.unwrap();
    let token = kc.token().await.unwrap();
    let fixed = server::anonymous()
        .access_token(token.expose())
        .build()
        .unwrap();
    fixed.realm(&test.name).users().count().await.unwrap();
    test.delete().await;
}

#[tokio::test]
async fn a_server_with_a_public_name() {
    let public = "https://sso.example.test/auth";
    let realm = RealmRepresentation::default().attribute("frontendUrl", public);
    let test = TestRealm::with("token-issuer", realm).await;
    test.automation("automation", &["view-users"]).await;
    test.login_client("app").await;
    test.user("ada").await;

    let error = test
        .as_automation("automation")
        .build()
        .unwrap()
        .login()
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let text = error.to_string();
    let issuer = format!("{public}/realms/{}", test.name);
    assert!(
        text.contains(&issuer) && text.contains("issuer(..)"),
        "{text}"
    );

    for given in [public, "https://sso.example.test/auth/", &issuer] {
        let kc = test.as_automation("automation").issuer(given).build();
        let kc = kc.unwrap();
        kc.realm(&test.name).users().count().await.unwrap();
        assert_eq!(kc.metadata(&test.name).await.unwrap().issuer, issuer);
        let oidc = kc.oidc(&test.name, "app").build().unwrap();
        let tokens = oidc.password("ada", PASSWORD).await.unwrap();
        let claim = tokens.id_token().unwrap().claim("iss").unwrap();
        assert_eq!(claim, &issuer);
        oidc.userinfo(&tokens).await.unwrap();
        oidc.logout(&tokens).await.unwrap();
    }
    let other = test
        .as_automation("automation")
        .issuer("https://other.example.test");
    let error = other.build().unwrap().login().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    test.delete().await;
}

#[tokio::test]
async fn a_base_url_with_a_slash_at_its_end() {
    let server = server::server();
    let kc = Keycloak::builder(format!("{}/", server.url))
        .password(&server.username, server.password.as_str())
        .build()
        .unwrap();
    assert_eq!(kc.base_url(), server.url);
    kc.login().await.unwrap();
    kc.realm("master").get().await.unwrap();
}
