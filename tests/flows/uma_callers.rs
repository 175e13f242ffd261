//! Whose permissions the server decides about: the caller's, whatever the token is.

use keycloak_kit::jose::{DpopKey, SignatureAlgorithm};
use keycloak_kit::uma::{Access, PathRule, Resource};
use keycloak_kit::{AccessToken, ErrorKind, Method, TokenFault};
use serde_json::{Value, json};

use crate::support::PASSWORD;
use crate::support::resource_server::ResourceServer;

/// The client itself, its service account, may read `vault`; ada may read `album`.
async fn vault(label: &str) -> ResourceServer {
    let server = ResourceServer::new(label).await;
    for name in ["vault", "album"] {
        let resource = Resource::new(name).uri(format!("/{name}")).scopes(["read"]);
        server.uma.resources().create(&resource).await.unwrap();
    }
    let role = json!({ "name": "keeper" });
    server.realm.post(&["roles"], &role).await;
    let role = server.realm.get(&["roles", "keeper"]).await;
    let own = server.user_id("service-account-app").await;
    let path = ["users", &own, "role-mappings", "realm"];
    server.realm.post(&path, &json!([role])).await;
    let policy = json!({ "name": "keepers", "roles": [{ "id": role["id"] }] });
    server.post(&["policy", "role"], &policy).await;
    let permission = json!({
        "name": "vault", "resources": ["vault"], "scopes": ["read"], "policies": ["keepers"],
    });
    server.post(&["permission", "scope"], &permission).await;
    server.allow("album", "album", &["read"], &["ada"]).await;
    server
}

/// Gives a user so many roles that an access token is longer than the server's limit.
async fn with_many_roles(server: &ResourceServer, user: &str) {
    let mut roles = Vec::new();
    for number in 0..120 {
        let name = format!("role-{number:0>40}");
        let path = ["roles"];
        server.realm.post(&path, &json!({ "name": name })).await;
        roles.push(server.realm.get(&["roles", &name]).await);
    }
    let id = server.user_id(user).await;
    let path = ["users", &id, "role-mappings", "realm"];
    server.realm.post(&path, &Value::from(roles)).await;
}

async fn public_client(server: &ResourceServer) -> keycloak_kit::oidc::Oidc {
    let public = json!({ "publicClient": true, "serviceAccountsEnabled": false, "secret": null });
    server.realm.client("spa", public).await;
    let builder = server.realm.kc.oidc(&server.realm.name, "spa");
    builder.build().unwrap()
}

#[tokio::test]
async fn a_bad_token_is_nobody_and_never_the_client() {
    let server = vault("nobody").await;
    let oidc = server.uma.oidc();
    let rule = PathRule::new("/vault").method(Method::GET, ["vault#read"]);
    let enforcer = oidc.path_enforcer().rule(rule).build().unwrap();
    // What the question is about: the client itself would be let in.
    let own = oidc.client_credentials().await.unwrap();
    let own = own.access_token();
    let status = oidc.has_access(own, ["vault#read"]).await.unwrap();
    assert!(status.authorized, "{status:?}");
    let ada = server.login("ada").await;
    let forged = format!("{}AAAA", &ada.expose()[..ada.expose().len() - 4]);
    for bad in [
        "x",
        &"x".repeat(4_001),
        &"x".repeat(20_001),
        &"x".repeat(60_000),
        &"x".repeat(70_000),
        &"x".repeat(1_000_000),
        "",
        " ",
        "a b",
        &format!("{} junk", ada.expose()),
        "a\nb",
        "\u{e4}",
        &forged,
    ] {
        let shown: String = bad.chars().take(20).collect();
        let status = oidc.has_access(bad, ["vault#read"]).await;
        let status = status.unwrap_or_else(|error| panic!("{shown} {}: {error}", bad.len()));
        assert!(!status.logged_in && !status.authorized, "{shown}");
        let access = enforcer.check(&Method::GET, "/vault", Some(bad)).await;
        assert_eq!(access.unwrap(), Access::NotLoggedIn, "{shown}");
        let ask = || oidc.permissions(bad).permission("vault");
        for error in [
            ask().decision().await.unwrap_err(),
            ask().list().await.unwrap_err(),
            ask().rpt().await.unwrap_err(),
            oidc.permissions(bad).rpt().await.unwrap_err(),
        ] {
            assert!(error.is_unauthorized(), "{shown}: {error}");
            assert!(!error.to_string().contains(&"x".repeat(100)));
        }
    }
    server.realm.delete().await;
}

#[tokio::test]
async fn a_user_with_many_roles_is_decided_about() {
    let server = vault("roles").await;
    with_many_roles(&server, "ada").await;
    let oidc = server.uma.oidc();
    let ada = server.login("ada").await;
    assert!(ada.expose().len() > 4_000);
    let rpt = oidc.permissions(&ada).rpt().await.unwrap();
    let granted = rpt.permissions().unwrap();
    let names: Vec<_> = granted.iter().map(|one| &one.resource_name).collect();
    assert_eq!(names, [&Some("album".to_owned())]);
    let verifier = oidc.access_token_verifier().audience("app").build();
    let claims = verifier.unwrap().verify(rpt.access_token().expose()).await;
    let ada_id = server.user_id("ada").await;
    assert_eq!(claims.unwrap().subject(), Some(ada_id.as_str()));
    let status = oidc.has_access(&ada, ["album#read", "vault#read"]).await;
    let status = status.unwrap();
    assert!(status.logged_in);
    assert_eq!(Vec::from_iter(status.missing), ["vault#read"]);
    let ask = || oidc.permissions(&ada).permission("vault#read");
    assert!(!ask().decision().await.unwrap());

    // With claims the token is a parameter; the server would decide about the client without it.
    let claims = json!({ "why": ["audit"] });
    let error = ask().claims(&claims).decision().await.unwrap_err();
    let said = error.to_string();
    assert!(
        error.is_config() && said.contains("subject_token"),
        "{said}"
    );
    assert!(
        said.contains(&ada.expose().len().to_string()) && said.contains("4000"),
        "{said}"
    );
    server.realm.delete().await;
}

/// The server refuses claims beside the bearer token of a public client.
#[tokio::test]
async fn claims_go_along_with_the_token_of_a_public_client() {
    let server = vault("public").await;
    let spa = public_client(&server).await;
    let oidc = server.uma.oidc();
    let tokens = spa.password("ada", PASSWORD).await.unwrap();
    let ada = tokens.access_token();
    let ask = || oidc.permissions(ada).permission("album#read");
    assert!(ask().decision().await.unwrap());
    let claims = json!({ "why": ["audit"] });
    assert!(ask().claims(&claims).decision().await.unwrap());
    let own = oidc.password("ada", PASSWORD).await.unwrap();
    let id_token = own.id_token().unwrap().expose();
    assert!(ask().claim_token(id_token).decision().await.unwrap());
    let rpt = ask().claim_token(id_token).rpt().await.unwrap();
    assert_eq!(rpt.permissions().unwrap().len(), 1);
    let bad = oidc.permissions("x").permission("album#read");
    let error = bad.claims(&claims).decision().await.unwrap_err();
    assert!(error.is_unauthorized(), "{error}");
    server.realm.delete().await;
}

/// It has no subject to compare with.
#[tokio::test]
async fn a_token_without_subject_is_asked_about() {
    let server = vault("light").await;
    let light = json!({
        "attributes": { "client.use.lightweight.access.token.enabled": "true" },
    });
    server.realm.client("light", light).await;
    let client = server.realm.oidc("light").build().unwrap();
    let tokens = client.password("ada", PASSWORD).await.unwrap();
    let oidc = server.uma.oidc();
    let ada = tokens.access_token();
    let rpt = oidc.permissions(ada).permission("album").rpt().await;
    assert_eq!(rpt.unwrap().permissions().unwrap().len(), 1);
    let status = oidc.has_access(ada, ["album#read"]).await.unwrap();
    assert!(status.authorized, "{status:?}");
    server.realm.delete().await;
}

#[tokio::test]
async fn a_token_bound_to_a_key_is_named_so() {
    let server = vault("bound").await;
    let metadata = server.uma.oidc().metadata().await.unwrap();
    if !metadata
        .extra
        .contains_key("dpop_signing_alg_values_supported")
        && metadata.dpop_signing_alg_values_supported.is_none()
    {
        // An older release, which binds no tokens.
        server.realm.delete().await;
        return;
    }
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let bound = server.realm.oidc("app").dpop(key).build().unwrap();
    let tokens = bound.password("ada", PASSWORD).await.unwrap();
    // Whoever asks, with the key or without it.
    for oidc in [server.uma.oidc(), &bound] {
        let ada: AccessToken = tokens.access_token().clone();
        let error = oidc.has_access(&ada, ["album#read"]).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Binding), "{error}");
        assert_eq!(error.kind(), ErrorKind::InvalidToken);
        assert!(error.to_string().contains("DPoP"), "{error}");
        let error = oidc.permissions(&ada).rpt().await.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Binding), "{error}");
    }
    // A client with a key asks about others' tokens.
    let bob = server.login("bob").await;
    let status = bound.has_access(&bob, ["album#read"]).await.unwrap();
    assert!(status.logged_in && !status.authorized);
    let ada = server.login("ada").await;
    bound.permissions(&ada).rpt().await.unwrap();
    server.realm.delete().await;
}
