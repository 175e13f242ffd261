//! The audience of client assertions, at every endpoint that accepts one.

use serde_json::{Value, json};

use super::mock::{Defects, Mock};
use crate::jose::{SignatureAlgorithm, SigningKey, decode_unverified};
use crate::oidc::{Discovered, Oidc, OidcBuilder};
use crate::test_support::options;
use crate::{AssertionAudience, ClientAuth};

/// The public URL of a provider that is called at another address.
const PUBLIC: &str = "https://op.example";

async fn provider() -> Mock {
    Mock::with(Defects {
        document: Box::new(|document| {
            let base = document["issuer"].as_str().unwrap().to_owned();
            *document = serde_json::from_str(&document.to_string().replace(&base, PUBLIC)).unwrap();
            document["token_endpoint"] = json!(format!("{PUBLIC}/token?tenant=1"));
            // For clients with a certificate: an alias.
            document["mtls_endpoint_aliases"] =
                json!({ "revocation_endpoint": format!("{PUBLIC}/mtls/revoke") });
        }),
        ..Defects::default()
    })
    .await
}

fn builder(mock: &Mock) -> OidcBuilder<Discovered> {
    Oidc::discover(PUBLIC)
        .base_url(&mock.server.url)
        .client_id("app")
        .redirect_uri("https://app.example/cb")
        .options(options())
}

async fn call_everything(oidc: &Oidc) {
    let _ = oidc.client_credentials().await;
    let _ = oidc.authorize().pushed().start().await;
    let _ = oidc.introspect("x").await;
    let _ = oidc.revoke("x").await;
    let _ = oidc.device().await;
    let _ = oidc.backchannel_login().login_hint("ada").await;
}

/// The client assertion's `aud` that each endpoint received, by the endpoint's path.
fn audiences(mock: &Mock) -> Vec<(String, Value)> {
    let seen = mock.server.seen();
    let sent = seen.iter().filter_map(|seen| {
        let claims = decode_unverified(seen.form("client_assertion")?).unwrap();
        Some((seen.target.clone(), claims.claims()["aud"].clone()))
    });
    sent.collect()
}

const ENDPOINTS: [&str; 6] = [
    "/token?tenant=1",
    "/par",
    "/introspect",
    "/revoke",
    "/device",
    "/backchannel",
];

#[tokio::test]
async fn assertions_name_one_audience_as_the_document_has_it() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let secret = "0123456789abcdef0123456789abcdef";
    let own: fn(&str) -> String = |path| format!("{PUBLIC}{path}");
    for (audience, wanted) in [
        (None, (|_| PUBLIC.to_owned()) as fn(&str) -> String),
        (Some(AssertionAudience::Issuer), |_| PUBLIC.to_owned()),
        (Some(AssertionAudience::TokenEndpoint), |_| {
            format!("{PUBLIC}/token?tenant=1")
        }),
        (Some(AssertionAudience::Endpoint), own),
        (Some("urn:op".into()), |_| "urn:op".to_owned()),
    ] {
        for auth in [
            ClientAuth::private_key_jwt(key.clone()),
            ClientAuth::client_secret_jwt(secret),
        ] {
            let mock = provider().await;
            let auth = match &audience {
                Some(audience) => auth.assertion_audience(audience.clone()),
                None => auth,
            };
            call_everything(&builder(&mock).client_auth(auth).build().unwrap()).await;
            let wanted = ENDPOINTS.map(|path| (path.to_owned(), Value::from(wanted(path))));
            assert_eq!(audiences(&mock), wanted, "{audience:?}");
        }
    }
    // The endpoint of a client with a certificate is its alias.
    let mock = provider().await;
    let auth = ClientAuth::private_key_jwt(key).assertion_audience(AssertionAudience::Endpoint);
    let oidc = builder(&mock)
        .client_auth(auth)
        .certificate_bound_tokens()
        .build()
        .unwrap();
    let _ = oidc.revoke("x").await;
    let alias = (
        "/mtls/revoke".to_owned(),
        json!(format!("{PUBLIC}/mtls/revoke")),
    );
    assert_eq!(audiences(&mock), [alias]);
}

#[tokio::test]
async fn a_source_learns_issuer_and_endpoint() {
    let mock = provider().await;
    let auth = ClientAuth::assertion(|target| async move {
        let (issuer, endpoint) = (target.issuer(), target.endpoint());
        Ok(format!("{issuer}|{endpoint}|{}", target.audience()).into())
    });
    let oidc = builder(&mock).client_auth(auth).build().unwrap();
    call_everything(&oidc).await;
    let seen = mock.server.seen();
    for path in ENDPOINTS {
        let sent = seen.iter().find(|seen| seen.target == path).unwrap();
        let form: Vec<_> = url::form_urlencoded::parse(sent.body.as_bytes()).collect();
        let (_, assertion) = form
            .iter()
            .find(|(name, _)| name == "client_assertion")
            .unwrap();
        assert_eq!(*assertion, format!("{PUBLIC}|{PUBLIC}{path}|{PUBLIC}"));
    }
}

/// A method that the endpoint's own list lacks is not used there.
#[tokio::test]
async fn methods_of_introspection_and_revocation_are_looked_at() {
    for member in [
        "introspection_endpoint_auth_methods_supported",
        "revocation_endpoint_auth_methods_supported",
    ] {
        let endpoint = member.replace("_auth_methods_supported", "");
        let path = if endpoint.starts_with("intro") {
            "/introspect"
        } else {
            "/revoke"
        };
        let call = async |methods: Value, auth: ClientAuth| {
            let mock = Mock::with(Defects {
                document: Box::new(move |document| document[member] = methods.clone()),
                ..Defects::default()
            })
            .await;
            let oidc = mock.builder().client_auth(auth).build().unwrap();
            let failed = match path {
                "/introspect" => oidc.introspect("x").await.map(drop),
                _ => oidc.revoke("x").await,
            };
            (mock, failed.unwrap_err())
        };
        let secret = || ClientAuth::client_secret_basic("s3cret");
        let (mock, _) = call(json!(["client_secret_post"]), secret()).await;
        assert!(
            mock.last_body(path)
                .ends_with("&client_id=app&client_secret=s3cret")
        );
        let (mock, _) = call(
            json!("client_secret_basic"),
            ClientAuth::client_secret_post("s"),
        )
        .await;
        assert_eq!(mock.last_body(path), "token=x");
        let (mock, error) = call(json!(["private_key_jwt"]), secret()).await;
        assert_eq!(mock.posts(path), 0);
        let text = error.to_string();
        assert!(
            error.is_config() && text.contains("private_key_jwt") && text.contains(&endpoint),
            "{text}"
        );
        let (mock, error) = call(json!({}), secret()).await;
        assert_eq!(mock.posts(path), 0);
        assert!(error.to_string().contains(member), "{error}");
        // The token endpoint has a list of its own, but the client's registration decides.
        assert!(mock.oidc().client_credentials().await.is_ok());
    }
}
