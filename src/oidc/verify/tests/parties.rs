//! Special cases of issuer, audience and authorized party.

use serde_json::{Value, json};

use super::super::{AccessTokenVerifier, AccessTokenVerifierBuilder};
use super::super::{Expected, IdTokenSecret, IssuerTemplate, TokenVerifier, TrustedIssuer};
use super::{
    ISSUER, access_claims, id_claims, issuer, keys, logout_claims, now, refused, response_claims,
    signed, user_info_claims, verifier, with,
};
use crate::TokenFault;
use crate::error::Result;
use crate::jose::SignatureAlgorithm::{Es256, Hs256, Hs384, Hs512};
use crate::jose::tests::{es256, sign};
use crate::jose::{JwkSet, SignatureAlgorithm, SigningKey};

async fn id(verifier: &TokenVerifier, claims: &Value) -> Result<()> {
    let token = signed(claims);
    verifier.id_token(&token, &Expected::new()).await.map(drop)
}

#[tokio::test]
async fn another_authorized_party_is_named_one_by_one() {
    let phone = with(id_claims(), "azp", json!("phone"));
    let error = refused(id(&verifier(), &phone).await, TokenFault::AuthorizedParty);
    assert!(
        error.hint().unwrap().contains("authorized_party"),
        "{error}"
    );
    let trusting = verifier().authorized_party("phone").authorized_party("tv");
    id(&trusting, &phone).await.unwrap();
    id(&trusting, &id_claims()).await.unwrap();
    for azp in [json!("stranger"), json!(["phone"]), json!("")] {
        let other = with(id_claims(), "azp", azp);
        refused(id(&trusting, &other).await, TokenFault::AuthorizedParty);
    }
    // The token must still be for this client.
    let elsewhere = with(phone, "aud", json!("phone"));
    refused(id(&trusting, &elsewhere).await, TokenFault::Audience);
}

#[tokio::test]
async fn several_audiences_without_an_authorized_party() {
    let several = with(id_claims(), "aud", json!(["web", "api"]));
    let unnamed = with(several.clone(), "azp", Value::Null);
    let trusting = verifier().trusted_audience("api");
    let error = refused(id(&trusting, &unnamed).await, TokenFault::AuthorizedParty);
    assert!(error.hint().unwrap().contains("authorized_party_optional"));
    let optional = trusting.authorized_party_optional();
    id(&optional, &unnamed).await.unwrap();
    // An `azp` is still checked if present, and so are untrusted audiences.
    let other = with(several, "azp", json!("api"));
    refused(id(&optional, &other).await, TokenFault::AuthorizedParty);
    let third = with(unnamed, "aud", json!(["web", "api", "third"]));
    refused(id(&optional, &third).await, TokenFault::Audience);
}

#[tokio::test]
async fn an_alias_of_the_issuer_is_exact_text() {
    let alias = || issuer().alias("h/realms/demo");
    let verifier = TokenVerifier::new(issuer(), "web")
        .clock(now)
        .issuer_alias("h/realms/demo");
    let api = AccessTokenVerifier::builder(alias())
        .also_issuer(TrustedIssuer::new("https://h/realms/other", keys()))
        .clock(now)
        .audience("api")
        .build()
        .unwrap();
    for iss in ["h/realms/demo", ISSUER] {
        id(&verifier, &with(id_claims(), "iss", json!(iss)))
            .await
            .unwrap();
        let token = signed(&with(access_claims(), "iss", json!(iss)));
        api.verify(&token).await.unwrap();
        let logout = signed(&with(logout_claims(), "iss", json!(iss)));
        verifier.logout_token(&logout).await.unwrap();
    }
    for iss in [
        "h/realms/demo/",
        "H/realms/demo",
        "http://h/realms/demo",
        "",
    ] {
        let claims = with(id_claims(), "iss", json!(iss));
        refused(id(&verifier, &claims).await, TokenFault::Issuer);
        let token = signed(&with(access_claims(), "iss", json!(iss)));
        refused(api.verify(&token).await, TokenFault::Issuer);
    }
}

const TEMPLATE: &str = "https://op.example/{tenantid}/v2.0";

fn of_tenant(tenant: &str) -> Value {
    let issuer = TEMPLATE.replace("{tenantid}", tenant);
    with(
        with(access_claims(), "iss", json!(issuer)),
        "tid",
        json!(tenant),
    )
}

fn tenants(template: IssuerTemplate, keys: impl Into<JwkSet>) -> AccessTokenVerifier {
    let builder: AccessTokenVerifierBuilder =
        AccessTokenVerifier::builder(TrustedIssuer::of_tenants(template, keys));
    builder.clock(now).audience("api").build().unwrap()
}

#[tokio::test]
async fn a_template_takes_the_tenants_that_it_allows() {
    let listed = IssuerTemplate::new(TEMPLATE, ["one", "two"]).unwrap();
    let decided = IssuerTemplate::deciding(TEMPLATE, |tenant| tenant.len() == 3).unwrap();
    for template in [listed.clone(), decided] {
        let api = tenants(template, keys());
        for tenant in ["one", "two"] {
            api.verify(&signed(&of_tenant(tenant))).await.unwrap();
        }
        let wrong = [
            of_tenant("three"),
            // The issuer of another tenant.
            with(of_tenant("one"), "tid", json!("two")),
            with(of_tenant("one"), "tid", Value::Null),
            with(of_tenant("one"), "tid", json!(["one"])),
            with(of_tenant("one"), "iss", json!(TEMPLATE)),
            with(of_tenant("{tenantid}"), "tid", json!("{tenantid}")),
            with(
                of_tenant("one"),
                "iss",
                json!("https://op.example/one/v2.0/"),
            ),
            of_tenant(""),
            of_tenant("a/b"),
            with(access_claims(), "iss", json!("")),
        ];
        for claims in wrong {
            refused(api.verify(&signed(&claims)).await, TokenFault::Issuer);
        }
    }
    let shown = format!("{listed:?}");
    assert!(shown.contains("op.example"), "{shown}");
    let verifier = verifier().issuer_template(listed);
    let claims = with(of_tenant("two"), "typ", json!("ID"));
    id(&verifier, &with(claims, "aud", json!("web")))
        .await
        .unwrap();
    // The template itself is not an issuer.
    refused(id(&verifier, &id_claims()).await, TokenFault::Issuer);
}

/// A key with an issuer verifies only tokens of that issuer.
#[tokio::test]
async fn keys_of_one_tenant_are_not_keys_of_another() {
    let named = |issuer: Value| {
        let mut key = es256("a");
        key["issuer"] = issuer;
        JwkSet::from_json(&json!({ "keys": [key] }).to_string()).unwrap()
    };
    let template = || IssuerTemplate::new(TEMPLATE, ["one", "two"]).unwrap();
    let both = tenants(template(), named(json!(TEMPLATE)));
    let only_one = tenants(template(), named(json!("https://op.example/one/v2.0")));
    let nobody = tenants(template(), named(json!(1)));
    for tenant in ["one", "two"] {
        both.verify(&signed(&of_tenant(tenant))).await.unwrap();
        refused(
            nobody.verify(&signed(&of_tenant(tenant))).await,
            TokenFault::UnknownKey,
        );
    }
    only_one.verify(&signed(&of_tenant("one"))).await.unwrap();
    refused(
        only_one.verify(&signed(&of_tenant("two"))).await,
        TokenFault::UnknownKey,
    );
}

#[test]
fn templates_that_say_nothing_are_refused() {
    for error in [
        IssuerTemplate::new("https://op.example/v2.0", ["one"]).unwrap_err(),
        IssuerTemplate::new("https://{tenantid}/{tenantid}", ["one"]).unwrap_err(),
        IssuerTemplate::new(TEMPLATE, Vec::<String>::new()).unwrap_err(),
        IssuerTemplate::deciding("", |_| true).unwrap_err(),
    ] {
        assert!(error.is_config(), "{error}");
    }
}

fn secret(length: usize) -> String {
    "s3cret-".chars().cycle().take(length).collect()
}

fn with_secret(algorithm: SignatureAlgorithm, length: usize, claims: &Value) -> String {
    let key = SigningKey::from_secret(algorithm, secret(length)).unwrap();
    key.sign(&json!({ "kid": "a" }), claims).unwrap()
}

#[tokio::test]
async fn id_tokens_signed_with_the_clients_secret() {
    for (algorithm, length) in [(Hs256, 32), (Hs384, 48), (Hs512, 64)] {
        let own = IdTokenSecret::new(algorithm, secret(length)).unwrap();
        let shown = format!("{own:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
        let symmetric = verifier().id_tokens_signed_with_client_secret(own);
        let expected = Expected::new();
        let token = with_secret(algorithm, length, &id_claims());
        let verified = symmetric.id_token(&token, &expected).await.unwrap();
        assert_eq!(verified.algorithm(), algorithm);
        // All other checks still apply.
        let other = with(id_claims(), "aud", json!("other"));
        let token = with_secret(algorithm, length, &other);
        refused(
            symmetric.id_token(&token, &expected).await,
            TokenFault::Audience,
        );
        let forged = SigningKey::from_secret(algorithm, "x".repeat(64)).unwrap();
        let token = forged.sign(&json!({}), &id_claims()).unwrap();
        refused(
            symmetric.id_token(&token, &expected).await,
            TokenFault::Signature,
        );
        // Never together with the issuer's keys, and never with another algorithm.
        for token in [
            signed(&id_claims()),
            with_secret(
                if algorithm == Hs256 { Hs384 } else { Hs256 },
                64,
                &id_claims(),
            ),
            sign(&json!({ "alg": "none" }), &id_claims()),
        ] {
            refused(
                symmetric.id_token(&token, &expected).await,
                TokenFault::Algorithm,
            );
        }
        let shown = format!("{symmetric:?}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

/// A secret verifies only ID tokens: it makes neither access tokens nor logout tokens.
#[tokio::test]
async fn the_secret_is_for_no_other_token() {
    let own = IdTokenSecret::new(Hs256, secret(32)).unwrap();
    let symmetric = verifier().id_tokens_signed_with_client_secret(own);
    let made = |claims: &Value| with_secret(Hs256, 32, claims);
    let fault = TokenFault::Algorithm;
    refused(symmetric.logout_token(&made(&logout_claims())).await, fault);
    refused(
        symmetric.user_info(&made(&user_info_claims()), None).await,
        fault,
    );
    let response = made(&response_claims());
    refused(symmetric.authorization_response(&response).await, fault);
    refused(
        symmetric.introspection(&made(&access_claims())).await,
        fault,
    );
    let api = symmetric.access_token_verifier().audience("api").clock(now);
    refused(
        api.build().unwrap().verify(&made(&access_claims())).await,
        fault,
    );
    // They are still verified with the issuer's keys.
    symmetric
        .logout_token(&signed(&logout_claims()))
        .await
        .unwrap();
}

/// A published key is not a secret: neither its text, nor its point, nor a symmetric key in the set
/// can sign an ID token.
#[tokio::test]
async fn no_published_key_is_a_secret() {
    let jwk = es256("a");
    let x = jwk["x"].as_str().unwrap().to_owned();
    let mut set = json!({ "keys": [jwk] });
    let known = secret(32);
    set["keys"].as_array_mut().unwrap().push(json!({
        "kty": "oct", "kid": "b", "alg": "HS256", "use": "sig",
        "k": crate::jose::base64url::encode("published-published-published-pub"),
    }));
    let keys = JwkSet::from_json(&set.to_string()).unwrap();
    let plain = TokenVerifier::new(TrustedIssuer::new(ISSUER, keys), "web").clock(now);
    let own = IdTokenSecret::new(Hs256, known).unwrap();
    let symmetric = plain.clone().id_tokens_signed_with_client_secret(own);
    for (published, kid) in [
        (x, "a"),
        (set["keys"][0].to_string(), "a"),
        ("published-published-published-pub".to_owned(), "b"),
    ] {
        let forger = SigningKey::from_secret(Hs256, published).unwrap();
        let token = forger.sign(&json!({ "kid": kid }), &id_claims()).unwrap();
        refused(
            symmetric.id_token(&token, &Expected::new()).await,
            TokenFault::Signature,
        );
        refused(
            plain.id_token(&token, &Expected::new()).await,
            TokenFault::Algorithm,
        );
    }
}

#[test]
fn secrets_that_are_too_short() {
    for (algorithm, length) in [(Hs256, 31), (Hs384, 47), (Hs512, 63), (Es256, 64)] {
        let error = IdTokenSecret::new(algorithm, secret(length)).unwrap_err();
        assert!(
            error.is_config() && !error.to_string().contains("s3cret"),
            "{error}"
        );
    }
}
