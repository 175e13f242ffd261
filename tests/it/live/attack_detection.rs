//! Users locked out after too many failures.

use keycloak_kit::admin::handles::AttackDetectionUser;
use keycloak_kit::oidc::Oidc;
use keycloak_kit::representations::{BruteForceStatusRepresentation, RealmRepresentation};
use pretty_assertions::assert_eq;

use crate::support::accounts::PASSWORD;
use crate::support::{TestRealm, eventually};

/// Fails until the server, which counts in the background, has locked the user out.
async fn lock_out(
    oidc: &Oidc,
    username: &str,
    user: &AttackDetectionUser,
) -> BruteForceStatusRepresentation {
    eventually("the user is locked out", async || {
        oidc.password(username, "wrong").await.unwrap_err();
        let status = user.get().await.unwrap();
        (status.disabled == Some(true)).then_some(status)
    })
    .await
}

#[tokio::test]
async fn failures_are_counted_and_forgiven() {
    let realm = RealmRepresentation::default()
        .brute_force_protected(true)
        .failure_factor(2)
        .quick_login_check_milli_seconds(0)
        .wait_increment_seconds(900);
    let test = TestRealm::with("attack", realm).await;
    test.login_client("app").await;
    let (ada_id, _) = test.user("ada").await;
    let (bob_id, _) = test.user("bob").await;
    let oidc = test.realm.oidc("app").build().unwrap();
    let attacks = test.realm.attack_detection();
    for (name, id) in [("ada", &ada_id), ("bob", &bob_id)] {
        let status = lock_out(&oidc, name, &attacks.user(id)).await;
        assert!(status.num_failures >= Some(2), "{status:?}");
        assert_eq!(status.last_ip_failure.as_deref(), Some("127.0.0.1"));
    }
    let locked = oidc.password("ada", PASSWORD).await.unwrap_err();
    assert!(locked.is_unauthorized(), "{locked}");
    attacks.user(&ada_id).clear().await.unwrap();
    test.login("app", "ada").await;
    let bob = attacks.user(&bob_id).get().await.unwrap();
    assert_eq!(bob.disabled, Some(true));
    attacks.clear().await.unwrap();
    test.login("app", "bob").await;
    test.delete().await;
}
