//! What becomes of a session.

use browser::Result;
use example_web::PASSWORD;

use crate::site::{NOBODY, sign_in, welcome, with_other, with_site};

#[tokio::test]
async fn the_back_button_shows_nothing_after_a_logout() -> Result<()> {
    with_site("back", async |site| {
        let browser = &site.browser;
        site.sign_in("ada").await?;
        site.open("/profile").await?;
        browser.until_heading("Profile").await?;
        browser.click("header form button").await?;
        browser.until_heading(NOBODY).await?;
        browser.driver().back().await?;
        // The page is asked for anew, and its user has to log in.
        browser.until_there("#password").await?;
        assert!(!browser.driver().source().await?.contains("Ada"));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn two_tabs_log_in() -> Result<()> {
    with_site("tabs", async |site| {
        let browser = &site.browser;
        let driver = browser.driver();
        site.open("/profile").await?;
        browser.until_there("#password").await?;
        let first = driver.window().await?;
        let second = driver.new_tab().await?;
        driver.switch_to_window(second).await?;
        site.open("/album").await?;
        browser.sign_in("ada", PASSWORD).await?;
        browser.until_heading("Album").await?;
        // Keycloak's page in the first tab goes on by itself: it sees that the user has logged in.
        driver.switch_to_window(first).await?;
        browser.until_heading("Profile").await?;
        Ok(())
    })
    .await
}

#[tokio::test]
async fn the_administrator_ends_a_session() -> Result<()> {
    with_site("admin", async |site| {
        let browser = &site.browser;
        site.sign_in("ada").await?;
        with_other(async |other| {
            sign_in(other, &site.base, "bob").await?;
            let realm = &site.realm.realm;
            let ada = realm
                .users()
                .find_by_username("ada")
                .await?
                .ok_or("no ada")?;
            realm.user(ada.user_id()?).logout().await?;
            browser
                .until("ada to be signed out", async |browser| {
                    site.open("/").await?;
                    Ok((browser.text("main h1").await? == NOBODY).then_some(()))
                })
                .await?;
            site.open("/profile").await?;
            browser.until_there("#password").await?;
            other.open(&format!("{}/", site.base)).await?;
            other.until_heading(welcome("bob")).await
        })
        .await
    })
    .await
}

#[tokio::test]
async fn a_session_ends_with_its_refresh_token() -> Result<()> {
    with_site("expiry", async |site| {
        let browser = &site.browser;
        site.realm
            .realm
            .modify(|realm| {
                realm.sso_session_max_lifespan = Some(10);
                realm.access_token_lifespan = Some(5);
            })
            .await?;
        site.sign_in("ada").await?;
        browser
            .until("the login page", async |browser| {
                site.open("/profile").await?;
                Ok(browser.text("#kc-login").await.ok())
            })
            .await?;
        browser.sign_in("ada", PASSWORD).await?;
        browser.until_heading("Profile").await
    })
    .await
}
