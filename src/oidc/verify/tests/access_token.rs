//! Access tokens in a resource server.

use std::time::{Duration, SystemTime};

use serde_json::{Value, json};

use super::super::{AccessTokenClaims, AccessTokenVerifier, Check, TrustedIssuer};
use super::{NOW, access_claims, api, issuer, now, refused, resource, signed, verifier, with};
use crate::error::Result;
use crate::jose::tests::sign_text;
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::{AccessToken, Secret, TokenFault};

async fn change(name: &str, value: Value) -> Result<AccessTokenClaims> {
    api()
        .verify(&signed(&with(access_claims(), name, value)))
        .await
}

#[tokio::test]
async fn what_keycloak_says_is_typed() {
    let mut claims = access_claims();
    for (name, value) in [
        ("realm_access", json!({"roles": ["editor", 1]})),
        (
            "resource_access",
            json!({"api": {"roles": ["write"]}, "web": 1}),
        ),
        ("groups", json!(["/staff"])),
        ("organization", json!(["acme"])),
        ("sid", json!("s")),
        ("preferred_username", json!("ada")),
        ("acr", json!("1")),
        ("auth_time", json!(NOW - 50)),
        (
            "authorization",
            json!({"permissions": [{"rsid": "1", "rsname": "Note", "scopes": ["read"]}, {}]}),
        ),
    ] {
        claims[name] = value;
    }
    let token = signed(&claims);
    let claims = api().verify(&token).await.unwrap();
    assert_eq!(claims.subject(), Some("ada"));
    assert_eq!(claims.issuer(), Some(super::ISSUER));
    assert_eq!(claims.audience(), ["api", "account"]);
    assert_eq!((claims.client_id(), claims.id()), (Some("web"), Some("t")));
    assert_eq!(
        (claims.session_id(), claims.username()),
        (Some("s"), Some("ada"))
    );
    assert_eq!(claims.acr(), Some("1"));
    assert_eq!(claims.scopes(), ["openid", "notes"]);
    assert!(claims.has_scope("notes") && !claims.has_scope("note") && !claims.has_scope(""));
    assert_eq!(claims.realm_roles(), ["editor"]);
    assert!(claims.has_realm_role("editor") && !claims.has_realm_role("write"));
    assert_eq!(claims.client_roles("api"), ["write"]);
    assert!(claims.has_client_role("api", "write") && !claims.has_client_role("web", "write"));
    assert_eq!(claims.groups(), ["/staff"]);
    assert_eq!(claims.organizations(), ["acme"]);
    let permissions = claims.permissions();
    assert_eq!(permissions.len(), 2);
    assert_eq!(permissions[0].resource_name.as_deref(), Some("Note"));
    assert_eq!(permissions[0].resource_id.as_deref(), Some("1"));
    assert_eq!(permissions[0].scopes, ["read"]);
    assert!(permissions[1].scopes.is_empty() && permissions[1].resource_id.is_none());
    let seconds = |time: Option<SystemTime>| {
        time.unwrap()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs()
    };
    assert_eq!(seconds(claims.issued_at()), NOW - 10);
    assert_eq!(seconds(claims.expires_at()), NOW + 290);
    assert_eq!(seconds(claims.auth_time()), NOW - 50);
    assert_eq!(claims.claim("jti"), Some(&json!("t")));
    assert_eq!(claims.claims()["sid"], "s");
    let shown = format!("{claims:?} {:?}", api());
    assert!(
        !shown.contains("editor") && shown.contains("realm_access"),
        "{shown}"
    );

    #[derive(serde::Deserialize)]
    struct Own {
        groups: Vec<String>,
    }
    let claims = api().verify_as::<Own>(&token).await.unwrap();
    assert_eq!(claims.own().groups, ["/staff"]);
    assert_eq!(claims.subject(), Some("ada"));
    #[derive(Debug, serde::Deserialize)]
    #[allow(dead_code)]
    struct Other {
        groups: u64,
    }
    refused(api().verify_as::<Other>(&token).await, TokenFault::Claim);
    // The types that hold a token.
    api().verify(&Secret::from(token.as_str())).await.unwrap();
    api()
        .verify(&AccessToken::new(token.as_str()))
        .await
        .unwrap();
    // Some mappers create a list of objects.
    for list in [
        json!([{ "acme": { "id": "1" } }, { "b": {} }]),
        json!([{ "acme": {}, "b": {} }]),
        json!(["acme", { "b": {} }, 7, null]),
    ] {
        let claims = change("organization", list).await.unwrap();
        assert_eq!(claims.organizations(), ["acme", "b"]);
    }
    // With attributes, the claim is an object.
    let claims = change("organization", json!({"acme": {"id": "1"}, "b": {}}))
        .await
        .unwrap();
    assert_eq!(claims.organizations(), ["acme", "b"]);
    let claims = change("client_id", json!("other")).await.unwrap();
    assert_eq!(claims.client_id(), Some("web"));
}

#[tokio::test]
async fn an_access_token_needs_the_audience_of_the_service() {
    let error = resource().build().unwrap_err();
    assert!(
        error.is_config() && error.hint().unwrap().contains("audience"),
        "{error}"
    );
    change("aud", json!("api")).await.unwrap();
    for value in [json!("account"), json!([]), json!(["ap", "i"]), Value::Null] {
        let error = refused(change("aud", value.clone()).await, TokenFault::Audience);
        assert!(error.hint().unwrap().contains("audience mapper"));
        let unchecked = resource().without(Check::Audience).build().unwrap();
        unchecked
            .verify(&signed(&with(access_claims(), "aud", value)))
            .await
            .unwrap();
    }
    let either = resource()
        .audience("other")
        .audience("account")
        .build()
        .unwrap();
    either.verify(&signed(&access_claims())).await.unwrap();
}

#[tokio::test]
async fn the_refusal_of_a_lightweight_token_says_what_to_do() {
    let light = with(
        with(access_claims(), "sub", Value::Null),
        "aud",
        Value::Null,
    );
    let error = refused(api().verify(&signed(&light)).await, TokenFault::Subject);
    assert!(error.hint().unwrap().contains("introspection"), "{error}");
    let bare = resource()
        .without(Check::Audience)
        .without(Check::Subject)
        .build()
        .unwrap();
    assert_eq!(bare.verify(&signed(&light)).await.unwrap().subject(), None);
}

#[tokio::test]
async fn an_access_token_of_another_issuer_is_refused() {
    for value in [
        json!("https://h/realms/demo/"),
        json!("https://h/realms/other"),
        Value::Null,
    ] {
        refused(change("iss", value.clone()).await, TokenFault::Issuer);
        let any = resource()
            .audience("api")
            .without(Check::Issuer)
            .build()
            .unwrap();
        any.verify(&signed(&with(access_claims(), "iss", value)))
            .await
            .unwrap();
    }
}

/// Each issuer's tokens are verified with its own keys.
#[tokio::test]
async fn each_of_several_issuers_has_its_own_keys() {
    let theirs = SigningKey::generate(SignatureAlgorithm::EdDsa)
        .unwrap()
        .with_kid("a");
    let other = "https://h/realms/other";
    let trusted = || TrustedIssuer::new(other, theirs.public_jwk().unwrap());
    let both = resource()
        .audience("api")
        .also_issuer(trusted())
        .build()
        .unwrap();
    let their_claims = with(access_claims(), "iss", json!(other));
    both.verify(&signed(&access_claims())).await.unwrap();
    both.verify(&theirs.sign(&json!({}), &their_claims).unwrap())
        .await
        .unwrap();
    // A key of one issuer with the name of the other.
    refused(
        both.verify(&signed(&their_claims)).await,
        TokenFault::UnknownKey,
    );
    let forged = theirs.sign(&json!({}), &access_claims()).unwrap();
    refused(both.verify(&forged).await, TokenFault::UnknownKey);
    let third = with(access_claims(), "iss", json!("https://h/realms/third"));
    refused(both.verify(&signed(&third)).await, TokenFault::Issuer);
    let unnamed = with(access_claims(), "iss", Value::Null);
    refused(both.verify(&signed(&unnamed)).await, TokenFault::Issuer);
    let error = resource()
        .audience("api")
        .also_issuer(trusted())
        .without(Check::Issuer)
        .build()
        .unwrap_err();
    assert!(error.is_config(), "{error}");
}

#[tokio::test]
async fn times_and_policies() {
    refused(change("exp", json!(NOW - 31)).await, TokenFault::Expired);
    refused(change("exp", Value::Null).await, TokenFault::Expired);
    refused(
        change("nbf", json!(NOW + 31)).await,
        TokenFault::NotYetValid,
    );
    change("iat", Value::Null).await.unwrap();
    let old = with(access_claims(), "exp", json!(1));
    let ageless = resource()
        .audience("api")
        .without(Check::Expiry)
        .build()
        .unwrap();
    ageless.verify(&signed(&old)).await.unwrap();
    let early = with(old, "nbf", json!(NOW + 31));
    refused(
        ageless.verify(&signed(&early)).await,
        TokenFault::NotYetValid,
    );
    let strict = resource()
        .audience("api")
        .leeway(Duration::ZERO)
        .build()
        .unwrap();
    let just = with(access_claims(), "exp", json!(NOW));
    refused(strict.verify(&signed(&just)).await, TokenFault::Expired);
    // A not-before policy of the realm.
    let since = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let policy = |seconds| {
        resource()
            .audience("api")
            .not_before(since(seconds))
            .build()
            .unwrap()
    };
    policy(NOW - 10)
        .verify(&signed(&access_claims()))
        .await
        .unwrap();
    refused(
        policy(NOW - 9).verify(&signed(&access_claims())).await,
        TokenFault::TooOld,
    );
    let ageless = with(access_claims(), "iat", Value::Null);
    refused(policy(1).verify(&signed(&ageless)).await, TokenFault::Claim);
}

#[tokio::test]
async fn tokens_from_before_the_not_before_policy_are_refused() {
    let policy = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let verifier = resource()
        .audience("api")
        .not_before(policy)
        .build()
        .unwrap();
    refused(
        verifier.verify(&signed(&access_claims())).await,
        TokenFault::TooOld,
    );
    let new = with(access_claims(), "iat", json!(NOW));
    verifier.verify(&signed(&new)).await.unwrap();
}

#[tokio::test]
async fn who_may_call() {
    let web = |id: &str| {
        resource()
            .audience("api")
            .authorized_party(id)
            .build()
            .unwrap()
    };
    web("web").verify(&signed(&access_claims())).await.unwrap();
    refused(
        web("app").verify(&signed(&access_claims())).await,
        TokenFault::AuthorizedParty,
    );
    let either = resource()
        .audience("api")
        .authorized_party("app")
        .authorized_party("web")
        .build()
        .unwrap();
    either.verify(&signed(&access_claims())).await.unwrap();
    let unnamed = with(access_claims(), "azp", Value::Null);
    refused(
        web("web").verify(&signed(&unnamed)).await,
        TokenFault::AuthorizedParty,
    );
    // RFC 9068 uses another name.
    let standard = with(unnamed, "client_id", json!("web"));
    web("web").verify(&signed(&standard)).await.unwrap();

    let about = |sub: &str| resource().audience("api").subject(sub).build().unwrap();
    about("ada")
        .verify(&signed(&access_claims()))
        .await
        .unwrap();
    refused(
        about("eve").verify(&signed(&access_claims())).await,
        TokenFault::Subject,
    );
    let about_anybody = resource()
        .audience("api")
        .subject("eve")
        .without(Check::Subject);
    let about_anybody = about_anybody.build().unwrap();
    refused(
        about_anybody.verify(&signed(&access_claims())).await,
        TokenFault::Subject,
    );

    let scoped = |scope: &str| resource().audience("api").scope("openid").scope(scope);
    scoped("notes")
        .build()
        .unwrap()
        .verify(&signed(&access_claims()))
        .await
        .unwrap();
    let lacking = scoped("admin").build().unwrap();
    refused(
        lacking.verify(&signed(&access_claims())).await,
        TokenFault::Claim,
    );
}

#[tokio::test]
async fn an_access_token_has_an_accepted_algorithm() {
    let only =
        |all: &[SignatureAlgorithm]| resource().audience("api").algorithms(all.iter().copied());
    let es256 = only(&[SignatureAlgorithm::Es256]).build().unwrap();
    es256.verify(&signed(&access_claims())).await.unwrap();
    let rs256 = only(&[SignatureAlgorithm::Rs256]).build().unwrap();
    refused(
        rs256.verify(&signed(&access_claims())).await,
        TokenFault::Algorithm,
    );
    for none in [&[][..], &[SignatureAlgorithm::Hs256]] {
        assert!(only(none).build().unwrap_err().is_config());
    }
    // Settings of the client's verifier apply to access tokens too.
    let narrow = verifier()
        .algorithms([SignatureAlgorithm::Rs256])
        .leeway(Duration::ZERO);
    let narrow = narrow
        .access_token_verifier()
        .audience("api")
        .clock(now)
        .build()
        .unwrap();
    refused(
        narrow.verify(&signed(&access_claims())).await,
        TokenFault::Algorithm,
    );
    let strict = verifier().leeway(Duration::ZERO).access_token_verifier();
    let strict = strict.audience("api").clock(now).build().unwrap();
    let just = with(access_claims(), "exp", json!(NOW));
    refused(strict.verify(&signed(&just)).await, TokenFault::Expired);
}

#[tokio::test]
async fn an_access_token_with_a_repeated_claim_is_refused() {
    let text = access_claims()
        .to_string()
        .replacen('{', r#"{"aud":"api","#, 1);
    let token = sign_text(r#"{"alg":"ES256","kid":"a"}"#, &text);
    refused(api().verify(&token).await, TokenFault::Malformed);
}

#[test]
fn builders_show_no_more_than_names() {
    let builder = AccessTokenVerifier::builder(issuer()).audience("api");
    let shown = format!("{builder:?}");
    assert!(
        shown.contains("api") && shown.contains("realms/demo"),
        "{shown}"
    );
}

/// RFC 8693 section 4.1.
#[tokio::test]
async fn who_acts_for_the_subject() {
    assert_eq!(change("x", json!(1)).await.unwrap().actor(), None);
    let act = json!({
        "sub": "admin", "iss": "https://h/realms/other", "client_id": "desk",
        "act": { "sub": "service", "azp": "jobs", "act": "no object" },
    });
    let claims = change("act", act).await.unwrap();
    let actor = claims.actor().unwrap();
    assert_eq!(actor.subject(), Some("admin"));
    assert_eq!(actor.issuer(), Some("https://h/realms/other"));
    assert_eq!(actor.client_id(), Some("desk"));
    assert_eq!(actor.claim("sub"), Some(&json!("admin")));
    let before = actor.actor().unwrap();
    assert_eq!(
        (before.subject(), before.client_id()),
        (Some("service"), Some("jobs"))
    );
    assert_eq!((before.issuer(), before.actor()), (None, None));
    assert!(!format!("{actor:?}").contains("admin"));
    // A value that is not an object counts as no actor.
    for odd in [json!("admin"), json!(["admin"]), json!(true)] {
        assert_eq!(change("act", odd).await.unwrap().actor(), None);
    }
}

#[tokio::test]
async fn subjects_and_audiences_of_access_tokens() {
    let strict = resource()
        .audience("api")
        .strict_subjects()
        .build()
        .unwrap();
    for (subject, plain, strictly) in [
        (json!("ada"), true, true),
        (json!("Žofia"), true, false),
        (json!("a".repeat(256)), true, false),
        (json!("a\u{1b}[2J"), false, false),
        (json!(""), false, false),
        (json!(7), false, false),
    ] {
        let token = signed(&with(access_claims(), "sub", subject.clone()));
        assert_eq!(
            api().verify(token.as_str()).await.is_ok(),
            plain,
            "{subject}"
        );
        assert_eq!(
            strict.verify(token.as_str()).await.is_ok(),
            strictly,
            "{subject}"
        );
    }
    // The setting of a client's verifier applies too.
    let own = super::verifier().strict_subjects().access_token_verifier();
    let own = own.audience("api").clock(now).build().unwrap();
    let token = signed(&with(access_claims(), "sub", json!("Žofia")));
    let error = refused(own.verify(token.as_str()).await, TokenFault::Subject);
    assert!(!error.to_string().contains("lightweight"), "{error}");
    for audience in [json!(["api", {"x": 1}]), json!(["api", null])] {
        let token = signed(&with(access_claims(), "aud", audience));
        refused(api().verify(token.as_str()).await, TokenFault::Audience);
    }
}
