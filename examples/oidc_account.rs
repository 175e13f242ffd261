//! A user looks at their own account, corrects their name, and logs out everywhere else.
//!
//! ```sh
//! export OIDC_ISSUER=http://127.0.0.1:8080/realms/demo OIDC_CLIENT_ID=app OIDC_CLIENT_SECRET=..
//! cargo run --example oidc_account -- ada s3cret
//! ```

use keycloak_kit::Result;
use keycloak_kit::oidc::Oidc;

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (username, password) = (
        arguments.next().unwrap_or("ada".into()),
        arguments.next().unwrap_or_default(),
    );
    let oidc = Oidc::from_env()?;
    // Any login does; an application has the user log in by the browser.
    let tokens = oidc.password(username, password).await?;
    let account = oidc.account(oidc.session(tokens));

    let me = account.profile().await?;
    println!("name:         {:?} {:?}", me.first_name, me.last_name);
    for session in account.sessions().await? {
        println!(
            "session:      {:?} since {:?}",
            session.browser, session.started
        );
    }
    for kind in account.credentials().await? {
        let mine = kind.user_credential_metadatas.unwrap_or_default().len();
        println!("credentials:  {mine} of kind {:?}", kind.r#type);
    }
    for application in account.applications().await? {
        println!("application:  {:?}", application.client_id);
    }
    for group in account.groups().await? {
        println!("group:        {:?}", group.path);
    }

    for organization in account.organizations().await.unwrap_or_default() {
        println!("organization: {:?}", organization.name);
    }
    for device in account.devices().await? {
        println!("device:       {:?} {:?}", device.os, device.current);
    }
    for provider in account.linked_accounts().linked(false).await? {
        println!("could link:   {:?}", provider.provider_alias);
    }
    let consent = account.consent(oidc.client_id()).await?;
    println!("consent:      {}", consent.is_some());
    println!("locales:      {:?}", account.supported_locales().await?);

    let wrong = account
        .modify_profile(|me| me.email = Some("no address".into()))
        .await;
    if let Err(error) = wrong {
        for field in error.field_errors() {
            println!("refused:      {:?}: {}", field.field, field.message);
        }
    }
    let me = account
        .modify_profile(|me| me.first_name = Some("Augusta Ada".into()))
        .await?;
    println!("renamed:      {:?}", me.first_name);

    account.end_other_sessions().await?;
    println!("sessions now: {}", account.sessions().await?.len());
    Ok(())
}
