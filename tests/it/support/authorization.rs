//! A client with authorization services.

use keycloak_kit::admin::handles::ClientAuthorization;
use keycloak_kit::representations::ClientRepresentation;

use super::TestRealm;
use super::accounts::SECRET;

/// The client `app`, with nothing in its settings yet.
pub async fn authorization(test: &TestRealm) -> ClientAuthorization {
    let client = ClientRepresentation::default()
        .client_id("app")
        .secret(SECRET)
        .service_accounts_enabled(true)
        .authorization_services_enabled(true);
    let authorization = test.client(client).await.authorization();
    // Releases before 26 begin with a resource, a policy and a permission of their own.
    for policy in authorization.policies().list().all().await.unwrap() {
        let (kind, id) = (policy.type_.unwrap(), policy.id.unwrap());
        authorization.policy(kind, id).delete().await.unwrap();
    }
    for resource in authorization.resources().list().all().await.unwrap() {
        let resource = authorization.resource(resource.id.unwrap());
        resource.delete().await.unwrap();
    }
    authorization
}
