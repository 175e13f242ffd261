//! Logins by the browser: Keycloak's own pages, driven over HTTP.

use std::time::Duration;

use keycloak_kit::oidc::{
    CallbackAnswer, Expected, IdToken, MemoryLoginStore, ResponseMode, ResponseType,
};
use keycloak_kit::{ClientAuth, ErrorKind, TokenFault};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::browser::{Back, Browser, Page};
use crate::support::realm::Realm;
use crate::support::{CALLBACK, PASSWORD};

fn answer(back: &Back) -> CallbackAnswer {
    match back {
        Back::Url(url) => CallbackAnswer::url(url),
        Back::Form(body) => CallbackAnswer::form(body),
    }
}

/// The browser was sent by another program, which knows its verifier and nonce.
#[tokio::test]
async fn codes_of_logins_that_were_started_elsewhere() {
    let realm = Realm::new("code-elsewhere").await;
    let bye = "https://app.example/bye";
    let attributes = json!({ "post.logout.redirect.uris": bye });
    let oidc = realm.app(json!({ "attributes": attributes })).await;
    let code = async || {
        let login = oidc.authorize().start().await.unwrap();
        let mut browser = Browser::new(CALLBACK);
        let back = browser.login_and_return(login.url()).await;
        let url = url::Url::parse(back.url()).unwrap();
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").unwrap();
        (login, code.into_owned(), browser)
    };
    let (login, text, browser) = code().await;
    let tokens = oidc
        .code(&text, CALLBACK)
        .verifier(login.verifier())
        .nonce(login.nonce())
        .await
        .unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    let again = oidc.code(&text, CALLBACK).verifier(login.verifier()).await;
    assert_eq!(again.unwrap_err().oauth_code(), Some("invalid_grant"));
    let (_, text, _) = code().await;
    let guessed = oidc.code(&text, CALLBACK).verifier("v".repeat(43)).await;
    assert_eq!(guessed.unwrap_err().oauth_code(), Some("invalid_grant"));

    // Of the session, the text of its ID token was kept.
    let kept = oidc
        .logout_url_without_hint()
        .id_token_hint(tokens.id_token().unwrap().expose())
        .post_logout_redirect_uri(bye)
        .build()
        .unwrap();
    let page = browser.heading_for(bye).open(kept.as_str()).await;
    assert!(matches!(page, Page::Back(_)), "{page:?}");
    realm.delete().await;
}

#[tokio::test]
async fn a_grant_by_its_name() {
    let realm = Realm::new("grant-by-name").await;
    let oidc = realm.app(json!({})).await;
    let by_name = oidc
        .grant("password")
        .param("username", "ada")
        .param("password", PASSWORD)
        .scope("openid");
    let tokens = by_name.await.unwrap();
    let name = tokens.id_token().unwrap().claim("preferred_username");
    assert_eq!(name, Some(&json!("ada")));
    let error = oidc.grant("urn:example:none").await.unwrap_err();
    assert_eq!(
        error.oauth_code(),
        Some("unsupported_grant_type"),
        "{error}"
    );
    realm.delete().await;
}

#[tokio::test]
async fn code_flow_from_login_to_logout() {
    let realm = Realm::new("code").await;
    let attributes = json!({ "post.logout.redirect.uris": "https://app.example/bye" });
    let oidc = realm.app(json!({ "attributes": attributes })).await;
    let login = oidc
        .authorize()
        .scope("profile email")
        .start()
        .await
        .unwrap();
    assert!(!format!("{login:?}").contains(login.state()));
    let mut browser = Browser::new(CALLBACK);
    let back = browser.login_and_return(login.url()).await;
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    let id: &IdToken = tokens.id_token();
    let me = oidc.userinfo(&tokens).await.unwrap();
    assert_eq!(me.subject(), id.subject());
    assert_eq!(me.email(), Some("ada@example.org"));

    let refreshed = oidc.refresh(&tokens).await.unwrap();
    // A refreshed ID token may come without nonce.
    assert_eq!(refreshed.id_token().unwrap().subject(), id.subject());

    let url = oidc
        .logout_url(&refreshed)
        .post_logout_redirect_uri("https://app.example/bye")
        .state("bye-state")
        .build()
        .unwrap();
    let mut browser = browser.heading_for("https://app.example/bye");
    let page = browser.open(url.as_str()).await;
    let Page::Back(back) = page else {
        panic!("the server asks: {page:?}");
    };
    assert!(back.url().contains("state=bye-state"), "{back:?}");
    let ended = oidc.refresh(&refreshed).await.unwrap_err();
    assert_eq!(ended.oauth_code(), Some("invalid_grant"));
    realm.delete().await;
}

#[tokio::test]
async fn every_response_mode() {
    let realm = Realm::new("modes").await;
    let oidc = realm.app(json!({})).await;
    for mode in [
        ResponseMode::Query,
        ResponseMode::Fragment,
        ResponseMode::FormPost,
        ResponseMode::Jwt,
        ResponseMode::QueryJwt,
        ResponseMode::FragmentJwt,
        ResponseMode::FormPostJwt,
    ] {
        let login = oidc.authorize().response_mode(mode).start().await.unwrap();
        let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
        let form = matches!(mode, ResponseMode::FormPost | ResponseMode::FormPostJwt);
        assert_eq!(matches!(back, Back::Form(_)), form, "{mode:?}");
        let tokens = oidc.callback(login, answer(&back)).await;
        let tokens = tokens.unwrap_or_else(|error| panic!("{mode:?}: {error}"));
        assert_eq!(
            tokens.id_token().claim("preferred_username").unwrap(),
            "ada"
        );
    }
    realm.delete().await;
}

#[tokio::test]
async fn refusals_come_with_issuer_and_state() {
    let realm = Realm::new("refused").await;
    let oidc = realm.app(json!({})).await;
    // Nobody is logged in and nobody may be asked.
    let login = oidc.authorize().prompt("none").start().await.unwrap();
    let Page::Back(back) = Browser::new(CALLBACK).open(login.url()).await else {
        panic!("the server asks");
    };
    let error = oidc.callback(login.clone(), back.url()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("login_required"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Unauthorized);
    // The same refusal without its issuer is not read at all.
    let mut url = url::Url::parse(back.url()).unwrap();
    let pairs: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "iss")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    assert!(url.query_pairs().count() > pairs.len(), "{url}");
    url.query_pairs_mut().clear().extend_pairs(pairs);
    let error = oidc.callback(login, url.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    realm.delete().await;
}

#[tokio::test]
async fn a_code_is_good_once_and_only_for_its_verifier() {
    let realm = Realm::new("once").await;
    let oidc = realm.app(json!({})).await;
    let mut browser = Browser::new(CALLBACK);
    let login = oidc.authorize().start().await.unwrap();
    let back = browser.login_and_return(login.url()).await;
    let tokens = oidc.callback(login.clone(), back.url()).await.unwrap();
    oidc.userinfo(&tokens).await.unwrap();
    // The second use is refused, and costs the first one's tokens.
    let error = oidc.callback(login, back.url()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    oidc.refresh(&tokens).await.unwrap_err();

    // A code that was taken from another login does not fit the verifier.
    let mine = oidc.authorize().start().await.unwrap();
    let theirs = oidc.authorize().start().await.unwrap();
    let Back::Url(stolen) = Browser::new(CALLBACK).login_and_return(theirs.url()).await else {
        panic!();
    };
    let swapped = stolen.replace(theirs.state(), mine.state());
    let error = oidc.callback(mine, swapped).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn a_store_keeps_logins_and_gives_them_out_once() {
    let realm = Realm::new("store").await;
    let oidc = realm.app(json!({})).await;
    let store = MemoryLoginStore::new();
    let started = oidc.authorize().note("/cart/7").start_in(&store).await;
    let started = started.unwrap();
    assert!(!started.url().contains("cart"), "it is not sent");
    let back = Browser::new(CALLBACK).login_and_return(started.url()).await;
    let other = oidc.callback_from(&store, "made-up", back.url()).await;
    assert!(other.unwrap_err().is_unauthorized());
    let cookie = started.cookie().expose();
    let login = oidc.callback_from(&store, cookie, back.url()).await;
    assert_eq!(login.unwrap().note(), Some("/cart/7"));
    // The login was used up.
    let again = oidc.callback_from(&store, cookie, back.url()).await;
    assert!(again.unwrap_err().is_unauthorized());
    realm.delete().await;
}

#[tokio::test]
async fn consent_and_one_time_password_pages() {
    let otp = json!({ "otpPolicyType": "totp", "otpPolicyAlgorithm": "HmacSHA1",
        "otpPolicyDigits": 6, "otpPolicyPeriod": 30, "otpPolicyInitialCounter": 0,
        "otpPolicyLookAheadWindow": 1, "otpPolicyCodeReusable": true, "users": [{
        "username": "grace", "enabled": true, "email": "grace@example.org", "emailVerified": true,
        "firstName": "Grace", "lastName": "Hopper",
        "credentials": [
            { "type": "password", "value": PASSWORD },
            {
                "type": "otp", "userLabel": "phone",
                "secretData": json!({ "value": "JBSWY3DPEHPK3PXP" }).to_string(),
                "credentialData": json!({
                    "subType": "totp", "digits": 6, "counter": 0, "period": 30,
                    "algorithm": "HmacSHA1",
                }).to_string(),
            },
        ],
    }]});
    let realm = Realm::with("pages", otp).await;
    let oidc = realm.app(json!({ "consentRequired": true })).await;
    let login = oidc.authorize().start().await.unwrap();
    let mut browser = Browser::new(CALLBACK);
    let page = browser.login(login.url(), "grace", PASSWORD).await;
    let code = crate::support::totp::code("JBSWY3DPEHPK3PXP");
    let page = browser.submit(&page, &[("otp", &code)]).await;
    let page = browser.submit(&page, &[("accept", "Yes")]).await;
    let Page::Back(back) = page else {
        panic!("{page:?}");
    };
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    assert_eq!(
        tokens.id_token().claim("preferred_username").unwrap(),
        "grace"
    );

    // The same without a browser.
    let direct = realm.oidc("direct");
    realm.client("direct", json!({})).await;
    let direct = direct.build().unwrap();
    let code = crate::support::totp::code("JBSWY3DPEHPK3PXP");
    let tokens = direct.password("grace", PASSWORD).totp(code).await.unwrap();
    let name = tokens.id_token().unwrap().claim("preferred_username");
    assert_eq!(name.unwrap(), "grace");
    let error = direct.password("grace", PASSWORD).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_grant"), "{error}");

    let login = oidc.authorize().prompt("consent").start().await.unwrap();
    let page = browser.open(login.url()).await;
    let page = browser.submit(&page, &[("cancel", "No")]).await;
    let Page::Back(back) = page else {
        panic!("{page:?}");
    };
    let error = oidc.callback(login, back.url()).await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("access_denied"), "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn parameters_reach_the_login_page() {
    let realm = Realm::new("params").await;
    let oidc = realm.app(json!({})).await;
    let login = oidc
        .authorize()
        .login_hint("ada@example.org")
        .ui_locales("de en")
        .max_age(Duration::from_secs(3600))
        .acr_values("1")
        .param("kc_theme", "keycloak.v2")
        .start()
        .await
        .unwrap();
    let mut browser = Browser::new(CALLBACK);
    let Page::Html(_, html) = browser.open(login.url()).await else {
        panic!("there is no page");
    };
    assert!(html.contains("ada@example.org"), "{html}");
    let back = browser.login_and_return(login.url()).await;
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    assert!(tokens.id_token().auth_time().is_some());
    realm.delete().await;
}

/// A browser flow with a step for each level: silver for name and password, gold for the password
/// once more.
async fn make_step_up_flow(realm: &Realm) {
    let flows = ["authentication", "flows"];
    let top = json!({
        "alias": "step-up", "providerId": "basic-flow", "topLevel": true, "builtIn": false,
    });
    realm.post(&flows, &top).await;
    // The server tries the parts in the order in which they were made.
    let cookie = json!({ "provider": "auth-cookie" });
    let below = |flow| ["authentication", "flows", flow, "executions"];
    let part = |flow: &'static str, kind: &'static str| [&below(flow)[..], &[kind]].concat();
    realm.post(&part("step-up", "execution"), &cookie).await;
    for (flow, part_of) in [
        ("step-up-forms", "step-up"),
        ("step-up-silver", "step-up-forms"),
        ("step-up-gold", "step-up-forms"),
    ] {
        let new =
            json!({ "alias": flow, "type": "basic-flow", "provider": "registration-page-form" });
        realm.post(&part(part_of, "flow"), &new).await;
    }
    for (provider, flow) in [
        ("conditional-level-of-authentication", "step-up-silver"),
        ("auth-username-password-form", "step-up-silver"),
        ("conditional-level-of-authentication", "step-up-gold"),
        ("auth-password-form", "step-up-gold"),
    ] {
        let new = json!({ "provider": provider });
        realm.post(&part(flow, "execution"), &new).await;
    }
    let all = realm.get(&below("step-up")).await;
    let mut level = 0;
    for mut execution in all.as_array().unwrap().iter().cloned() {
        let name = execution["displayName"].as_str().unwrap();
        let provider = execution["providerId"].as_str().unwrap_or_default();
        let requirement = match (name, provider) {
            ("step-up-forms", _) | (_, "auth-cookie") => "ALTERNATIVE",
            ("step-up-silver" | "step-up-gold", _) => "CONDITIONAL",
            _ => "REQUIRED",
        };
        if provider == "conditional-level-of-authentication" {
            level += 1;
            let id = execution["id"].as_str().unwrap();
            let config = json!({
                "alias": format!("level {level}"),
                "config": { "loa-condition-level": level.to_string(), "loa-max-age": "3600" },
            });
            realm
                .post(&["authentication", "executions", id, "config"], &config)
                .await;
        }
        execution["requirement"] = requirement.into();
        realm.put(&below("step-up"), &execution).await;
    }
    realm.change(json!({ "browserFlow": "step-up" })).await;
}

#[tokio::test]
async fn step_up_to_a_level_that_the_realm_has() {
    let realm = Realm::with(
        "acr",
        json!({ "attributes": { "acr.loa.map": "{\"silver\":1,\"gold\":2}" } }),
    )
    .await;
    make_step_up_flow(&realm).await;
    let oidc = realm.app(json!({})).await;
    let mut browser = Browser::new(CALLBACK);
    let login = oidc
        .authorize()
        .essential_acr(["silver"])
        .start()
        .await
        .unwrap();
    let back = browser.login_and_return(login.url()).await;
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    assert_eq!(tokens.id_token().acr(), Some("silver"));
    // The same session goes one step further.
    let gold = oidc.authorize().essential_acr(["gold"]);
    let login = gold.start().await.unwrap();
    let page = browser.open(login.url()).await;
    let page = browser.submit(&page, &[("password", PASSWORD)]).await;
    let Page::Back(back) = page else {
        panic!("the password is not enough for gold: {page:?}");
    };
    let tokens = oidc.callback(login, back.url()).await.unwrap();
    assert_eq!(tokens.id_token().acr(), Some("gold"));

    // An answer at a lower level than the one that was asked for does not pass.
    let silver = oidc.authorize().acr_values("silver");
    let silver = silver.start().await.unwrap();
    let back = Browser::new(CALLBACK).login_and_return(silver.url()).await;
    let tokens = oidc.callback(silver, back.url()).await.unwrap();
    let verifier = oidc.verifier();
    let raw = tokens.id_token().expose().to_owned();
    let nonce = tokens.id_token().claim("nonce").unwrap().as_str().unwrap();
    let expected = || Expected::new().nonce(nonce);
    verifier.id_token(&raw, &expected()).await.unwrap();
    let error = verifier.id_token(&raw, &expected().acr(["gold"])).await;
    let fault = error.unwrap_err().token_fault();
    assert_eq!(fault, Some(TokenFault::AuthenticationLevel));
    realm.delete().await;
}

/// Answers with tokens in them are understood and checked.
#[tokio::test]
async fn implicit_and_hybrid_answers() {
    let realm = Realm::new("hybrid").await;
    let oidc = realm.app(json!({ "implicitFlowEnabled": true })).await;
    for response_type in [
        ResponseType::IdToken,
        ResponseType::Token,
        ResponseType::IdTokenToken,
        ResponseType::CodeIdToken,
        ResponseType::CodeToken,
        ResponseType::CodeIdTokenToken,
    ] {
        let login = oidc
            .authorize()
            .response_type(response_type)
            .start()
            .await
            .unwrap();
        let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
        let response = oidc.authorization_response(login, back.url()).await;
        let response = response.unwrap_or_else(|error| panic!("{response_type:?}: {error}"));
        let name = format!("{response_type:?}");
        assert_eq!(response.code().is_some(), name.contains("Code"), "{name}");
        assert_eq!(
            response.id_token().is_some(),
            name.contains("IdToken"),
            "{name}"
        );
        let token = name.ends_with("Token") && name != "IdToken" && name != "CodeIdToken";
        assert_eq!(response.access_token().is_some(), token, "{name}");
        if response.code().is_some() {
            let tokens = oidc.exchange_code(response).await.unwrap();
            assert!(tokens.id_token().is_some());
        }
    }
    let login = oidc
        .authorize()
        .response_type(ResponseType::None)
        .start()
        .await
        .unwrap();
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    oidc.authorization_response(login, back.url())
        .await
        .unwrap();
    realm.delete().await;
}

/// A native application listens on a port of the moment.
#[tokio::test]
async fn a_loopback_redirect_has_any_port() {
    let realm = Realm::new("native").await;
    let client = json!({ "publicClient": true, "redirectUris": ["http://127.0.0.1/*"] });
    realm.client("native", client).await;
    let oidc = realm
        .kc
        .oidc(&realm.name, "native")
        .client_auth(ClientAuth::none())
        .build();
    let oidc = oidc.unwrap();
    assert!(oidc.authorize().start().await.unwrap_err().is_config());
    let uri = "http://127.0.0.1:53211/callback";
    let login = oidc.authorize().redirect_uri(uri).start().await.unwrap();
    let back = Browser::new(uri).login_and_return(login.url()).await;
    assert!(back.url().starts_with(uri), "{back:?}");
    oidc.callback(login, back.url()).await.unwrap();
    realm.delete().await;
}
