//! Users locked out after too many failures.

use keycloak_kit::representations::RealmRepresentation;
use pretty_assertions::assert_eq;

use crate::support::TestRealm;

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
    for name in ["ada", "ada", "bob", "bob"] {
        oidc.password(name, "wrong").await.unwrap_err();
    }
    let attacks = test.realm.attack_detection();
    for id in [&ada_id, &bob_id] {
        // The server counts in the background.
        let status = loop {
            let status = attacks.user(id).get().await.unwrap();
            if status["numFailures"] == 2 {
                break status;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(status["disabled"], true, "{status:?}");
    }
    let locked = oidc
        .password("ada", crate::support::accounts::PASSWORD)
        .await
        .unwrap_err();
    assert!(locked.is_unauthorized(), "{locked}");
    attacks.user(&ada_id).clear().await.unwrap();
    test.login("app", "ada").await;
    assert_eq!(attacks.user(&bob_id).get().await.unwrap()["disabled"], true);
    attacks.clear().await.unwrap();
    test.login("app", "bob").await;
    test.delete().await;
}
