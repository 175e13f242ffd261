//! Says who may do what: a policy by role, one by time, a permission made of them, and what the
//! server decides for a user.
//!
//! ```sh
//! export KEYCLOAK_URL=$(scripts/keycloak start) KEYCLOAK_USERNAME=admin KEYCLOAK_PASSWORD=admin
//! cargo run --example policies
//! ```

use keycloak_kit::admin::ids::UserId;
use keycloak_kit::admin::policies::Policy;
use keycloak_kit::representations::{
    ClientRepresentation, PolicyEvaluationRequest, RealmRepresentation,
    ResourcePermissionRepresentation, ResourceRepresentation, RolePolicyRepresentation,
    RoleRepresentation, TimePolicyRepresentation, UserRepresentation,
};
use keycloak_kit::{Keycloak, Result};

const REALM: &str = "policies-example";

#[tokio::main]
async fn main() -> Result<()> {
    let kc = Keycloak::from_env()?;
    let realm = kc.realm(REALM);
    // What an interrupted run left behind.
    if realm.find().await?.is_some() {
        realm.delete().await?;
    }
    let wanted = RealmRepresentation::default().realm(REALM).enabled(true);
    kc.realms().create(&wanted).await?;

    let app = ClientRepresentation::default()
        .client_id("reports")
        .secret("s3cret")
        .service_accounts_enabled(true)
        .authorization_services_enabled(true);
    let app = realm.clients().create(&app).await?;
    let authz = realm.client(&app).authorization();
    let report = ResourceRepresentation::default().name("report");
    let report = authz.resources().create(&report).await?;

    let editor = RoleRepresentation::default().name("editor");
    let editor = realm.roles().create(&editor).await?;
    let editor = realm.role(&editor).get().await?;
    let editors = RolePolicyRepresentation::new("editors").required_role(editor.role_id()?);
    let editors = authz.policies_of().create(&editors).await?;
    let always = TimePolicyRepresentation::new("any hour").hours(0..=23);
    let always = authz.policies_of().create(&always).await?;

    let edit = ResourcePermissionRepresentation::new("edit the report")
        .resource(report.id.clone().unwrap_or_default())
        .policy(editors.policy_id()?);
    let edit = authz.permissions_of().create(&edit).await?;
    // Both policies must agree from now on.
    authz
        .permission_of::<ResourcePermissionRepresentation>(edit.policy_id()?)
        .modify(|permission| {
            permission
                .policies
                .get_or_insert_default()
                .extend(always.id);
        })
        .await?;

    for policy in authz.policies().list().all().await? {
        match Policy::from(policy) {
            Policy::Role(policy) => println!("{:?}: roles {:?}", policy.name, policy.roles),
            Policy::Time(policy) => {
                println!(
                    "{:?}: hours {:?} to {:?}",
                    policy.name, policy.hour, policy.hour_end
                );
            }
            other => println!("{:?} is of the kind {}", other.name(), other.kind()),
        }
    }

    let ada = realm
        .users()
        .create(&UserRepresentation::default().username("ada"))
        .await?;
    let bob = realm
        .users()
        .create(&UserRepresentation::default().username("bob"))
        .await?;
    realm
        .user(&ada)
        .role_mappings()
        .realm()
        .add(&[editor])
        .await?;
    let question = |user: &UserId| {
        PolicyEvaluationRequest::default()
            .user_id(user.as_str())
            .resources([report.clone()])
    };
    for (name, user) in [("ada", &ada), ("bob", &bob)] {
        let answer = authz.policies().evaluate(&question(user)).await?;
        println!("{name}: {:?}", answer.status);
    }
    realm.delete().await
}
