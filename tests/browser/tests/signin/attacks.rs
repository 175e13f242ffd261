//! What others try.

use browser::{Browser, Result};
use example_web::PASSWORD;
use serde_json::{Value, json};
use thirtyfour::prelude::*;

use crate::site::{NOBODY, Site, sign_in, welcome, with_other, with_site};

const SESSION: &str = "__Host-session";

async fn cookie(browser: &Browser, base: &str, name: &str) -> Result<Option<Value>> {
    let all = browser.cookies(base).await?;
    Ok(all.into_iter().find(|cookie| cookie["name"] == name))
}

/// The cookie of the login that the browser has begun.
async fn attempt_cookie(browser: &Browser, base: &str) -> Result<Option<Value>> {
    let mut all = browser.cookies(base).await?.into_iter();
    let is_ours = |name: &str| name.starts_with("__Host-signin-");
    Ok(all.find(|cookie| cookie["name"].as_str().is_some_and(is_ours)))
}

async fn set_cookie(browser: &Browser, base: &str, cookie: &Value) -> Result<()> {
    let parameters = json!({
        "url": base, "name": cookie["name"], "value": cookie["value"], "path": "/",
        "secure": true, "httpOnly": true, "sameSite": cookie["sameSite"],
    });
    let set = browser.devtools("Network.setCookie", parameters).await?;
    assert_eq!(set["success"], true, "{set}");
    Ok(())
}

/// A browser that logs in and has lost the login's cookie: gives the address of the callback, with a
/// code that nobody has used, and the cookie.
async fn without_its_cookie(
    browser: &Browser,
    base: &str,
    username: &str,
) -> Result<(String, Value)> {
    browser.open(&format!("{base}/login")).await?;
    browser.until_there("#password").await?;
    let cookie = attempt_cookie(browser, base).await?;
    let cookie = cookie.ok_or("no cookie of the login")?;
    let parameters = json!({ "name": cookie["name"], "url": base });
    browser
        .devtools("Network.deleteCookies", parameters)
        .await?;
    browser.sign_in(username, PASSWORD).await?;
    browser.until_heading("You were not signed in").await?;
    let url = browser.url().await?;
    assert!(url.contains("/callback?") && url.contains("code="), "{url}");
    Ok((url, cookie))
}

#[tokio::test]
async fn cookies_are_for_this_site_alone() -> Result<()> {
    with_site("cookies", async |site| {
        let browser = &site.browser;
        site.open("/login").await?;
        browser.until_there("#password").await?;
        let attempt = attempt_cookie(browser, &site.base).await?;
        let attempt = attempt.ok_or("no cookie of the login")?;
        assert_eq!(attempt["sameSite"], "Lax");
        browser.sign_in("ada", PASSWORD).await?;
        browser.until_heading(welcome("ada")).await?;
        let session = cookie(browser, &site.base, SESSION).await?;
        let session = session.ok_or("no cookie of the session")?;
        assert_eq!(session["sameSite"], "Strict");
        for cookie in [&attempt, &session] {
            assert_eq!(cookie["secure"], true, "{cookie}");
            assert_eq!(cookie["httpOnly"], true, "{cookie}");
            assert_eq!(cookie["path"], "/", "{cookie}");
            // Without a dot: no other host of the domain gets it.
            assert_eq!(cookie["domain"], "127.0.0.1", "{cookie}");
        }
        // The login is over, and so is its cookie.
        assert_eq!(attempt_cookie(browser, &site.base).await?, None);
        let seen = browser
            .driver()
            .execute("return document.cookie", vec![])
            .await?;
        assert_eq!(seen.json(), &json!(""));
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_login_returns_to_no_other_site() -> Result<()> {
    with_site("redirects", async |site| {
        let browser = &site.browser;
        site.sign_in("ada").await?;
        for path in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "/%5Cevil.example/",
            "/\t/evil.example/",
            "javascript:alert(1)",
            "/login?return_to=/login",
        ] {
            let encoded: String = path.bytes().map(|byte| format!("%{byte:02X}")).collect();
            site.open(&format!("/login?return_to={encoded}")).await?;
            browser
                .until("the end of the login", async |browser| {
                    let url = browser.url().await?;
                    let path = url.strip_prefix(&site.base);
                    Ok(path
                        .is_some_and(|path| !path.starts_with("/callback"))
                        .then_some(()))
                })
                .await
                .map_err(|error| format!("{path:?}: {error}"))?;
        }
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_callback_is_good_once() -> Result<()> {
    with_site("replay", async |site| {
        let browser = &site.browser;
        let (callback, cookie) = without_its_cookie(browser, &site.base, "ada").await?;
        set_cookie(browser, &site.base, &cookie).await?;
        browser.open(&callback).await?;
        browser.until_heading(welcome("ada")).await?;
        // Not even with the cookie, which the callback removes.
        set_cookie(browser, &site.base, &cookie).await?;
        browser.open(&callback).await?;
        browser.until_heading("You were not signed in").await?;
        // The session of before is as it was.
        site.open("/").await?;
        browser.until_heading(welcome("ada")).await
    })
    .await
}

/// Somebody has another browser complete a login of theirs, so that its user works in their account.
#[tokio::test]
async fn the_login_of_another_browser_is_refused() -> Result<()> {
    with_site("csrf", async |site| {
        let (callback, _) =
            with_other(async |attacker| without_its_cookie(attacker, &site.base, "bob").await)
                .await?;
        let browser = &site.browser;
        browser.open(&callback).await?;
        browser.until_heading("You were not signed in").await?;
        site.open("/").await?;
        browser.until_heading(NOBODY).await?;
        // Also where a login of its own is waiting there.
        site.open("/login").await?;
        browser.until_there("#password").await?;
        browser.open(&callback).await?;
        browser.until_heading("You were not signed in").await?;
        site.open("/").await?;
        browser.until_heading(NOBODY).await
    })
    .await
}

async fn plant(site: &Site, value: &str) -> Result<()> {
    site.open("/").await?;
    let mut cookie = Cookie::new(SESSION, value);
    cookie.set_path("/");
    cookie.set_secure(true);
    Ok(site.browser.driver().add_cookie(cookie).await?)
}

/// Somebody knows the session id of a browser before its user signs in.
#[tokio::test]
async fn a_login_begins_with_a_new_session_id() -> Result<()> {
    with_site("fixation", async |site| {
        let browser = &site.browser;
        with_other(async |attacker| {
            sign_in(attacker, &site.base, "bob").await?;
            let known = cookie(attacker, &site.base, SESSION).await?;
            let known = known.ok_or("no session")?["value"]
                .as_str()
                .map(str::to_owned);
            let known = known.ok_or("no value")?;
            plant(site, &known).await?;
            site.open("/").await?;
            browser.until_heading(welcome("bob")).await?;
            site.sign_in("ada").await?;
            let new = cookie(browser, &site.base, SESSION).await?;
            assert_ne!(new.ok_or("no session")?["value"], known);
            attacker.open(&format!("{}/", site.base)).await?;
            attacker.until_heading(NOBODY).await
        })
        .await?;

        // An id that no session has is not taken over either.
        browser.driver().delete_all_cookies().await?;
        plant(site, "AAAAAAAAAAAAAAAAAAAAAA").await?;
        site.open("/login").await?;
        browser
            .until("ada to be signed in", async |browser| {
                if browser.text("#kc-login").await.is_ok() {
                    browser.sign_in("ada", PASSWORD).await?;
                }
                Ok((browser.text("main h1").await? == welcome("ada")).then_some(()))
            })
            .await?;
        let new = cookie(browser, &site.base, SESSION).await?;
        assert_ne!(new.ok_or("no session")?["value"], "AAAAAAAAAAAAAAAAAAAAAA");
        Ok(())
    })
    .await
}

/// Another site's form does not sign the user out.
#[tokio::test]
async fn a_logout_of_another_site_is_refused() -> Result<()> {
    with_site("logout", async |site| {
        let browser = &site.browser;
        site.sign_in("ada").await?;
        let form = format!(
            "data:text/html,<form method=post action='{}/logout'><button>Win</button></form>",
            site.base
        );
        browser.open(&form).await?;
        browser.click("button").await?;
        browser.until_heading("You were not signed out").await?;
        site.open("/").await?;
        browser.until_heading(welcome("ada")).await
    })
    .await
}
