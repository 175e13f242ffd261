//! Shared signals (SSF), where the server has the feature.

use keycloak_kit::representations::{ClientRepresentation, RealmRepresentation};
use pretty_assertions::assert_eq;

use crate::support::TestRealm;
use crate::support::server::has_feature;

#[tokio::test]
async fn the_transmitter_and_a_receiver() {
    let realm = RealmRepresentation::default().attribute("ssf.transmitterEnabled", "true");
    let test = TestRealm::with("signals", realm).await;
    let receiver = ClientRepresentation::default()
        .client_id("receiver")
        .attribute("ssf.enabled", "true");
    test.client(receiver).await;
    let ssf = test.realm.ssf();
    if !has_feature(&test.kc, "ssf").await {
        let off = ssf.config().await.unwrap_err();
        assert!(off.is_not_found(), "{off}");
        assert!(off.hint().unwrap().contains("--features=ssf"), "{off}");
        test.delete().await;
        return;
    }
    let without = TestRealm::new("signals-off").await;
    let off = without.realm.ssf().config().await.unwrap_err();
    assert!(
        off.hint().unwrap().contains("ssf.transmitterEnabled"),
        "{off}"
    );
    without.delete().await;
    let config = ssf.config().await.unwrap();
    assert!(!config.available_supported_events.unwrap().is_empty());
    let stats = ssf.events().stats().await.unwrap();
    assert!(stats.statuses.is_some());
    assert_eq!(ssf.events().clear_queued().await.unwrap().deleted, Some(0));
    let of_client = ssf.client("receiver");
    assert_eq!(
        of_client.events().clear("DELIVERED").await.unwrap().deleted,
        Some(0)
    );
    let none = of_client.stream().get().await.unwrap_err();
    assert!(none.is_not_found(), "{none}");
    test.delete().await;
}
