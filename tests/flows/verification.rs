//! Tokens that the server really makes, before every verifier.

use keycloak_kit::jose::{DpopKey, SignatureAlgorithm, decode_unverified};
use keycloak_kit::oidc::{Expected, OfflineToken, Presented, RefreshToken};
use keycloak_kit::{Method, TokenFault};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::CALLBACK;
use crate::support::PASSWORD;
use crate::support::browser::Browser;
use crate::support::endpoint::Endpoint;
use crate::support::realm::Realm;

/// Mappers that write the audience `api`, groups and what else a service asks for.
fn mappers() -> Value {
    json!([
        {
            "name": "audience", "protocol": "openid-connect",
            "protocolMapper": "oidc-audience-mapper",
            "config": { "included.custom.audience": "api", "access.token.claim": "true" },
        },
        {
            "name": "groups", "protocol": "openid-connect",
            "protocolMapper": "oidc-group-membership-mapper",
            "config": { "claim.name": "groups", "access.token.claim": "true", "full.path": "true" },
        },
    ])
}

#[tokio::test]
async fn what_an_access_token_says_is_typed() {
    let roles = json!({
        "roles": { "realm": [{ "name": "editor" }] },
        "groups": [{ "name": "staff" }],
    });
    let realm = Realm::with("claims", roles).await;
    let app = realm.app(json!({ "protocolMappers": mappers() })).await;
    let (user, role) = (
        realm.user_id("ada").await,
        realm.get(&["roles", "editor"]).await,
    );
    realm
        .post(&["users", &user, "role-mappings", "realm"], &json!([role]))
        .await;
    let groups = realm.get(&["groups"]).await;
    let group = groups[0]["id"].as_str().unwrap();
    realm
        .put(&["users", &user, "groups", group], &json!({}))
        .await;
    let tokens = app
        .password("ada", PASSWORD)
        .scope("openid profile")
        .await
        .unwrap();

    #[derive(serde::Deserialize)]
    struct Own {
        preferred_username: String,
        email_verified: Option<bool>,
    }
    let verifier = app
        .access_token_verifier()
        .audience("api")
        .authorized_party("app");
    let verifier = verifier.scope("profile").build().unwrap();
    let claims = verifier
        .verify_as::<Own>(tokens.access_token())
        .await
        .unwrap();
    assert_eq!(claims.own().preferred_username, "ada");
    assert!(claims.own().email_verified.unwrap_or(true));
    assert_eq!(claims.subject(), Some(user.as_str()));
    assert!(claims.has_realm_role("editor") && claims.has_realm_role("offline_access"));
    assert_eq!(claims.groups(), ["/staff"]);
    assert!(claims.has_scope("profile") && claims.audience().contains(&"api"));
    assert_eq!(claims.client_id(), Some("app"));
    let id = tokens.id_token().unwrap();
    assert!(claims.session_id().is_some() && claims.session_id() == id.session_id());
    assert!(claims.issued_at() < claims.expires_at() && claims.id().is_some());

    let other = app
        .access_token_verifier()
        .audience("other")
        .build()
        .unwrap();
    let error = other.verify(tokens.access_token()).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Audience), "{error}");
    realm.delete().await;
}

/// Each verifier takes its own kind of token only, as the server writes them.
#[tokio::test]
async fn each_verifier_takes_only_its_kind_of_the_servers_tokens() {
    let realm = Realm::new("kinds").await;
    let app = realm
        .app(json!({
            "protocolMappers": mappers(),
            "attributes": { "user.info.response.signature.alg": "RS256" },
        }))
        .await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let scope = "openid offline_access";
    let offline = app.password("ada", PASSWORD).scope(scope).await.unwrap();
    let url = app
        .metadata()
        .await
        .unwrap()
        .userinfo_endpoint
        .clone()
        .unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let user_info = http.get(url).bearer_auth(tokens.access_token().expose());
    let user_info = user_info.send().await.unwrap().text().await.unwrap();
    let login = app
        .authorize()
        .response_mode(keycloak_kit::oidc::ResponseMode::QueryJwt);
    let login = login.start().await.unwrap();
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    let back = url::Url::parse(back.url()).unwrap();
    let (_, response) = back
        .query_pairs()
        .find(|(name, _)| name == "response")
        .unwrap();
    let kinds = [
        ("id", tokens.id_token().unwrap().expose()),
        ("access", tokens.access_token().expose()),
        ("refresh", tokens.refresh_token().unwrap().expose()),
        ("offline", offline.refresh_token().unwrap().expose()),
        ("userinfo", user_info.as_str()),
        ("response", &*response),
    ];
    let verifier = app.verifier();
    let api = app.access_token_verifier().audience("api").build().unwrap();
    for (kind, token) in kinds {
        let taken = [
            (
                "id",
                verifier.id_token(token, &Expected::new()).await.is_ok(),
            ),
            ("access", api.verify(token).await.is_ok()),
            ("refresh", RefreshToken::new(token).is_ok()),
            ("offline", OfflineToken::new(token).is_ok()),
            ("userinfo", verifier.user_info(token, None).await.is_ok()),
            (
                "response",
                verifier.authorization_response(token).await.is_ok(),
            ),
            ("logout", verifier.logout_token(token).await.is_ok()),
        ];
        for (own, taken) in taken {
            // To a client, refresh tokens are opaque: what does not name itself may be one.
            let opaque = matches!(own, "refresh" | "offline");
            let unnamed = matches!(kind, "userinfo" | "response");
            assert_eq!(
                taken,
                own == kind || (opaque && unnamed),
                "{kind} taken as {own}"
            );
        }
    }
    realm.delete().await;
}

/// The subject of a client with pairwise subjects is not the user's id, and the same everywhere.
#[tokio::test]
async fn pairwise_subjects() {
    let realm = Realm::new("pairwise").await;
    let pairwise = json!([{
        "name": "pairwise", "protocol": "openid-connect",
        "protocolMapper": "oidc-sha256-pairwise-sub-mapper",
        "config": { "pairwiseSubAlgorithmSalt": "pepper" },
    }]);
    let client = json!({ "protocolMappers": pairwise, "redirectUris": [CALLBACK] });
    let app = realm.app(client).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let subject = tokens.id_token().unwrap().subject().to_owned();
    assert_ne!(subject, realm.user_id("ada").await);
    assert_eq!(app.userinfo(&tokens).await.unwrap().subject(), subject);
    let refreshed = app.refresh(&tokens).await.unwrap();
    assert_eq!(refreshed.id_token().unwrap().subject(), subject);
    realm.delete().await;
}

/// A logout token that the server has sent, and what becomes of it when it is changed.
#[tokio::test]
async fn a_logout_token_of_the_server_and_changed_ones() {
    let realm = Realm::new("backchannel").await;
    let endpoint = Endpoint::start(|_| (200, "text/plain", String::new())).await;
    let attributes = json!({
        "backchannel.logout.url": format!("{}/logout", endpoint.url),
        "backchannel.logout.session.required": "true",
        "backchannel.logout.revoke.offline.tokens": "true",
    });
    let app = realm.app(json!({ "attributes": attributes })).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    app.logout(&tokens).await.unwrap();
    let call = endpoint.next(|call| call.path == "/logout").await;
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/logout")
    );
    let token = call.form("logout_token").unwrap();
    let verifier = app.verifier();
    let logout = verifier.logout_token(&token).await.unwrap();
    let id = tokens.id_token().unwrap();
    assert_eq!(logout.session_id(), id.session_id());
    assert_eq!(logout.subject(), Some(id.subject()));
    assert!(logout.revokes_offline_access());
    assert_eq!(
        decode_unverified(&token).unwrap().header()["typ"],
        "logout+jwt"
    );

    let again = verifier.logout_token(&token).await.unwrap_err();
    assert_eq!(again.token_fault(), Some(TokenFault::Replayed));
    let other = realm.oidc("other").build().unwrap().verifier();
    let error = other.logout_token(&token).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Audience));
    let error = verifier
        .id_token(&token, &Expected::new())
        .await
        .unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Type));
    let error = verifier.logout_token(id.expose()).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Type));
    let error = verifier
        .logout_token(tokens.access_token().expose())
        .await
        .unwrap_err();
    assert!(error.is_invalid_token(), "{error}");
    realm.delete().await;
}

/// A service that is called with a bound token asks for the proof.
#[tokio::test]
async fn a_service_checks_the_proof() {
    let realm = Realm::new("dpop-service").await;
    let attributes = json!({ "dpop.bound.access.tokens": "true" });
    let client = json!({ "attributes": attributes, "protocolMappers": mappers() });
    realm.client("app", client).await;
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let app = realm.oidc("app").dpop(key.clone()).build().unwrap();
    let tokens = app.client_credentials().await.unwrap();
    let token = tokens.access_token().expose();
    let api = app.access_token_verifier().audience("api").build().unwrap();
    let url = url::Url::parse("https://api.example.org/notes").unwrap();
    let proof = |key: &DpopKey| key.proof(&Method::GET, &url, Some(token), None).unwrap();
    let own = proof(&key);
    let presented = Presented::new(token).dpop(&own, &Method::GET, &url);
    let claims = api.verify(presented).await.unwrap();
    assert_eq!(claims.dpop_thumbprint(), Some(key.thumbprint().as_str()));
    let error = api.verify(presented).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Replayed));
    let error = api.verify(token).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Binding));
    let stranger = proof(&DpopKey::generate(SignatureAlgorithm::Es256).unwrap());
    let presented = Presented::new(token).dpop(&stranger, &Method::GET, &url);
    let error = api.verify(presented).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Binding));
    realm.delete().await;
}

/// Who logs in again in the same session does not end the logins of before: their tokens are
/// refreshed on.
#[tokio::test]
async fn a_second_login_leaves_the_first_one_its_refresh() {
    let realm = Realm::new("again").await;
    let app = realm.app(json!({})).await;
    let mut browser = Browser::new(CALLBACK);
    let login = app.authorize().start().await.unwrap();
    let back = browser.login_and_return(login.url()).await;
    let first = app.callback(login, back.url()).await.unwrap();
    // Times are whole seconds.
    let second = loop {
        let login = app.authorize().prompt("login").start().await.unwrap();
        let back = browser.login_and_return(login.url()).await;
        let second = app.callback(login, back.url()).await.unwrap();
        if second.id_token().auth_time() > first.id_token().auth_time() {
            break second;
        }
    };
    assert_eq!(
        second.id_token().session_id(),
        first.id_token().session_id()
    );
    let refreshed = app.refresh(&first).await.unwrap();
    assert_eq!(
        refreshed.id_token().unwrap().subject(),
        first.id_token().subject()
    );
    // The time is that of the session's last login.
    let (first, second) = (first.id_token().auth_time(), second.id_token().auth_time());
    let refreshed = refreshed.id_token().unwrap().auth_time();
    assert!(first < second && refreshed == second);
    realm.delete().await;
}
