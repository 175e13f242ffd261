//! Layers and extractors in a router of axum.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use http::{Request, Response};
use serde_json::json;
use tower::ServiceExt as _;

use super::{builder, claims, signed, with};
use crate::web::{Caller, Claims, realm_role, scope};

#[derive(serde::Deserialize)]
struct Own {
    department: String,
}

fn app() -> Router {
    let guard = builder().open_path("/health").build().unwrap();
    let editors = realm_role("editor").and(scope("notes"));
    let private = Router::new()
        .route(
            "/me",
            get(|caller: Caller| async move { caller.subject().to_owned() }),
        )
        .route(
            "/own",
            get(|Claims(own): Claims<Own>| async move { own.department }),
        )
        .route(
            "/edit",
            get(|| async { "edited" }).layer(guard.require(editors)),
        )
        .route(
            "/admin",
            get(|| async { "admin" }).layer(guard.require(realm_role("admin"))),
        )
        .route(
            "/health",
            get(|caller: Option<Caller>| async move { format!("{}", caller.is_some()) }),
        )
        .layer(guard.layer());
    let public = Router::new()
        .route(
            "/who",
            get(|caller: Option<Caller>| async move {
                caller.map_or("nobody".to_owned(), |caller| caller.subject().to_owned())
            }),
        )
        .route(
            "/must",
            get(|caller: Caller| async move { caller.subject().to_owned() }),
        )
        .layer(guard.optional());
    Router::new()
        .merge(private)
        .merge(public)
        .route("/unguarded", get(|_: Caller| async { "never" }))
        .route(
            "/alone",
            get(|| async { "alone" }).layer(guard.require(scope("notes"))),
        )
}

async fn sent(path: &str, token: Option<&str>) -> Response<Body> {
    let mut request = Request::get(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    app()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

async fn said(path: &str, token: Option<&str>) -> (u16, String) {
    let response = sent(path, token).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), 10_000)
        .await
        .unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test]
async fn layers_and_extractors() {
    let good = signed(&claims());
    let bad = signed(&with(claims(), "aud", json!("other")));
    let poor = signed(&with(claims(), "scope", json!("openid")));
    for (path, token, status, body) in [
        ("/me", Some(&good), 200, "ada"),
        ("/me", Some(&bad), 401, ""),
        ("/me", None, 401, ""),
        ("/own", Some(&good), 200, "sales"),
        ("/edit", Some(&good), 200, "edited"),
        ("/edit", Some(&poor), 403, ""),
        ("/admin", Some(&good), 403, ""),
        ("/health", None, 200, "false"),
        ("/who", None, 200, "nobody"),
        ("/who", Some(&good), 200, "ada"),
        ("/who", Some(&bad), 401, ""),
        ("/must", None, 401, ""),
        ("/unguarded", Some(&good), 500, ""),
        ("/alone", Some(&good), 200, "alone"),
        ("/alone", Some(&poor), 403, ""),
        ("/alone", None, 401, ""),
    ] {
        let (found, said) = said(path, token.map(String::as_str)).await;
        assert_eq!(found, status, "{path}: {said}");
        if status == 200 {
            assert_eq!(said, body, "{path}");
        }
    }
    let response = sent("/must", None).await;
    assert_eq!(
        response.headers()["www-authenticate"],
        "Bearer realm=\"demo\""
    );
}
