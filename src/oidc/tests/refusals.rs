//! Providers that refuse with the status 200.

use super::mock::{Defects, Mock};
use crate::registration::ClientMetadata;
use crate::test_support::Reply;
use crate::{AccessToken, Error};

#[tokio::test]
async fn a_refusal_with_200_keeps_code_and_text() {
    let mock = Mock::with(Defects {
        script: Box::new(|seen| {
            let refused = r#"{"error":"bad_verification_code","error_description":"it is wrong"}"#;
            (seen.method == "POST" || seen.target == "/userinfo").then(|| Reply::json(200, refused))
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let login = mock.login(&oidc).await;
    let answer = mock.answer(&login);
    let check = |what: &str, error: Error| {
        assert_eq!(
            error.oauth_code(),
            Some("bad_verification_code"),
            "{what}: {error}"
        );
        assert_eq!(error.server_message(), Some("it is wrong"), "{what}");
        assert_eq!(error.status().unwrap().as_u16(), 200, "{what}");
        assert!(error.is_validation(), "{what}: {error}");
    };
    check("code", oidc.callback(login, answer).await.unwrap_err());
    check("client", oidc.client_credentials().await.unwrap_err());
    check("password", oidc.password("ada", "pw").await.unwrap_err());
    check("device", oidc.device().await.unwrap_err());
    let login = oidc.backchannel_login().login_hint("ada");
    check("backchannel", login.await.unwrap_err());
    let login = oidc.authorize().pushed().start();
    check("pushed", login.await.unwrap_err());
    check("introspect", oidc.introspect("x").await.unwrap_err());
    check("revoke", oidc.revoke("x").await.unwrap_err());
    let registration = oidc.registration();
    let created = registration.create(&ClientMetadata::default()).await;
    check("registration", created.unwrap_err());
    check(
        "userinfo",
        oidc.userinfo_of(&AccessToken::new("x")).await.unwrap_err(),
    );
}
