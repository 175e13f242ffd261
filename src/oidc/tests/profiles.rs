//! Security profiles, and what a login can require of its ID tokens.

use std::time::Duration;

use serde_json::{Value, json};

use super::mock::{Defects, Mock, now};
use crate::jose::tests::sign;
use crate::jose::{DpopKey, SignatureAlgorithm, SigningKey, decode_unverified, hash};
use crate::oidc::IdTokenSecret;
use crate::oidc::{
    Discovered, LoginAttempt, OidcBuilder, ResponseMode, ResponseType, SecurityProfile, TokenSet,
};
use crate::test_support::{Reply, options};
use crate::{
    AssertionAudience, CallbackFault, ClientAuth, ClientOptions, Error, ErrorKind, TokenFault,
};

const ALL: [SecurityProfile; 4] = [
    SecurityProfile::Fapi1Advanced,
    SecurityProfile::Fapi2Security,
    SecurityProfile::Fapi2MessageSigning,
    SecurityProfile::FapiCiba,
];

fn key(algorithm: SignatureAlgorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap()
}

/// A client that lacks nothing for any profile.
fn complete(mock: &Mock, profile: SecurityProfile) -> OidcBuilder<Discovered> {
    // What it shows is not known.
    let http = options().build_http_service().unwrap();
    crate::oidc::Oidc::discover(&mock.server.url)
        .client_id("app")
        .redirect_uri("https://app.example/cb")
        .client_auth(ClientAuth::private_key_jwt(key(SignatureAlgorithm::Es256)))
        .dpop(DpopKey::generate(SignatureAlgorithm::Es256).unwrap())
        .options(ClientOptions::new().http_service(http).quick())
        .security_profile(profile)
}

/// Accepts pushed requests; all other responses are as usual.
async fn provider() -> Mock {
    Mock::with(Defects {
        script: Box::new(|seen| match seen.target.as_str() {
            "/par" => Some(Reply::json(
                201,
                r#"{"request_uri":"urn:x:1","expires_in":60}"#,
            )),
            "/backchannel" => Some(Reply::json(
                200,
                r#"{"auth_req_id":"a1","expires_in":60,"interval":0.001}"#,
            )),
            _ => None,
        }),
        answer: Box::new(|answer| answer["token_type"] = json!("DPoP")),
        ..Defects::default()
    })
    .await
}

/// The parameters that the provider received, from the signed request if there is one.
fn asked(mock: &Mock, login: &LoginAttempt) -> Value {
    let query = login.url().split_once('?').unwrap().1.to_owned();
    let pairs = |text: &str| {
        let pairs = url::form_urlencoded::parse(text.as_bytes());
        Value::Object(pairs.map(|(n, v)| (n.into(), v.as_ref().into())).collect())
    };
    let mut sent = pairs(&query);
    if sent.get("request_uri").is_some() {
        sent = pairs(&mock.last_body("/par"));
    }
    match sent.get("request") {
        Some(request) => {
            let signed = decode_unverified(request.as_str().unwrap()).unwrap();
            Value::Object(signed.claims().clone())
        }
        None => sent,
    }
}

fn lacks(error: &Error, what: &[&str]) {
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    for what in what {
        assert!(text.contains(what), "{what}: {text}");
    }
}

/// The error lists all problems at once, and nothing is sent.
#[tokio::test]
async fn what_a_client_lacks_for_a_profile_is_said_at_once() {
    let mock = provider().await;
    for profile in ALL {
        complete(&mock, profile).build().unwrap();
        let poor = mock
            .builder()
            .redirect_uri("http://app.example/cb")
            .security_profile(profile);
        let error = poor.build().unwrap_err();
        lacks(&error, &["private_key_jwt", "client_secret_basic", "https"]);
        let weak = complete(&mock, profile)
            .client_auth(ClientAuth::private_key_jwt(key(SignatureAlgorithm::Rs256)))
            .dpop(DpopKey::generate(SignatureAlgorithm::Es384).unwrap());
        lacks(
            &weak.build().unwrap_err(),
            &["RS256", "ES384", "PS256, ES256"],
        );
        let lax = complete(&mock, profile)
            .verification(|verifier| verifier.algorithms([SignatureAlgorithm::Rs256]));
        lacks(
            &lax.build().unwrap_err(),
            &["verification must only accept PS256"],
        );
        let secret = IdTokenSecret::new(SignatureAlgorithm::Hs256, "s".repeat(32)).unwrap();
        let symmetric = complete(&mock, profile)
            .verification(|verifier| verifier.id_tokens_signed_with_client_secret(secret));
        lacks(
            &symmetric.build().unwrap_err(),
            &["verification must only accept PS256"],
        );
    }
    for profile in [SecurityProfile::Fapi1Advanced, SecurityProfile::FapiCiba] {
        let bare = mock
            .builder()
            .client_auth(ClientAuth::tls_client_auth())
            .security_profile(profile);
        let error = bare.build().unwrap_err();
        lacks(&error, &["client_identity_pem", "request_signing_key"]);
        let loopback = complete(&mock, profile).redirect_uri("http://127.0.0.1:7/cb");
        lacks(&loopback.build().unwrap_err(), &["redirect URI"]);
    }
    let unbound = mock
        .builder()
        .client_auth(ClientAuth::private_key_jwt(key(SignatureAlgorithm::Ps256)))
        .redirect_uri("http://127.0.0.1:7/cb")
        .security_profile(SecurityProfile::Fapi2Security);
    let error = unbound.build().unwrap_err();
    lacks(&error, &["dpop or certificate_bound_tokens"]);
    assert!(!error.to_string().contains("redirect URI"), "{error}");
    assert!(mock.server.seen().is_empty());
}

#[tokio::test]
async fn a_profile_sets_what_belongs_together() {
    for (profile, pushed, signed, jwt) in [
        (SecurityProfile::Fapi1Advanced, false, true, true),
        (SecurityProfile::Fapi2Security, true, false, false),
        (SecurityProfile::Fapi2MessageSigning, true, true, true),
        (SecurityProfile::FapiCiba, false, true, true),
    ] {
        let mock = provider().await;
        let oidc = complete(&mock, profile).build().unwrap();
        let login = oidc.authorize().start().await.unwrap();
        let sent = asked(&mock, &login);
        assert_eq!(mock.posts("/par"), usize::from(pushed), "{profile:?}");
        assert_eq!(sent.get("iss").is_some(), signed, "{profile:?} {sent}");
        let mode = sent.get("response_mode").and_then(Value::as_str);
        assert_eq!(mode == Some("jwt"), jwt, "{profile:?} {sent}");
        assert_eq!(sent["code_challenge_method"], "S256");
        assert_eq!(sent["response_type"], "code");
        // The client does not see the user's password.
        let error = oidc.password("ada", "pw").await.unwrap_err();
        assert!(error.is_config(), "{error}");
        // A login cannot override the profile.
        let authorize = || oidc.authorize();
        let refused = [
            authorize().response_type(ResponseType::IdToken),
            authorize().response_type(ResponseType::CodeToken),
            authorize().redirect_uri("http://app.example/cb"),
            authorize().signed_with(&key(SignatureAlgorithm::Rs256)),
        ];
        for request in refused {
            let error = request.start().await.unwrap_err();
            assert!(error.is_config(), "{profile:?}: {error}");
        }
        let plain = authorize().response_mode(ResponseMode::Query).start().await;
        assert_eq!(plain.is_err(), jwt, "{profile:?}");
        let hybrid = authorize().response_type(ResponseType::CodeIdToken);
        assert_eq!(hybrid.start().await.is_err(), pushed, "{profile:?}");
        let fetched = authorize()
            .signed_with(&key(SignatureAlgorithm::Es256))
            .request_uri("https://app.example/request");
        assert_eq!(fetched.start().await.is_err(), pushed, "{profile:?}");
        assert_eq!(mock.posts("/token"), 0);
    }
}

/// FAPI 2.0 Security Profile section 5.3.3.2: whatever the metadata promises.
#[tokio::test]
async fn a_profile_wants_answers_that_name_their_issuer() {
    let mock = Mock::with(Defects {
        document: Box::new(|document| {
            document["authorization_response_iss_parameter_supported"] = json!(false);
        }),
        script: Box::new(|seen| {
            (seen.target == "/par").then(|| Reply::json(201, r#"{"request_uri":"urn:x:1"}"#))
        }),
        answer: Box::new(|answer| answer["token_type"] = json!("DPoP")),
        ..Defects::default()
    })
    .await;
    let oidc = complete(&mock, SecurityProfile::Fapi2Security)
        .build()
        .unwrap();
    let login = mock.login(&oidc).await;
    let answer = format!("/cb?code=c0de&state={}", login.state());
    let error = oidc.callback(login.clone(), answer).await.unwrap_err();
    assert_eq!(
        error.callback_fault(),
        Some(CallbackFault::Issuer),
        "{error}"
    );
    // The stored login has the same requirements.
    let login = super::elsewhere::through_json(&login);
    let answer = format!("/cb?code=c0de&state={}", login.state());
    oidc.callback(login.clone(), answer).await.unwrap_err();
    oidc.callback(login.clone(), mock.answer(&login))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_profile_signs_backchannel_requests() {
    for profile in ALL {
        let mock = provider().await;
        let oidc = complete(&mock, profile).build().unwrap();
        let signs = profile != SecurityProfile::Fapi2Security;
        oidc.backchannel_login().login_hint("ada").await.unwrap();
        let body = mock.last_body("/backchannel");
        assert_eq!(body.contains("request="), signs, "{profile:?}: {body}");
        let request = oidc.backchannel_login().login_hint("ada");
        let error = request.signed_with(&key(SignatureAlgorithm::Rs256)).await;
        assert!(error.unwrap_err().is_config());
        assert_eq!(mock.posts("/backchannel"), 1);
    }
}

/// Issues ID tokens that are two hours old and still valid.
async fn old_tokens() -> Mock {
    let defects = provider_defects();
    Mock::with(Defects {
        claims: Box::new(|claims| claims["iat"] = json!(now() - 7200)),
        ..defects
    })
    .await
}

fn provider_defects() -> Defects {
    Defects {
        script: Box::new(|seen| match seen.target.as_str() {
            "/par" => Some(Reply::json(201, r#"{"request_uri":"urn:x:1"}"#)),
            "/backchannel" => Some(Reply::json(
                200,
                r#"{"auth_req_id":"a1","expires_in":60,"interval":0.001}"#,
            )),
            "/device" => Some(Reply::json(
                200,
                r#"{"device_code":"d1","user_code":"A","verification_uri":"https://op/device",
                    "expires_in":60,"interval":0.001}"#,
            )),
            _ => None,
        }),
        ..Defects::default()
    }
}

const HOUR: Duration = Duration::from_secs(3600);

fn too_old(outcome: crate::Result<TokenSet>) {
    let error = outcome.unwrap_err();
    assert_eq!(error.token_fault(), Some(TokenFault::TooOld), "{error}");
}

/// Wherever an ID token comes from.
#[tokio::test]
async fn the_greatest_age_of_an_id_token_can_be_asked_for_on_every_way_in() {
    let mock = old_tokens().await;
    let lenient = mock.oidc();
    let strict = mock.builder().max_issue_age(HOUR).build().unwrap();
    for (oidc, age) in [(&lenient, Some(HOUR)), (&strict, None)] {
        let mut authorize = oidc.authorize();
        if let Some(age) = age {
            authorize = authorize.max_issue_age(age);
        }
        let login = authorize.start().await.unwrap();
        mock.expect(&login);
        let login: LoginAttempt = super::elsewhere::through_json(&login);
        let answer = mock.answer(&login);
        too_old(oidc.callback_tokens(login, answer).await);
        mock.expect_none();

        macro_rules! each {
            ($($request:expr),*) => {$({
                let mut request = $request;
                if let Some(age) = age {
                    request = request.max_issue_age(age);
                }
                request.await
            }),*};
        }
        macro_rules! refused {
            ($($request:expr),* $(,)?) => {$( too_old(each!($request)); )*};
        }
        refused![
            oidc.password("ada", "pw"),
            oidc.jwt_bearer("a"),
            oidc.grant("urn:x"),
            oidc.client_credentials().scope("openid"),
            oidc.code("c0de", "https://app.example/cb"),
            oidc.refresh(crate::oidc::Refreshable::new("r").unwrap()),
        ];
        let device = each!(oidc.device()).unwrap();
        too_old(device.tokens().await);
        let device = oidc.resume_device(super::elsewhere::through_json(&device.saved()));
        too_old(device.poll().await.map(Option::unwrap));
        let asked = each!(oidc.backchannel_login().login_hint("ada")).unwrap();
        too_old(asked.tokens().await);
        let asked = oidc.resume_backchannel(super::elsewhere::through_json(&asked.saved()));
        too_old(asked.poll().await.map(Option::unwrap));
    }
    // By default only the expiry counts.
    let tokens = lenient.password("ada", "pw").await.unwrap();
    // Restored tokens were new when they were saved.
    let kept = strict.restore(&tokens.saved()).await.unwrap();
    assert!(kept.id_token().is_some());
    too_old(
        strict
            .session(kept)
            .refresh_refused(tokens.access_token())
            .await
            .map(|_| tokens),
    );
}

#[tokio::test]
async fn a_profile_takes_no_old_id_token() {
    let defects = provider_defects();
    let mock = Mock::with(Defects {
        claims: Box::new(|claims| claims["iat"] = json!(now() - 7 * 86_400)),
        answer: Box::new(|answer| answer["token_type"] = json!("DPoP")),
        ..defects
    })
    .await;
    for profile in ALL {
        let oidc = complete(&mock, profile).build().unwrap();
        let login = oidc.backchannel_login().login_hint("ada").await.unwrap();
        too_old(login.tokens().await);
        let patient = complete(&mock, profile).max_issue_age(8 * 24 * HOUR);
        let login = patient
            .build()
            .unwrap()
            .backchannel_login()
            .login_hint("ada");
        login.await.unwrap().tokens().await.unwrap();
    }
}

/// The response's ID token is bound to the state (FAPI 1.0 Advanced section 5.2.3).
#[tokio::test]
async fn a_login_can_ask_for_the_hash_of_its_state() {
    let mock = provider().await;
    let url = &mock.server.url;
    let answer = |login: &LoginAttempt, s_hash: Option<String>| {
        let half = |text: &str| hash::half(SignatureAlgorithm::Es256, text);
        let mut claims = json!({
            "iss": url, "aud": "app", "sub": "1", "iat": now(), "exp": now() + 60,
            "nonce": login.nonce().expose(), "c_hash": half("c0de"),
        });
        if let Some(s_hash) = s_hash {
            claims["s_hash"] = s_hash.into();
        }
        let token = sign(&json!({ "alg": "ES256", "kid": "a" }), &claims);
        format!(
            "/cb#code=c0de&id_token={token}&state={}&iss={url}",
            login.state()
        )
    };
    let lenient = mock.oidc();
    let bank = complete(&mock, SecurityProfile::Fapi1Advanced)
        .build()
        .unwrap();
    let hybrid = ResponseType::CodeIdToken;
    for (oidc, request, required) in [
        (&lenient, lenient.authorize(), false),
        (&lenient, lenient.authorize().require_state_hash(), true),
        (&bank, bank.authorize(), true),
    ] {
        let login = request.response_type(hybrid).start().await.unwrap();
        let good = hash::half(SignatureAlgorithm::Es256, login.state());
        for (s_hash, passes) in [
            (Some(good), true),
            (Some("x".to_owned()), false),
            (None, !required),
        ] {
            let shown = s_hash.clone();
            let answer = answer(&login, s_hash);
            let outcome = oidc.authorization_response(login.clone(), answer).await;
            assert_eq!(outcome.is_ok(), passes, "{shown:?}: {outcome:?}");
            if let Err(error) = outcome {
                assert_eq!(error.token_fault(), Some(TokenFault::Hash), "{error}");
            }
        }
    }
    let error = lenient.authorize().require_state_hash().start().await;
    lacks(&error.unwrap_err(), &["code id_token"]);
}

/// Plain OAuth 2.0: no nonce, no ID token.
#[tokio::test]
async fn a_login_without_openid_gives_tokens_without_an_id_token() {
    let mock = Mock::with(Defects {
        answer: Box::new(|answer| {
            answer.as_object_mut().unwrap().remove("id_token");
        }),
        ..Defects::default()
    })
    .await;
    let oidc = mock.oidc();
    let request = || oidc.authorize().without_openid();
    let login = request().scope("repo").start().await.unwrap();
    let login: LoginAttempt = super::elsewhere::through_json(&login);
    let sent = asked(&mock, &login);
    assert_eq!(sent["scope"], "repo");
    assert_eq!(sent.get("nonce"), None);
    assert!(sent["state"].is_string() && sent["code_challenge"].is_string());
    // Nothing is sent if the result could only be discarded.
    let error = oidc.callback(login.clone(), mock.answer(&login)).await;
    lacks(&error.unwrap_err(), &["callback_tokens"]);
    assert_eq!(mock.posts("/token"), 0);
    // The checks are the same.
    let error = oidc
        .callback_tokens(login.clone(), "/cb?code=c&state=x")
        .await;
    assert!(error.unwrap_err().callback_fault().is_some());
    let answer = mock.answer(&login);
    let tokens = oidc.callback_tokens(login, answer).await.unwrap();
    assert!(tokens.id_token().is_none());
    assert_eq!(tokens.access_token().expose(), "access-hunter2");

    let bare = request().start().await.unwrap();
    assert_eq!(asked(&mock, &bare).get("scope"), None);
    let signed = request().signed_with(&key(SignatureAlgorithm::Es256));
    assert!(!signed.start().await.unwrap().url().contains("scope="));
    for contradiction in [
        request().scope("email openid"),
        request().response_type(ResponseType::IdToken),
        request().response_type(ResponseType::None),
        request().max_age(HOUR),
        request().essential_acr(["gold"]),
    ] {
        let error = contradiction.start().await.unwrap_err();
        assert!(error.is_config(), "{error}");
    }
    // A login with openid needs its ID token, whichever method completes it.
    let login = mock.login(&oidc).await;
    let answer = mock.answer(&login);
    let error = oidc.callback_tokens(login, answer).await.unwrap_err();
    assert_eq!(error.callback_fault(), Some(CallbackFault::NoIdToken));
    // Other grants leave out openid with their scope.
    let tokens = oidc.password("ada", "pw").scope("repo").await.unwrap();
    assert!(tokens.id_token().is_none());
}

/// Implicit and hybrid responses have no token set.
#[tokio::test]
async fn userinfo_is_compared_with_an_id_token_beside_the_access_token() {
    for (subject, passes) in [("1", true), ("2", false)] {
        let mock = Mock::with(Defects {
            script: Box::new(move |seen| {
                let body = json!({ "sub": subject }).to_string();
                (seen.target == "/userinfo").then(|| Reply::json(200, body))
            }),
            ..Defects::default()
        })
        .await;
        let oidc = mock.oidc();
        let tokens = oidc.password("ada", "pw").await.unwrap();
        let id_token = tokens.id_token().unwrap();
        let outcome = oidc.userinfo_for(tokens.access_token(), id_token).await;
        assert_eq!(outcome.is_ok(), passes, "{outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(error.token_fault(), Some(TokenFault::Subject), "{error}");
        }
    }
}

/// An audience other than the issuer may be accepted by another provider too.
#[tokio::test]
async fn profiles_take_no_other_audience_of_assertions() {
    let mock = provider().await;
    let auth = || ClientAuth::private_key_jwt(key(SignatureAlgorithm::Es256));
    for profile in ALL {
        for audience in [
            AssertionAudience::TokenEndpoint,
            AssertionAudience::Endpoint,
            "https://op.example".into(),
        ] {
            let auth = auth().assertion_audience(audience);
            let error = complete(&mock, profile)
                .client_auth(auth)
                .build()
                .unwrap_err();
            assert!(error.is_config(), "{error}");
            assert!(error.to_string().contains("assertion_audience"), "{error}");
        }
        let auth = auth().assertion_audience(AssertionAudience::Issuer);
        complete(&mock, profile).client_auth(auth).build().unwrap();
    }
}
