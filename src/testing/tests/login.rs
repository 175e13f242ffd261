//! Logins through the authorization endpoint.

use std::time::Duration;

use super::super::{TestClient, TestUser};
use super::{log_in, provider, with_ada};
use crate::oidc::{CallbackAnswer, ResponseMode};

fn parameter(url: &str, name: &str) -> Option<String> {
    let url = url::Url::parse(url).unwrap();
    let mut all = url.query_pairs();
    all.find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_login_has_what_the_user_has() {
    let (provider, oidc) = with_ada().await;
    let login = oidc
        .authorize()
        .scope("organization")
        .start()
        .await
        .unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    assert!(back.starts_with("https://app.example/callback?"), "{back}");
    let tokens = oidc.callback(login, &back).await.unwrap();
    let id = tokens.id_token();
    assert_eq!(id.subject(), "1234");
    assert_eq!(id.email(), Some("ada@example.org"));
    assert_eq!(id.name(), Some("Ada Lovelace"));
    assert_eq!(id.preferred_username(), Some("ada"));
    assert_eq!((id.acr(), id.audience()), (Some("1"), vec!["web"]));
    let says = oidc.userinfo(&tokens).await.unwrap();
    assert_eq!(
        (says.subject(), says.email()),
        ("1234", Some("ada@example.org"))
    );
    assert!(says.claim("realm_access").is_none() && says.claim("exp").is_none());

    let api = provider.oidc("api").build().unwrap();
    let verifier = api.access_token_verifier().audience("api").build().unwrap();
    let caller = verifier.verify(tokens.access_token()).await.unwrap();
    assert!(caller.has_realm_role("editor"));
    assert_eq!(caller.claims()["organization"][0], "acme");
    assert_eq!(caller.claims()["groups"][0], "/staff");
    assert_eq!(
        caller.claims()["resource_access"]["api"]["roles"][0],
        "writer"
    );
}

#[tokio::test]
async fn every_response_mode_that_is_published() {
    let (provider, oidc) = with_ada().await;
    for mode in [
        ResponseMode::Query,
        ResponseMode::Fragment,
        ResponseMode::FormPost,
    ] {
        let login = oidc.authorize().response_mode(mode).start().await.unwrap();
        let back = provider.authorize(login.url()).await.unwrap();
        let answer = match mode {
            ResponseMode::FormPost => CallbackAnswer::form(&back),
            _ => CallbackAnswer::url(&back),
        };
        oidc.callback(login, answer).await.unwrap();
    }
}

#[tokio::test]
async fn a_code_is_good_once_and_for_its_verifier_and_client() {
    let (provider, oidc) = with_ada().await;
    let code = async || {
        let login = oidc.authorize().start().await.unwrap();
        let back = provider.authorize(login.url()).await.unwrap();
        (parameter(&back, "code").unwrap(), login)
    };
    let uri = "https://app.example/callback";
    let (text, login) = code().await;
    let tokens = oidc
        .code(&text, uri)
        .verifier(login.verifier())
        .await
        .unwrap();
    let again = oidc.code(&text, uri).verifier(login.verifier()).await;
    assert_eq!(again.unwrap_err().oauth_code(), Some("invalid_grant"));
    // The second use has cost the first one's tokens.
    assert!(oidc.userinfo(&tokens).await.is_err());
    assert!(oidc.refresh(&tokens).await.is_err());

    let other = provider.oidc("other").build().unwrap();
    for (client, uri, verifier, why) in [
        (&oidc, uri, Some("v".repeat(43)), "Code mismatch"),
        (&oidc, uri, Some("short".into()), "Invalid code verifier"),
        (&oidc, uri, None, "not specified"),
        (
            &oidc,
            "https://app.example/other",
            None,
            "Incorrect redirect_uri",
        ),
        (&other, uri, None, "different client_id"),
    ] {
        let (text, _) = code().await;
        let request = client.code(&text, uri);
        let request = match verifier {
            Some(verifier) => request.verifier(verifier),
            None => request,
        };
        let error = request.await.unwrap_err();
        assert_eq!(error.oauth_code(), Some("invalid_grant"), "{why}");
        assert!(error.server_message().unwrap().contains(why), "{error}");
    }
    let error = oidc.code("made-up", uri).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"));
}

#[tokio::test]
async fn requests_that_are_refused() {
    let (provider, oidc) = with_ada().await;
    let login = oidc.authorize().start().await.unwrap();
    let changed = |name: &str, value: Option<&str>| {
        let mut url = url::Url::parse(login.url()).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let kept = pairs.into_iter().filter(|(known, _)| known != name);
        let kept: Vec<(String, String)> = kept.collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
        url.to_string()
    };
    // Nobody is sent to an address that is not registered.
    for (name, value) in [
        ("client_id", None),
        ("client_id", Some("unknown")),
        ("redirect_uri", None),
        ("redirect_uri", Some("https://evil.example/")),
    ] {
        let error = provider.authorize(changed(name, value)).await.unwrap_err();
        assert!(error.to_string().contains("refuses the request"), "{error}");
    }
    for (name, value, code) in [
        ("response_type", None, "invalid_request"),
        ("response_type", Some("token"), "unsupported_response_type"),
        ("response_mode", Some("other"), "invalid_request"),
        ("code_challenge", Some("short"), "invalid_request"),
        ("code_challenge_method", Some("S512"), "invalid_request"),
        ("request", Some("e30.e30."), "request_not_supported"),
    ] {
        let back = provider.authorize(changed(name, value)).await.unwrap();
        let error = oidc.callback(login.clone(), &back).await.unwrap_err();
        assert_eq!(error.oauth_code(), Some(code), "{name} {error}");
    }
    let twice = format!("{}&nonce=again", login.url());
    let back = provider.authorize(twice).await.unwrap();
    assert_eq!(
        parameter(&back, "error").as_deref(),
        Some("invalid_request")
    );
    let error = provider
        .authorize("https://other.example/")
        .await
        .unwrap_err();
    assert!(error.is_config(), "{error}");
}

#[tokio::test]
async fn nobody_is_logged_in_unless_the_test_says_who() {
    let (provider, oidc) = with_ada().await;
    provider.log_in_nobody();
    let login = oidc.authorize().start().await.unwrap();
    let error = provider.authorize(login.url()).await.unwrap_err();
    assert!(error.to_string().contains("log_in_as"), "{error}");
    let silent = oidc.authorize().prompt("none").start().await.unwrap();
    let back = provider.authorize(silent.url()).await.unwrap();
    let error = oidc.callback(silent, &back).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("login_required"));
    provider.log_in_as("ada");
    let silent = oidc.authorize().prompt("none").start().await.unwrap();
    let back = provider.authorize(silent.url()).await.unwrap();
    oidc.callback(silent, &back).await.unwrap();
}

#[tokio::test]
async fn logins_of_one_browser_share_a_session() {
    let (provider, oidc) = with_ada().await;
    let session = async || {
        let login = log_in(&provider, &oidc).await;
        login.id_token().session_id().unwrap().to_owned()
    };
    let first = session().await;
    assert_eq!(session().await, first);
    provider.log_in_as("ada");
    assert_ne!(session().await, first);
}

#[tokio::test]
async fn levels_and_ages_are_reached_on_request() {
    let (provider, oidc) = with_ada().await;
    let gold = oidc.authorize().essential_acr(["gold"]);
    let login = gold.max_age(Duration::ZERO).start().await.unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    let tokens = oidc.callback(login, back).await.unwrap();
    assert_eq!(tokens.id_token().acr(), Some("gold"));
    provider.users().add(TestUser::new("ada").acr("1"));
    let login = oidc
        .authorize()
        .essential_acr(["gold"])
        .start()
        .await
        .unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    oidc.callback(login, back).await.unwrap_err();
}

/// A browser as far as the page of the provider needs one.
#[tokio::test]
async fn the_page_takes_a_user_name_and_a_password() {
    let (provider, oidc) = with_ada().await;
    provider.log_in_nobody();
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let login = oidc.authorize().start().await.unwrap();
    let page = browser.get(login.url()).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    let (_, rest) = html.split_once("action=\"").unwrap();
    let action = rest.split('"').next().unwrap().replace("&amp;", "&");
    let action = format!("{}{action}", provider.base_url());
    let post = async |password: &str| {
        let form = [("username", "ada"), ("password", password)];
        browser.post(&action).form(&form).send().await.unwrap()
    };
    let wrong = post("guessed").await.text().await.unwrap();
    assert!(wrong.contains("Invalid username or password."), "{wrong}");
    let sent = post("correct horse").await;
    let back = sent.headers()["location"].to_str().unwrap().to_owned();
    oidc.callback(login, back).await.unwrap();

    // The browser has a session now.
    let cookie = sent.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let again = oidc.authorize().start().await.unwrap();
    let request = browser.get(again.url()).header("cookie", &cookie);
    let sent = request.send().await.unwrap();
    let back = sent.headers()["location"].to_str().unwrap();
    oidc.callback(again, back).await.unwrap();
    let fresh = oidc.authorize().prompt("login").start().await.unwrap();
    let page = browser.get(fresh.url()).header("cookie", &cookie);
    assert_eq!(page.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_state_with_markup_stays_text() {
    let provider = provider().await;
    provider.clients().add(TestClient::public("spa"));
    let uri = "redirect_uri=https%3A%2F%2Fapp.example%2F&response_type=code&client_id=spa";
    let endpoint = format!("{}/protocol/openid-connect/auth?{uri}", provider.issuer());
    let url = format!("{endpoint}&state=%3Cscript%3E%22&response_mode=form_post");
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let html = client.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(
        !html.contains("%3Cscript%3E\"") && !html.contains("<script>\""),
        "{html}"
    );
    provider.log_in_as("<b>");
    let html = client.get(&url).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("&lt;script&gt;&quot;"), "{html}");
}
