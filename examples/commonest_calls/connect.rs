//! Connections and tokens.

use keycloak_kit::oidc::Oidc;
use keycloak_kit::{Keycloak, Result};

/// Nothing is sent before the first call.
pub(crate) fn administrator(url: &str) -> Result<Keycloak> {
    // 1
    let kc = Keycloak::builder(url).password("admin", "admin").build()?;
    Ok(kc)
}

pub(crate) fn service_account(url: &str) -> Result<Keycloak> {
    // 2
    let automation = Keycloak::builder(url)
        .client_credentials("automation", "s3cret")
        .build()?;
    Ok(automation)
}

pub(crate) async fn server(kc: &Keycloak) -> Result<()> {
    // 3
    let token = kc.token().await?;
    // 4
    let info = kc.server().info().await?;
    println!(
        "{:?} at {}, token for {:?}",
        info.system_info.and_then(|system| system.version),
        kc.base_url(),
        token.expires_in()
    );
    Ok(())
}

pub(crate) async fn login(realm_oidc: &Oidc) -> Result<()> {
    // 5
    let metadata = realm_oidc.metadata().await?;
    // 6
    let tokens = realm_oidc.password("ada", "s3cret").await?;
    // 7
    let tokens = realm_oidc.refresh(&tokens).await?;
    // 8
    let me = realm_oidc.userinfo(&tokens).await?;
    // 9
    realm_oidc.logout(&tokens).await?;
    println!("{} logged in at {}", me.subject(), metadata.issuer);
    Ok(())
}
