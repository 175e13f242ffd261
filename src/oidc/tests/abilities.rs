//! A missing feature of the provider is found before anything is used up.

use serde_json::{Value, json};

use super::mock::{Defects, Mock};
use crate::ErrorKind;
use crate::jose::{DpopKey, SignatureAlgorithm, SigningKey};

async fn with(changes: Value) -> Mock {
    Mock::with(Defects {
        document: Box::new(move |document| {
            for (name, value) in changes.as_object().unwrap() {
                document[name] = value.clone();
            }
        }),
        ..Defects::default()
    })
    .await
}

fn key(algorithm: SignatureAlgorithm) -> SigningKey {
    SigningKey::generate(algorithm).unwrap()
}

#[tokio::test]
async fn a_key_for_tokens_is_refused_where_the_provider_has_no_dpop() {
    const MEMBER: &str = "dpop_signing_alg_values_supported";
    for (names, why) in [
        (json!(null), "does not publish support for DPoP"),
        (json!(["RS256", "PS256"]), "RS256, PS256"),
        (json!({ "ES256": 1 }), MEMBER),
    ] {
        let mock = with(json!({ MEMBER: names })).await;
        let key = DpopKey::new(key(SignatureAlgorithm::Es256)).unwrap();
        let oidc = mock.builder().dpop(key).build().unwrap();
        for error in [
            oidc.authorize().start().await.unwrap_err(),
            oidc.authorize().pushed().start().await.unwrap_err(),
            oidc.client_credentials().await.unwrap_err(),
            oidc.device().await.unwrap_err(),
        ] {
            assert!(error.to_string().contains(why), "{error}");
        }
        assert!(mock.server.seen().iter().all(|seen| seen.method == "GET"));
        // Without a key the metadata is not checked.
        mock.oidc().authorize().start().await.unwrap();
    }
    for names in [json!(["ES256"]), json!("ES256"), json!(["RS256", "ES256"])] {
        let mock = with(json!({ MEMBER: names })).await;
        let key = DpopKey::new(key(SignatureAlgorithm::Es256)).unwrap();
        let oidc = mock.builder().dpop(key).build().unwrap();
        oidc.authorize().start().await.unwrap();
    }
    // The document of RFC 8414 may have the member instead.
    let mock = Mock::with(Defects {
        document: Box::new(|document| document[MEMBER] = json!(null)),
        script: Box::new(|seen| {
            let base = format!("http://{}", seen.header("host").unwrap());
            (seen.target == "/.well-known/oauth-authorization-server").then(|| {
                let document = json!({ "issuer": base, MEMBER: ["ES256"] });
                crate::test_support::Reply::json(200, document.to_string())
            })
        }),
        ..Defects::default()
    })
    .await;
    let key = DpopKey::new(key(SignatureAlgorithm::Es256)).unwrap();
    let oidc = mock.builder().dpop(key).build().unwrap();
    oidc.authorize().start().await.unwrap();
}

#[tokio::test]
async fn a_signed_request_is_refused_where_the_provider_takes_none() {
    let es256 = key(SignatureAlgorithm::Es256);
    let by_value = "request_parameter_supported";
    let by_reference = "request_uri_parameter_supported";
    let algorithms = "request_object_signing_alg_values_supported";
    for (document, value, reference, pushed) in [
        (json!({}), true, true, true),
        (
            json!({ by_value: true, by_reference: true }),
            true,
            true,
            true,
        ),
        (json!({ by_value: false }), false, true, true),
        (json!({ by_value: "false" }), false, true, true),
        (json!({ by_value: 7 }), false, true, true),
        (json!({ by_reference: false }), true, false, true),
        (json!({ algorithms: ["ES256"] }), true, true, true),
        (
            json!({ algorithms: ["RS256", "none"] }),
            false,
            false,
            false,
        ),
        (json!({ algorithms: 7 }), false, false, false),
    ] {
        let mock = with(document.clone()).await;
        let oidc = mock.oidc();
        let signed = || oidc.authorize().signed_with(&es256);
        let uri = "https://app.example/request";
        for (started, good) in [
            (signed().start().await, value),
            (signed().request_uri(uri).start().await, reference),
        ] {
            assert_eq!(started.is_ok(), good, "{document}");
            if let Err(error) = started {
                let kinds = [ErrorKind::Config, ErrorKind::Protocol];
                assert!(kinds.contains(&error.kind()), "{error}");
                assert_eq!(error.operation(), Some("oidc.authorize"));
            }
        }
        // The provider itself checks pushed requests.
        let _ = signed().pushed().start().await;
        assert_eq!(mock.posts("/par"), usize::from(pushed), "{document}");
        oidc.authorize().start().await.unwrap();
    }
}

#[tokio::test]
async fn what_a_url_parser_drops_is_refused() {
    use crate::oidc::Oidc;
    for issuer in [
        " https://op.example",
        "https://op.example\n",
        "https://op\t.example",
        "https://op.example/a b",
    ] {
        let error = Oidc::discover(issuer).client_id("app").build().unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("white space"),
            "{error}"
        );
    }
    for id in ["app\n", "a\rpp", "\u{0}"] {
        let error = Oidc::discover("https://op.example")
            .client_id(id)
            .build()
            .unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("client id"),
            "{error}"
        );
    }
    Oidc::discover("https://op.example")
        .client_id("https://app.example/ü a")
        .build()
        .unwrap();
    for uri in [
        "https://app.example/cb\n",
        " https://app.example/cb",
        "https://app.example/c b",
    ] {
        let builder = Oidc::discover("https://op.example").client_id("app");
        let error = builder.redirect_uri(uri).build().unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("white space"),
            "{error}"
        );
    }
}
