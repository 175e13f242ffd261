use super::*;
use crate::discovery::ProviderMetadata;

/// A provider with these methods at its introspection endpoint.
fn provider(methods: Option<&[&str]>) -> ProviderMetadata {
    ProviderMetadata {
        issuer: "https://op".to_owned(),
        token_endpoint: Some("https://op/t?x".to_owned()),
        introspection_endpoint_auth_methods_supported: methods
            .map(|all| all.iter().map(|one| (*one).to_owned()).collect()),
        ..ProviderMetadata::default()
    }
}

async fn shown(auth: ClientAuth, methods: Option<&[&str]>) -> Result<Authentication> {
    let metadata = provider(methods);
    let place = AuthEndpoint {
        metadata: &metadata,
        name: "introspection_endpoint",
        url: "https://op/i",
    };
    OAuthClient::new("web", auth).authenticate(place).await
}

#[tokio::test]
async fn basic_credentials_are_form_urlencoded_and_sensitive() {
    let client = OAuthClient::new("a:b", "p:q%2B+ /é&=?".into());
    let metadata = provider(None);
    let place = AuthEndpoint {
        metadata: &metadata,
        name: "token_endpoint",
        url: "https://op/t",
    };
    let shown = client.authenticate(place).await.unwrap();
    let header = shown.header.unwrap();
    assert!(shown.form.is_empty() && header.is_sensitive());
    // base64 of "a%3Ab:p%3Aq%252B%2B+%2F%C3%A9%26%3D%3F"
    assert_eq!(
        header.to_str().unwrap(),
        "Basic YSUzQWI6cCUzQXElMjUyQiUyQislMkYlQzMlQTklMjYlM0QlM0Y="
    );
}

async fn form_of(auth: ClientAuth) -> Vec<(&'static str, String)> {
    let shown = shown(auth, None).await.unwrap();
    assert!(shown.header.is_none());
    let form = shown.form.into_iter();
    form.map(|(name, value)| (name, value.expose().to_owned()))
        .collect()
}

#[tokio::test]
async fn form_and_public_clients() {
    let id = ("client_id", "web".to_owned());
    let secret = ("client_secret", "s".to_owned());
    assert_eq!(
        form_of(ClientAuth::client_secret_post("s")).await,
        [id.clone(), secret]
    );
    assert_eq!(form_of(ClientAuth::none()).await, std::slice::from_ref(&id));
    assert_eq!(form_of(ClientAuth::tls_client_auth()).await, [id]);
    assert!(ClientAuth::client_secret_basic("").check().is_err());
}

#[tokio::test]
async fn assertions_are_asked_for_every_time() {
    use std::sync::atomic::{AtomicU32, Ordering};
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let auth = ClientAuth::assertion(move |_| {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        async move { Ok(Secret::from(format!("jwt-{number}"))) }
    });
    assert_eq!(form_of(auth.clone()).await[2].1, "jwt-0");
    let form = form_of(auth.clone()).await;
    assert_eq!(form[1], ("client_assertion_type", JWT_BEARER.to_owned()));
    assert_eq!(form[2].1, "jwt-1");
    assert!(!format!("{auth:?}").contains("jwt"));
    let missing = ClientAuth::assertion_file("/no/such/file");
    let error = shown(missing, None).await;
    assert!(error.unwrap_err().is_config());
}

#[tokio::test]
async fn a_source_of_assertions_is_told_where_they_go() {
    for (audience, wanted) in [
        (AssertionAudience::Issuer, "https://op"),
        (AssertionAudience::TokenEndpoint, "https://op/t?x"),
        (AssertionAudience::Endpoint, "https://op/i"),
        ("urn:mine".into(), "urn:mine"),
        (String::from("urn:mine").into(), "urn:mine"),
    ] {
        let auth = ClientAuth::assertion(|target| async move {
            assert_eq!(target.issuer(), "https://op");
            assert_eq!(target.endpoint(), "https://op/i");
            assert!(format!("{target:?}").contains("https://op"));
            Ok(target.audience().into())
        });
        let form = form_of(auth.assertion_audience(audience)).await;
        assert_eq!(form[2], ("client_assertion", wanted.to_owned()));
    }
}

#[test]
fn an_audience_without_an_assertion_is_a_mistake() {
    for auth in [
        ClientAuth::none(),
        ClientAuth::client_secret_basic("s"),
        ClientAuth::client_secret_post("s"),
        ClientAuth::tls_client_auth(),
    ] {
        auth.check().unwrap();
        let error = auth
            .assertion_audience(AssertionAudience::Endpoint)
            .check()
            .unwrap_err();
        assert!(
            error.is_config() && error.to_string().contains("assertion_audience"),
            "{error}"
        );
    }
    let assertion = ClientAuth::assertion_file("/x");
    assertion.clone().assertion_audience("x").check().unwrap();
    assert!(
        assertion
            .assertion_audience("")
            .check()
            .unwrap_err()
            .is_config()
    );
}

/// A secret can be sent in two ways; no other method is exchanged for another.
#[tokio::test]
async fn a_secret_goes_where_the_endpoint_wants_it() {
    let basic = || ClientAuth::client_secret_basic("s");
    let post = || ClientAuth::client_secret_post("s");
    let assertion = || ClientAuth::assertion(|_| async { Ok("jwt".into()) });
    let (both, jwt): (&[_], &[_]) = (
        &["client_secret_post", "client_secret_basic"],
        &["private_key_jwt", "none"],
    );
    for (auth, methods, wanted) in [
        (basic(), None, Ok("header")),
        (post(), None, Ok("client_secret")),
        (basic(), Some(both), Ok("header")),
        (post(), Some(both), Ok("client_secret")),
        (basic(), Some(&both[..1]), Ok("client_secret")),
        (post(), Some(&both[1..]), Ok("header")),
        (basic(), Some(jwt), Err("private_key_jwt, none")),
        (post(), Some(&[]), Err("it supports: ")),
        (
            ClientAuth::tls_client_auth(),
            Some(both),
            Err("client_secret_post, client_secret_basic"),
        ),
        (
            ClientAuth::tls_client_auth(),
            Some(&["self_signed_tls_client_auth"]),
            Ok("client_id"),
        ),
        (ClientAuth::none(), Some(both), Ok("client_id")),
        (assertion(), Some(both), Ok("client_assertion")),
    ] {
        let name = auth.name();
        match (shown(auth, methods).await, wanted) {
            (Ok(shown), Ok("header")) => assert!(shown.header.is_some() && shown.form.is_empty()),
            (Ok(shown), Ok(member)) => {
                assert!(shown.header.is_none(), "{name}");
                assert_eq!(shown.form.last().unwrap().0, member, "{name} {methods:?}");
            }
            (Err(error), Err(published)) => {
                assert!(error.is_config(), "{error}");
                let text = error.to_string();
                assert!(text.contains(published) && text.contains(name), "{text}");
                assert!(text.contains("introspection_endpoint"), "{text}");
            }
            (found, _) => panic!("{name} {methods:?}: {found:?}"),
        }
    }
}
