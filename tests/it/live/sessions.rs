//! Sessions of users who logged in.

use keycloak_kit::admin::ids::SessionId;
use pretty_assertions::assert_eq;

use crate::support::accounts::PASSWORD;
use crate::support::{TestRealm, sorted};

#[tokio::test]
async fn list_and_end_one() {
    let test = TestRealm::new("sessions").await;
    let client = test.login_client("app").await;
    let (_, ada) = test.user("ada").await;
    let (oidc, tokens) = test.login("app", "ada").await;
    test.login("app", "ada").await;

    let sessions = ada.sessions().await.unwrap();
    assert_eq!(sessions.len(), 2);
    let mine = tokens.id_token().unwrap().claim("sid").unwrap();
    let mine = mine.as_str().unwrap();
    let session = sessions.iter().find(|s| s.id.as_deref() == Some(mine));
    let session = session.expect("the id is the token's sid");
    assert_eq!(session.username.as_deref(), Some("ada"));
    assert!(session.start.unwrap() > 1_600_000_000_000, "milliseconds");
    assert!(
        session
            .clients
            .as_ref()
            .unwrap()
            .values()
            .any(|id| id == "app")
    );

    assert_eq!(client.session_count().await.unwrap().count, 2);
    let listed = client.sessions().await.unwrap();
    assert_eq!(sorted(&listed, |s| &s.username), ["ada", "ada"]);
    assert_eq!(client.sessions().first(1).max(1).await.unwrap().len(), 1);
    let stats = test.realm.sessions().client_stats().await.unwrap();
    let of_app = stats
        .iter()
        .find(|s| s.client_id.as_deref() == Some("app"))
        .unwrap();
    assert_eq!(of_app.active.as_deref(), Some("2"));

    let session = test.realm.session(SessionId::new(mine));
    session.delete().await.unwrap();
    let ended = oidc.refresh(&tokens).await.unwrap_err();
    assert!(ended.is_unauthorized(), "{ended}");
    let again = session.delete().await.unwrap_err();
    assert!(again.is_not_found(), "{again}");
    assert_eq!(ada.sessions().await.unwrap().len(), 1);
    test.delete().await;
}

#[tokio::test]
async fn log_a_user_out_everywhere() {
    let test = TestRealm::new("session-logout").await;
    test.login_client("app").await;
    let (_, ada) = test.user("ada").await;
    test.user("bob").await;
    let (oidc, of_ada) = test.login("app", "ada").await;
    let (_, of_bob) = test.login("app", "bob").await;
    ada.logout().await.unwrap();
    assert!(ada.sessions().await.unwrap().is_empty());
    assert!(oidc.refresh(&of_ada).await.unwrap_err().is_unauthorized());
    oidc.refresh(&of_bob).await.expect("another user");

    test.realm.logout_all().await.unwrap();
    assert!(oidc.refresh(&of_bob).await.unwrap_err().is_unauthorized());
    test.realm.push_revocation().await.unwrap();
    test.delete().await;
}

#[tokio::test]
async fn offline_sessions() {
    let test = TestRealm::new("session-offline").await;
    let client = test.login_client("app").await;
    let uuid = client.get().await.unwrap().client_uuid().unwrap();
    let (_, ada) = test.user("ada").await;
    let oidc = test.realm.oidc("app").build().unwrap();
    let login = oidc
        .password("ada", PASSWORD)
        .scope("openid offline_access");
    let tokens = login.await.unwrap();
    assert_eq!(tokens.refresh_lifetime(), None, "it does not expire");

    assert_eq!(client.offline_session_count().await.unwrap().count, 1);
    assert_eq!(client.offline_sessions().await.unwrap().len(), 1);
    let sessions = ada.offline_sessions(&uuid).await.unwrap();
    assert_eq!(sorted(&sessions, |s| &s.username), ["ada"]);
    let consents = ada.consents().list().await.unwrap();
    assert_eq!(consents[0].client_id.as_deref(), Some("app"));

    let id = sessions[0].id.clone().unwrap();
    test.realm.session(id).delete().offline(true).await.unwrap();
    assert!(ada.offline_sessions(&uuid).await.unwrap().is_empty());
    assert!(oidc.refresh(&tokens).await.unwrap_err().is_unauthorized());
    test.delete().await;
}
