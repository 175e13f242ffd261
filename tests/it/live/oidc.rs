//! OpenID Connect as an application uses it.

use keycloak_kit::representations::{ClientRepresentation, ComponentRepresentation};
use keycloak_kit::{ClientAuth, ErrorKind};
use pretty_assertions::assert_eq;

use crate::support::accounts::{PASSWORD, SECRET};
use crate::support::{TestRealm, totp};

#[tokio::test]
async fn login_userinfo_refresh_logout() {
    let test = TestRealm::new("oidc").await;
    test.login_client("app").await;
    let (ada, _) = test.user("ada").await;
    let (oidc, tokens) = test.login("app", "ada").await;
    let id_token = tokens.id_token().unwrap();
    assert_eq!(id_token.subject(), ada.as_str());
    assert_eq!(id_token.claim("preferred_username").unwrap(), "ada");
    assert_eq!(id_token.claim("aud").unwrap(), "app");
    assert!(tokens.scope().unwrap().contains("openid"));
    assert!(tokens.access_token().expires_in().unwrap().as_secs() > 0);
    assert!(!format!("{tokens:?}").contains("eyJ"), "{tokens:?}");

    let me = oidc.userinfo(&tokens).await.unwrap();
    assert_eq!(me.subject(), ada.as_str());
    assert_eq!(me.email(), Some("ada@example.org"));
    assert_eq!(me.name(), Some("Ada Lovelace"));

    let refreshed = oidc.refresh(&tokens).await.unwrap();
    assert_ne!(
        refreshed.access_token().expose(),
        tokens.access_token().expose()
    );
    assert_eq!(refreshed.id_token().unwrap().subject(), ada.as_str());

    oidc.logout(&refreshed).await.unwrap();
    let ended = oidc.refresh(&refreshed).await.unwrap_err();
    assert_eq!(ended.oauth_code(), Some("invalid_grant"), "{ended}");
    let ended = oidc.userinfo(&refreshed).await.unwrap_err();
    assert!(ended.is_unauthorized(), "{ended}");
    test.delete().await;
}

#[tokio::test]
async fn confidential_clients_and_their_own_login() {
    let test = TestRealm::new("oidc-secret").await;
    let client = ClientRepresentation::default()
        .client_id("app: 50% é&=")
        .secret(SECRET)
        .direct_access_grants_enabled(true)
        .service_accounts_enabled(true);
    test.client(client).await;
    test.user("ada").await;
    let builder = || test.realm.oidc("app: 50% é&=");
    for builder in [
        builder().client_secret(SECRET),
        builder().client_auth(ClientAuth::client_secret_post(SECRET)),
    ] {
        let oidc = builder.build().unwrap();
        let tokens = oidc.password("ada", PASSWORD).scope("openid email").await;
        let tokens = tokens.unwrap();
        let refreshed = oidc.refresh(&tokens).await.unwrap();
        oidc.revoke(&refreshed).await.unwrap();
        let revoked = oidc.refresh(&refreshed).await.unwrap_err();
        assert!(revoked.is_unauthorized(), "{revoked}");

        let own = oidc.client_credentials().scope("openid").await.unwrap();
        let name = own.id_token().unwrap().claim("preferred_username").unwrap();
        assert!(name.as_str().unwrap().starts_with("service-account-app"));
        assert!(own.refresh_token().is_none());
        assert_eq!(
            oidc.refresh(&own).await.unwrap_err().kind(),
            ErrorKind::Config
        );
    }
    let wrong = builder().client_secret("wrong").build().unwrap();
    let error = wrong.password("ada", PASSWORD).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("unauthorized_client"), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let test = TestRealm::new("oidc-refused").await;
    test.login_client("app").await;
    let (_, ada) = test.user("ada").await;
    let oidc = test.realm.oidc("app").build().unwrap();
    let wrong = oidc.password("ada", "wrong").await.unwrap_err();
    assert_eq!(wrong.oauth_code(), Some("invalid_grant"));
    ada.modify(|user| user.enabled = Some(false)).await.unwrap();
    let disabled = oidc.password("ada", PASSWORD).await.unwrap_err();
    assert_eq!(disabled.server_message(), Some("Account disabled"));
    let unknown = test.realm.oidc("nobody").build().unwrap();
    let unknown = unknown.password("ada", PASSWORD).await.unwrap_err();
    assert!(unknown.is_unauthorized(), "{unknown}");
    let unscoped = oidc.password("ada", PASSWORD).scope("no-such-scope").await;
    assert_eq!(unscoped.unwrap_err().oauth_code(), Some("invalid_scope"));
    test.delete().await;
}

#[tokio::test]
async fn a_login_with_a_one_time_code() {
    let test = TestRealm::new("oidc-totp").await;
    test.login_client("app").await;
    let ada = crate::support::accounts::person("ada").credentials([
        keycloak_kit::representations::CredentialRepresentation::password(PASSWORD),
        totp::credential("JBSWY3DPEHPK3PXP"),
    ]);
    test.realm.users().create(&ada).await.unwrap();
    let oidc = test.realm.oidc("app").build().unwrap();
    oidc.password("ada", PASSWORD).await.unwrap_err();
    let code = totp::code("JBSWY3DPEHPK3PXP");
    oidc.password("ada", PASSWORD).totp(code).await.unwrap();
    test.delete().await;
}

/// A realm signs with the algorithm that a client asks for.
#[tokio::test]
async fn algorithms_of_id_tokens() {
    let test = TestRealm::new("oidc-algorithms").await;
    let client = test.login_client("app").await;
    test.user("ada").await;
    let keys = |provider: &str, option: &str, value: &str| {
        ComponentRepresentation::default()
            .name(format!("{provider} {value}"))
            .provider_id(provider)
            .provider_type("org.keycloak.keys.KeyProvider")
            .config_entry("priority", ["1"])
            .config_entry(option, [value])
    };
    for component in [
        keys("rsa-generated", "algorithm", "RS512"),
        keys("rsa-generated", "algorithm", "PS256"),
        keys("ecdsa-generated", "ecdsaEllipticCurveKey", "P-256"),
        keys("ecdsa-generated", "ecdsaEllipticCurveKey", "P-384"),
        keys("ecdsa-generated", "ecdsaEllipticCurveKey", "P-521"),
        keys("eddsa-generated", "eddsaEllipticCurveKey", "Ed25519"),
    ] {
        test.realm.components().create(&component).await.unwrap();
    }
    // The keys are read once: these logins share them.
    let oidc = test.realm.oidc("app").build().unwrap();
    for algorithm in [
        "RS256", "RS512", "PS256", "ES256", "ES384", "ES512", "EdDSA",
    ] {
        sign_with(&client, algorithm).await;
        let tokens = oidc.password("ada", PASSWORD).await;
        let tokens = tokens.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        assert_eq!(tokens.id_token().unwrap().claim("aud").unwrap(), "app");
    }
    test.delete().await;
}

async fn sign_with(client: &keycloak_kit::admin::handles::Client, algorithm: &str) {
    client
        .modify(|client| {
            *client = client
                .clone()
                .attribute("id.token.signed.response.alg", algorithm);
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn what_a_realm_publishes() {
    let test = TestRealm::new("oidc-metadata").await;
    let oidc = test.realm.oidc("app").build().unwrap();
    let metadata = oidc.metadata().await.unwrap();
    let base = format!("{}/realms/{}", test.kc.base_url(), test.name);
    assert_eq!(metadata.issuer, base);
    assert!(
        metadata
            .token_endpoint
            .as_deref()
            .unwrap()
            .starts_with(&base)
    );
    assert_eq!(
        test.realm.oidc("").build().unwrap_err().kind(),
        ErrorKind::Config
    );
    test.delete().await;
}
