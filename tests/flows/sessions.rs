//! One login, shared by tasks and by processes.

use std::sync::{Arc, Mutex};

use keycloak_kit::oidc::{Session, StoredTokens, TokenStore};
use keycloak_kit::{BoxFuture, ErrorKind, Keycloak, Method, Result};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::support::realm::Realm;
use crate::support::{PASSWORD, server};

fn rotating() -> Value {
    json!({ "revokeRefreshToken": true, "refreshTokenMaxReuse": 0 })
}

/// Everybody finds the same token refused at once, as after a restart of a service.
async fn all_refuse(session: &Session, tasks: usize) -> Vec<String> {
    let refused = session.access_token().await.unwrap();
    let tasks: Vec<_> = (0..tasks)
        .map(|_| {
            let (session, refused) = (session.clone(), refused.clone());
            tokio::spawn(async move { session.refresh_refused(&refused).await })
        })
        .collect();
    let mut tokens = Vec::new();
    for task in tasks {
        tokens.push(task.await.unwrap().unwrap().expose().to_owned());
    }
    tokens.dedup();
    tokens
}

#[tokio::test(flavor = "multi_thread")]
async fn parallel_refreshes_with_rotation_are_one() {
    let realm = Realm::with("rotation", rotating()).await;
    let app = realm.app(json!({})).await;
    let tokens = app.password("ada", PASSWORD).await.unwrap();

    // Without a session, eight refreshes of one token: one of them wins.
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (app, tokens) = (app.clone(), tokens.clone());
            tokio::spawn(async move { app.refresh(&tokens).await })
        })
        .collect();
    let mut good = 0;
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => good += 1,
            Err(error) => assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}"),
        }
    }
    assert_eq!(good, 1);

    // With one, all of them get the same token, again and again.
    let session = app.session(app.password("ada", PASSWORD).await.unwrap());
    let mut before = session.access_token().await.unwrap().expose().to_owned();
    for _ in 0..5 {
        let tokens = all_refuse(&session, 100).await;
        assert_eq!(tokens.len(), 1);
        assert_ne!(tokens[0], before);
        before = tokens[0].clone();
    }
    app.userinfo(&session.tokens().await.unwrap())
        .await
        .unwrap();
    realm.delete().await;
}

#[tokio::test]
async fn a_session_calls_the_admin_side() {
    let realm = Realm::new("session-admin").await;
    let app = realm.app(json!({})).await;
    let id = realm.user_id("ada").await;
    realm.let_manage(&id, "view-users").await;
    let session = app.session(app.password("ada", PASSWORD).await.unwrap());
    let kc = Keycloak::builder(&server::server().url)
        .login_realm(&realm.name)
        .token_source(session.clone())
        .build()
        .unwrap();
    let list = || kc.request::<Vec<Value>>(Method::GET, ["admin", "realms", &realm.name, "users"]);
    list().await.unwrap();
    // The server forgets the token: the 401 makes the session refresh, and the call is replayed.
    let before = session.access_token().await.unwrap();
    app.revoke(&before).await.unwrap();
    list().await.unwrap();
    assert_ne!(
        session.access_token().await.unwrap().expose(),
        before.expose()
    );
    realm.delete().await;
}

#[tokio::test]
async fn nothing_comes_out_of_a_session_after_its_logout() {
    let realm = Realm::with("session-logout", rotating()).await;
    let app = realm.app(json!({})).await;
    let session = app.session(app.password("ada", PASSWORD).await.unwrap());
    let before = session.access_token().await.unwrap();
    let refreshing = tokio::spawn({
        let (session, before) = (session.clone(), before.clone());
        async move { session.refresh_refused(&before).await }
    });
    tokio::task::yield_now().await;
    session.logout().await.unwrap();
    // Whatever the refresh brought belongs to a session that is over.
    if let Ok(token) = refreshing.await.unwrap() {
        let error = app.userinfo_of(&token).await.unwrap_err();
        assert!(error.is_unauthorized(), "{error}");
    }
    let error = session.access_token().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(error.to_string().contains("ended here"), "{error}");
    realm.delete().await;
}

/// The memory that two processes share.
#[derive(Debug, Clone, Default)]
struct Shared(Arc<Mutex<Option<StoredTokens>>>);

impl TokenStore for Shared {
    fn load(&self) -> BoxFuture<'_, Result<Option<StoredTokens>>> {
        let found = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(found)))
    }

    fn compare_and_swap(
        &self,
        expected: Option<u64>,
        tokens: Option<StoredTokens>,
    ) -> BoxFuture<'_, Result<bool>> {
        let mut stored = self.0.lock().unwrap();
        let fits = stored.as_ref().map(StoredTokens::version) == expected;
        if fits {
            // Through JSON, as a database would keep it.
            let text = serde_json::to_string(&tokens).unwrap();
            *stored = serde_json::from_str(&text).unwrap();
        }
        Box::pin(std::future::ready(Ok(fits)))
    }
}

#[tokio::test]
async fn two_processes_share_a_rotating_refresh_token() {
    let realm = Realm::with("shared", rotating()).await;
    let app = realm.app(json!({})).await;
    let other_app = realm.oidc("app").build().unwrap();
    let store = Shared::default();
    let tokens = app.password("ada", PASSWORD).await.unwrap();
    let subject = tokens.id_token().unwrap().subject().to_owned();
    let one = app.session_in(store.clone(), tokens).await.unwrap();
    let other = other_app
        .session_from(store.clone())
        .await
        .unwrap()
        .unwrap();
    let first = one.access_token().await.unwrap();
    assert_eq!(first.expose(), other.access_token().await.unwrap().expose());
    // They take turns, and both at once.
    for _ in 0..3 {
        let token = one.access_token().await.unwrap();
        let fresh = one.refresh_refused(&token).await.unwrap();
        let token = other.access_token().await.unwrap();
        let taken = other.refresh_refused(&token).await.unwrap();
        assert_eq!(
            fresh.expose(),
            taken.expose(),
            "it is taken over, not refreshed"
        );
        let (a, b) = tokio::join!(one.refresh_refused(&taken), other.refresh_refused(&taken));
        // Whoever lost the race took over what the winner wrote, or refreshed that.
        app.userinfo_of(&a.unwrap()).await.unwrap();
        app.userinfo_of(&b.unwrap()).await.unwrap();
    }
    let id_token = other.tokens().await.unwrap();
    assert_eq!(id_token.id_token().unwrap().subject(), subject);
    one.logout().await.unwrap();
    assert!(other_app.session_from(store).await.unwrap().is_none());
    realm.delete().await;
}
