use super::*;

#[tokio::test]
async fn s15_basic_is_form_urlencoded_first_and_sensitive() {
    let client = OAuthClient::new("a:b", "p:q%2B+ /é&=?".into());
    let shown = client.authenticate("https://op").await.unwrap();
    let header = shown.header.unwrap();
    assert!(shown.form.is_empty() && header.is_sensitive());
    // base64 of "a%3Ab:p%3Aq%252B%2B+%2F%C3%A9%26%3D%3F"
    assert_eq!(
        header.to_str().unwrap(),
        "Basic YSUzQWI6cCUzQXElMjUyQiUyQislMkYlQzMlQTklMjYlM0QlM0Y="
    );
}

async fn form_of(auth: ClientAuth) -> Vec<(&'static str, String)> {
    let shown = OAuthClient::new("web", auth)
        .authenticate("https://op")
        .await;
    let shown = shown.unwrap();
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
    let auth = ClientAuth::assertion(move || {
        let number = counter.fetch_add(1, Ordering::Relaxed);
        async move { Ok(Secret::from(format!("jwt-{number}"))) }
    });
    assert_eq!(form_of(auth.clone()).await[2].1, "jwt-0");
    let form = form_of(auth.clone()).await;
    assert_eq!(form[1], ("client_assertion_type", JWT_BEARER.to_owned()));
    assert_eq!(form[2].1, "jwt-1");
    assert!(!format!("{auth:?}").contains("jwt"));
    let missing = ClientAuth::assertion_file("/no/such/file");
    let error = OAuthClient::new("web", missing).authenticate("x").await;
    assert!(error.unwrap_err().is_config());
}
