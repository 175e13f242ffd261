//! Logins at a provider with an issuer per tenant, or with two spellings of its issuer.

use serde_json::json;

use super::mock::{Defects, Mock};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::{Discovered, IssuerTemplate, OidcBuilder};
use crate::{AssertionAudience, CallbackFault, ClientAuth, ErrorKind, TokenFault};

/// A provider whose document names the template, and whose tokens name the tenant `token`.
async fn provider(token: &'static str) -> Mock {
    Mock::with(Defects {
        document: Box::new(|document| {
            let base = document["issuer"].as_str().unwrap().to_owned();
            document["issuer"] = json!(format!("{base}/{{tenantid}}/v2.0"));
        }),
        claims: Box::new(move |claims| {
            let base = claims["iss"].as_str().unwrap().to_owned();
            claims["iss"] = json!(format!("{base}/{token}/v2.0"));
            claims["tid"] = json!(token);
        }),
        ..Defects::default()
    })
    .await
}

fn template(mock: &Mock) -> IssuerTemplate {
    let text = format!("{}/{{tenantid}}/v2.0", mock.server.url);
    IssuerTemplate::new(text, ["one", "two"]).unwrap()
}

fn of_tenants(mock: &Mock) -> OidcBuilder<Discovered> {
    mock.builder().issuer_template(template(mock))
}

fn callback(state: &str, iss: &str) -> String {
    format!("https://app.example/cb?code=c0de&state={state}&iss={iss}")
}

#[tokio::test]
async fn users_of_allowed_tenants_log_in() {
    let mock = provider("two").await;
    let oidc = of_tenants(&mock).build().unwrap();
    let base = &mock.server.url;
    let login = mock.login(&oidc).await;
    let answer = callback(login.state(), &format!("{base}/two/v2.0"));
    let tokens = oidc.callback(login, answer).await.unwrap();
    assert_eq!(tokens.id_token().claims()["tid"], "two");
    for iss in ["three/v2.0", "{tenantid}/v2.0", "one/two/v2.0", "", "/v2.0"] {
        let login = mock.login(&oidc).await;
        let answer = callback(login.state(), &format!("{base}/{iss}"));
        let error = oidc.callback(login, answer).await.unwrap_err();
        let fault = error.callback_fault();
        assert_eq!(fault, Some(CallbackFault::Issuer), "{iss}: {error}");
    }
    let ended = format!("iss={base}/one/v2.0&sid=s");
    let ended = oidc.verifier().front_channel_logout(&ended).await.unwrap();
    assert_eq!(ended.issuer(), format!("{base}/one/v2.0"));
    for iss in ["three/v2.0", "{tenantid}/v2.0"] {
        let query = format!("iss={base}/{iss}&sid=s");
        let error = oidc.verifier().front_channel_logout(&query).await;
        let error = error.unwrap_err();
        assert_eq!(error.token_fault(), Some(TokenFault::Issuer), "{error}");
    }
}

#[tokio::test]
async fn users_of_other_tenants_do_not() {
    let mock = provider("three").await;
    let oidc = of_tenants(&mock).build().unwrap();
    let login = mock.login(&oidc).await;
    let answer = callback(login.state(), &format!("{}/one/v2.0", mock.server.url));
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::Issuer), "{error}");
}

#[tokio::test]
async fn a_template_is_taken_only_where_it_was_named() {
    let mock = provider("one").await;
    let error = mock.oidc().metadata().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("issuer_template"), "{hint}");
    let other = IssuerTemplate::new("https://op.example/{tenantid}", ["one"]).unwrap();
    let other = mock.builder().issuer_template(other).build().unwrap();
    assert!(other.metadata().await.is_err());
    // A single issuer is not a template either.
    let single = Mock::start().await;
    assert!(
        of_tenants(&single)
            .build()
            .unwrap()
            .metadata()
            .await
            .is_err()
    );
    let given = |issuer: String| {
        let document =
            json!({ "issuer": issuer, "token_endpoint": format!("{}/token", mock.server.url) });
        of_tenants(&mock).metadata(serde_json::from_value(document).unwrap())
    };
    given(format!("{}/{{tenantid}}/v2.0", mock.server.url))
        .build()
        .unwrap();
    assert!(
        given(mock.server.url.clone())
            .build()
            .unwrap_err()
            .is_config()
    );
}

#[tokio::test]
async fn a_template_is_nobodys_audience() {
    let mock = provider("one").await;
    let key = || SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let auth = || ClientAuth::private_key_jwt(key());
    let oidc = of_tenants(&mock).client_auth(auth()).build().unwrap();
    let error = oidc.client_credentials().await.unwrap_err();
    assert!(error.is_config(), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("assertion_audience"), "{hint}");
    assert_eq!(mock.posts("/token"), 0);
    let auth = auth().assertion_audience(AssertionAudience::TokenEndpoint);
    let oidc = of_tenants(&mock).client_auth(auth).build().unwrap();
    oidc.client_credentials().await.unwrap();
    let error = oidc.authorize().signed_with(&key()).start().await;
    assert!(error.unwrap_err().is_config());
}

#[tokio::test]
async fn an_alias_is_a_name_of_the_issuer_wherever_a_browser_brings_it() {
    let mock = Mock::with(Defects {
        claims: Box::new(|claims| claims["iss"] = json!("accounts.example")),
        ..Defects::default()
    })
    .await;
    let oidc = mock
        .builder()
        .issuer_alias("accounts.example")
        .build()
        .unwrap();
    for iss in ["accounts.example", mock.server.url.as_str()] {
        let login = mock.login(&oidc).await;
        let answer = callback(login.state(), iss);
        oidc.callback(login, answer).await.unwrap();
        let query = format!("iss={iss}&sid=s");
        oidc.verifier().front_channel_logout(&query).await.unwrap();
    }
    let login = mock.login(&oidc).await;
    let answer = callback(login.state(), "https://accounts.example");
    let error = oidc.callback(login, answer).await.unwrap_err();
    assert_eq!(
        error.callback_fault(),
        Some(CallbackFault::Issuer),
        "{error}"
    );
}
