//! Authentication flows and required actions.

use keycloak_kit::Result;
use keycloak_kit::admin::handles::Realm;
use keycloak_kit::representations::FlowCopyRepresentation;

pub(crate) async fn run(realm: &Realm) -> Result<()> {
    let copy = FlowCopyRepresentation::default().new_name("my browser");
    // 90
    let flows = realm.authentication().flows().list().await?;
    // 91
    let flow_id = realm
        .authentication()
        .flow_by_alias("browser")
        .copy(&copy)
        .await?;
    // 92
    let executions = realm
        .authentication()
        .flow_by_alias("browser")
        .executions()
        .list()
        .await?;
    // 93
    let actions = realm.authentication().required_actions().list().await?;
    println!(
        "{} flows, then {flow_id}; {} executions, {} required actions",
        flows.len(),
        executions.len(),
        actions.len()
    );
    Ok(())
}
