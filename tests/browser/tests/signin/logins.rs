//! Logins, as users go through them.

use std::time::{SystemTime, UNIX_EPOCH};

use browser::Result;
use example_web::PASSWORD;
use keycloak_kit::representations::{CredentialRepresentation, UserRepresentation};
use serde_json::json;
use totp_rs::{Builder, Secret};

use crate::site::{NOBODY, welcome, with_site};

#[tokio::test]
async fn a_page_leads_to_the_login_and_back() -> Result<()> {
    with_site("login", async |site| {
        let browser = &site.browser;
        site.open("/profile?from=here").await?;
        browser.sign_in("ada", "wrong horse").await?;
        // Keycloak says so and asks again.
        browser.until_text("Invalid username or password.").await?;
        assert!(!browser.url().await?.starts_with(&site.base));
        browser.sign_in("ada", PASSWORD).await?;
        browser.until_heading("Profile").await?;
        assert_eq!(
            browser.url().await?,
            format!("{}/profile?from=here", site.base)
        );

        // The safe asks for the password again once the login is no longer recent.
        site.open("/safe").await?;
        browser
            .until("the login page", async |browser| {
                site.open("/safe").await?;
                Ok(browser.text("#kc-login").await.ok())
            })
            .await?;
        browser.sign_in("ada", PASSWORD).await?;
        browser.until_heading("Safe").await
    })
    .await
}

#[tokio::test]
async fn a_one_time_password_is_asked_for() -> Result<()> {
    const SECRET: &[u8] = b"a secret of 20 bytes";
    with_site("otp", async |site| {
        let mut otp = CredentialRepresentation::default();
        otp.type_ = Some("otp".to_owned());
        otp.secret_data = Some(
            json!({ "value": String::from_utf8_lossy(SECRET) })
                .to_string()
                .into(),
        );
        let data = json!({
            "subType": "totp", "digits": 6, "counter": 0, "period": 30, "algorithm": "HmacSHA1",
        });
        otp.credential_data = Some(data.to_string());
        let grace = UserRepresentation::default()
            .username("grace")
            .email("grace@harbour.example")
            .email_verified(true)
            .first_name("Grace")
            .last_name("Hopper")
            .enabled(true)
            .credentials([
                CredentialRepresentation::password(PASSWORD).temporary(false),
                otp,
            ]);
        site.realm.realm.users().create(&grace).await?;
        let totp = Builder::new()
            .with_secret(Secret::new(SECRET.into()))
            .build()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();

        let browser = &site.browser;
        site.open("/login").await?;
        browser.sign_in("grace", PASSWORD).await?;
        // A code of yesterday does not do.
        browser
            .fill("#otp", &totp.generate(now - 86_400).to_string())
            .await?;
        browser.click("#kc-login").await?;
        browser.until_text("Invalid authenticator code.").await?;
        browser
            .fill("#otp", &totp.generate_current().to_string())
            .await?;
        browser.click("#kc-login").await?;
        browser.until_heading("Hello, Grace Hopper").await
    })
    .await
}

#[tokio::test]
async fn who_refuses_consent_is_not_signed_in() -> Result<()> {
    with_site("consent", async |site| {
        let client = site.realm.realm.client(&site.realm.client);
        client
            .modify(|client| client.consent_required = Some(true))
            .await?;
        let browser = &site.browser;
        site.open("/login").await?;
        browser.sign_in("ada", PASSWORD).await?;
        browser.click("#kc-cancel").await?;
        browser.until_heading("You were not signed in").await?;
        site.open("/").await?;
        browser.until_heading(NOBODY).await?;

        site.open("/login").await?;
        // Keycloak knows her by now, or asks once more.
        browser
            .until("the question for consent", async |browser| {
                if browser
                    .text("#kc-login")
                    .await
                    .is_ok_and(|text| text == "Sign In")
                {
                    browser.sign_in("ada", PASSWORD).await?;
                }
                browser.until_there("#kc-cancel").await.map(Some)
            })
            .await?;
        browser.click("#kc-login").await?;
        browser.until_heading(welcome("ada")).await
    })
    .await
}

#[tokio::test]
async fn a_new_user_registers() -> Result<()> {
    with_site("registration", async |site| {
        let browser = &site.browser;
        site.open("/profile").await?;
        browser.click("#kc-registration a").await?;
        for (field, text) in [
            ("#username", "eve"),
            ("#password", "another horse"),
            ("#password-confirm", "another horse"),
            ("#email", "eve@harbour.example"),
            ("#firstName", "Eve"),
            ("#lastName", "O'Neil"),
        ] {
            browser.fill(field, text).await?;
        }
        browser
            .click("#kc-register-form [type=submit], #kc-form-buttons [type=submit]")
            .await?;
        browser.until_heading("Profile").await?;
        let name = browser.text("header .name").await?;
        assert_eq!(name, "Eve O'Neil");
        Ok(())
    })
    .await
}
