//! Verifiable credentials of a user, where the server has the feature.

use keycloak_kit::representations::{
    ClientScopeRepresentation, RealmRepresentation, UserVerifiableCredentialRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::server::has_feature;
use crate::support::{TestRealm, sorted};

const FEATURE: &str = "oid4vc-vci";

#[tokio::test]
async fn credentials_a_user_may_have() {
    let realm = RealmRepresentation::default().verifiable_credentials_enabled(true);
    let test = TestRealm::with("credentials", realm).await;
    let (_, user) = test.user("ada").await;
    let credentials = user.verifiable_credentials();
    if !has_feature(&test.kc, FEATURE).await {
        let off = credentials.list().await.unwrap_err();
        let hint = off.hint().unwrap();
        assert!(hint.contains(&format!("--features={FEATURE}")), "{off}");
        test.delete().await;
        return;
    }
    let scope = ClientScopeRepresentation::default()
        .name("diploma")
        .protocol("oid4vc")
        .attributes([("vc.credential_configuration_id", "diploma")]);
    test.realm.client_scopes().create(&scope).await.unwrap();
    let wanted = UserVerifiableCredentialRepresentation::default().credential_scope_name("diploma");
    let made = credentials.create(&wanted).await.unwrap();
    assert_eq!(made.credential_scope_name.as_deref(), Some("diploma"));
    let listed = credentials.list().await.unwrap();
    assert_eq!(sorted(&listed, |c| &c.credential_scope_name), ["diploma"]);
    let one = user.verifiable_credential("diploma");
    let renewed = one.update().await.unwrap();
    assert_ne!(renewed.revision, made.revision);
    let issued = user.issued_verifiable_credentials().list().await.unwrap();
    assert!(issued.is_empty(), "{issued:?}");
    one.delete().await.unwrap();
    assert!(credentials.list().await.unwrap().is_empty());
    test.delete().await;
}
