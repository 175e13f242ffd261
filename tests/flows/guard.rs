//! A guarded API of axum, called with tokens that Keycloak made.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, Response, StatusCode};
use keycloak_kit::Method;
use keycloak_kit::jose::{DpopKey, SignatureAlgorithm};
use keycloak_kit::oidc::Check;
use keycloak_kit::uma::PathRule;
use keycloak_kit::web::{
    Caller, Guard, PublicAddress, acr, client_role, organization, realm_role, scope,
};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::support::PASSWORD;
use crate::support::realm::Realm;
use crate::support::resource_server::ResourceServer;

const API: &str = "https://api.example.org";

fn audience() -> Value {
    json!({ "protocolMappers": [{
        "name": "audience", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
        "config": {
            "included.custom.audience": "api", "access.token.claim": "true", "introspection.token.claim": "true",
        },
    }] })
}

fn api(guard: &Guard) -> Router {
    let auditors = realm_role("auditor").or(scope("reports:read"));
    let route = |requirement| get(|| async { "ok" }).layer(guard.require(requirement));
    Router::new()
        .route(
            "/me",
            get(|caller: Caller| async move { caller.subject().to_owned() }),
        )
        .route("/reports", route(auditors))
        .route("/writers", route(client_role("app", "writer")))
        .route("/acme", route(organization("acme")))
        .route("/gold", route(acr(["gold"])))
        .layer(guard.layer())
}

async fn call(
    api: &Router,
    path: &str,
    authorization: &str,
    proof: Option<&str>,
) -> Response<Body> {
    let request = Request::get(path).header("authorization", authorization);
    let request = match proof {
        Some(proof) => request.header("dpop", proof),
        None => request,
    };
    let request = request.body(Body::empty()).unwrap();
    api.clone().oneshot(request).await.unwrap()
}

async fn status(api: &Router, path: &str, token: &str) -> StatusCode {
    call(api, path, &format!("Bearer {token}"), None)
        .await
        .status()
}

#[tokio::test]
async fn tokens_of_the_realm_open_what_their_roles_allow() {
    let roles = json!({ "roles": { "realm": [{ "name": "auditor" }] } });
    let realm = Realm::with("guard", roles).await;
    let app = realm.app(audience()).await;
    let guard = app.guard().audience("api").build().unwrap();
    let api = api(&guard);
    let login = async || {
        let tokens = app.password("ada", PASSWORD).await.unwrap();
        tokens.access_token().expose().to_owned()
    };
    let token = login().await;
    for (path, expected) in [
        ("/me", 200),
        ("/reports", 403),
        ("/writers", 403),
        ("/acme", 403),
        ("/gold", 401),
    ] {
        assert_eq!(status(&api, path, &token).await, expected, "{path}");
    }
    let (user, role) = (
        realm.user_id("ada").await,
        realm.get(&["roles", "auditor"]).await,
    );
    realm
        .post(&["users", &user, "role-mappings", "realm"], &json!([role]))
        .await;
    // The old token does not have it.
    assert_eq!(status(&api, "/reports", &token).await, 403);
    assert_eq!(status(&api, "/reports", &login().await).await, 200);
    // Other tokens of the same login are not access tokens.
    let tokens = app.password("ada", PASSWORD).scope("openid").await.unwrap();
    let id_token = tokens.id_token().unwrap().expose().to_owned();
    assert_eq!(status(&api, "/me", &id_token).await, 401);
    let refresh = tokens.refresh_token().unwrap().expose().to_owned();
    assert_eq!(status(&api, "/me", &refresh).await, 401);
    // Another service of the realm takes no token of this one.
    let other = app.guard().audience("billing").build().unwrap();
    let response = call(&self::api(&other), "/me", &format!("Bearer {token}"), None).await;
    let challenge = response.headers()["www-authenticate"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(challenge.contains("another audience"), "{challenge}");
    realm.delete().await;
}

#[tokio::test]
async fn lightweight_tokens_are_introspected() {
    let realm = Realm::new("guard-light").await;
    let mut client = audience();
    client["attributes"] = json!({ "client.use.lightweight.access.token.enabled": "true" });
    let app = realm.app(client).await;
    // Keycloak answers a client that is in the token's audience.
    realm.client("api", json!({})).await;
    let service = realm.oidc("api").build().unwrap();
    let guard = service.guard().audience("api");
    let guard = guard.access_tokens(|verifier| verifier.introspection(service.clone()));
    let api = api(&guard.build().unwrap());
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let token = tokens.access_token().expose().to_owned();
    let response = call(&api, "/me", &format!("Bearer {token}"), None).await;
    assert_eq!(response.status(), 200);
    realm.delete().await;
}

#[tokio::test]
async fn dpop_tokens_need_their_proof() {
    let realm = Realm::new("guard-dpop").await;
    let mut client = audience();
    client["attributes"] = json!({ "dpop.bound.access.tokens": "true" });
    realm.client("app", client).await;
    let key = DpopKey::generate(SignatureAlgorithm::Es256).unwrap();
    let app = realm.oidc("app").dpop(key.clone()).build().unwrap();
    let address = PublicAddress::fixed(API).unwrap();
    let api = api(&app
        .guard()
        .audience("api")
        .public_address(address)
        .build()
        .unwrap());
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let token = tokens.access_token().expose();
    let url = format!("{API}/me").parse().unwrap();
    let proof = key.proof(&Method::GET, &url, Some(token), None).unwrap();
    let authorization = format!("DPoP {token}");
    assert_eq!(
        call(&api, "/me", &authorization, Some(&proof))
            .await
            .status(),
        200
    );
    let again = call(&api, "/me", &authorization, Some(&proof)).await;
    assert_eq!(again.status(), 401);
    let mut challenges = again.headers().get_all("www-authenticate").iter();
    assert!(challenges.any(|one| one.to_str().unwrap().contains("invalid_dpop_proof")));
    let elsewhere = key.proof(&Method::GET, &url, Some(token), None).unwrap();
    assert_eq!(
        call(&api, "/gold", &authorization, Some(&elsewhere))
            .await
            .status(),
        401
    );
    assert_eq!(
        call(&api, "/me", &format!("Bearer {token}"), None)
            .await
            .status(),
        401
    );
    realm.delete().await;
}

/// Keys change while requests come: a good token is never refused.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_good_token_is_refused_while_keys_rotate() {
    let realm = Realm::new("guard-rotation").await;
    let app = realm.app(audience()).await;
    let guard = app.guard().audience("api").build().unwrap();
    let api = api(&guard);
    let stop = Arc::new(AtomicBool::new(false));
    let good = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..4)
        .map(|_| {
            let (app, api) = (app.clone(), api.clone());
            let (stop, good) = (stop.clone(), good.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let tokens = app.password("ada", PASSWORD).await.unwrap();
                    for _ in 0..20 {
                        let token = tokens.access_token().expose();
                        assert_eq!(status(&api, "/me", token).await, 200);
                        good.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    let until = async |more: usize| {
        let before = good.load(Ordering::SeqCst);
        let done = || callers.iter().any(tokio::task::JoinHandle::is_finished);
        while good.load(Ordering::SeqCst) < before + more && !done() {
            tokio::task::yield_now().await;
        }
    };
    until(100).await;
    realm
        .key_provider("rsa-generated", json!({ "priority": ["200"] }))
        .await;
    until(400).await;
    stop.store(true, Ordering::SeqCst);
    for caller in callers {
        caller.await.unwrap();
    }
    realm.delete().await;
}

#[tokio::test]
async fn paths_are_decided_by_the_server() {
    let server = ResourceServer::new("guard-paths").await;
    let found = server.album(&["/albums/{id}"]).await;
    let oidc = server.uma.oidc();
    let methods = [(Method::GET, "view"), (Method::PUT, "edit")];
    let rules = found
        .iter()
        .flat_map(|one| PathRule::of_resource(one, &methods));
    let enforcer = oidc
        .path_enforcer()
        .rules(rules)
        .rule(PathRule::new("/health").open());
    let enforcer = enforcer.holder_verified().build().unwrap();
    // The server decides, whoever the token was made for.
    let guard = oidc
        .guard()
        .access_tokens(|verifier| verifier.without(Check::Audience));
    let guard = guard.build().unwrap();
    let who = |caller: Option<Caller>| async move { caller.is_some().to_string() };
    let api = Router::new()
        .route("/albums/{id}", get(who).put(who))
        .route("/health", get(who))
        .route("/other", get(who))
        .layer(guard.enforce(enforcer));
    let send = async |method: &Method, path: &str, token: Option<&str>| {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Body::empty()).unwrap();
        api.clone()
            .oneshot(request)
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    let (ada, bob) = (server.login("ada").await, server.login("bob").await);
    for (method, path, token, expected) in [
        (Method::GET, "/albums/7", Some(bob.expose()), 200),
        (Method::PUT, "/albums/7", Some(bob.expose()), 403),
        (Method::PUT, "/albums/7", Some(ada.expose()), 200),
        (Method::GET, "/albums/7", None, 401),
        (Method::GET, "/albums/7", Some("no"), 401),
        (Method::GET, "/health", None, 200),
        (Method::GET, "/other", Some(ada.expose()), 403),
    ] {
        assert_eq!(
            send(&method, path, token).await,
            expected,
            "{method} {path}"
        );
    }
}
