//! Each defect is noticed by the crate's own client.

use std::time::Duration;

use super::super::{Defect, TestProvider};
use super::with_ada;
use crate::oidc::Oidc;
use crate::{CallbackFault, Error, ErrorKind, TokenFault};

/// A login that asks for everything that can be wrong.
async fn log_in(provider: &TestProvider, oidc: &Oidc) -> Result<(), Error> {
    let login = oidc
        .authorize()
        .max_age(Duration::from_secs(600))
        .essential_acr(["1"]);
    let login = login.start().await?;
    let back = provider.authorize(login.url()).await?;
    let tokens = oidc.callback(login, back).await?;
    oidc.userinfo(&tokens).await.map(drop)
}

#[tokio::test]
async fn a_login_fails_of_each_defect() {
    let token_faults = [
        (Defect::WrongIssuer, TokenFault::Issuer),
        (Defect::WrongAudience, TokenFault::Audience),
        (Defect::ExtraAudience, TokenFault::Audience),
        (Defect::WrongAuthorizedParty, TokenFault::AuthorizedParty),
        (Defect::WrongNonce, TokenFault::Nonce),
        (Defect::MissingNonce, TokenFault::Nonce),
        (Defect::Expired, TokenFault::Expired),
        (Defect::NoExpiry, TokenFault::Expired),
        (Defect::NotYetValid, TokenFault::NotYetValid),
        (Defect::StaleAuthTime, TokenFault::AuthTime),
        (Defect::MissingAuthTime, TokenFault::AuthTime),
        (Defect::WrongLevel, TokenFault::AuthenticationLevel),
        (Defect::WrongHash, TokenFault::Hash),
        (Defect::WrongType, TokenFault::Type),
        (Defect::BadSignature, TokenFault::Signature),
        (Defect::UnknownKey, TokenFault::UnknownKey),
        (Defect::AlgNone, TokenFault::Algorithm),
        (Defect::WrongUserInfo, TokenFault::Subject),
    ];
    let (provider, oidc) = with_ada().await;
    for (defect, fault) in token_faults {
        provider.add_defect(defect);
        let error = log_in(&provider, &oidc).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(fault), "{defect:?}: {error}");
        provider.clear_defects();
    }
    for (defect, fault) in [
        (Defect::MissingIss, CallbackFault::Issuer),
        (Defect::WrongIss, CallbackFault::Issuer),
        (Defect::WrongState, CallbackFault::State),
    ] {
        provider.add_defect(defect);
        let error = log_in(&provider, &oidc).await.unwrap_err();
        assert_eq!(error.callback_fault(), Some(fault), "{defect:?}: {error}");
        provider.clear_defects();
    }
    provider.add_defect(Defect::MissingIdToken);
    log_in(&provider, &oidc).await.unwrap_err();
    provider.clear_defects();
    log_in(&provider, &oidc).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_is_wrong_or_away() {
    let (provider, _) = with_ada().await;
    let provider = provider.with_defect(Defect::WrongDocument);
    let oidc = provider.oidc("web").build().unwrap();
    let error = oidc.metadata().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let provider = provider.with_defect(Defect::Unavailable);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sent = client.get(provider.issuer()).send().await.unwrap();
    assert_eq!(sent.status(), 503);
}

/// Whatever test signs a token, it is spoiled.
#[tokio::test]
async fn tokens_of_tests_have_the_defects_too() {
    let (provider, oidc) = with_ada().await;
    let verifier = oidc
        .access_token_verifier()
        .audience("api")
        .build()
        .unwrap();
    for (defect, fault) in [
        (Defect::WrongIssuer, TokenFault::Issuer),
        (Defect::WrongAudience, TokenFault::Audience),
        (Defect::Expired, TokenFault::Expired),
        (Defect::BadSignature, TokenFault::Signature),
        (Defect::AlgNone, TokenFault::Algorithm),
    ] {
        provider.add_defect(defect);
        let token = provider.access_token().audience("api").sign();
        let error = verifier.verify(&token).await.unwrap_err();
        assert_eq!(error.token_fault(), Some(fault), "{defect:?}: {error}");
        let token = provider.logout_token("web").subject("1234").sign();
        assert!(
            oidc.verifier().logout_token(&token).await.is_err(),
            "{defect:?}"
        );
        provider.clear_defects();
    }
}
