//! `Keycloak::request`.

use http::Method;
use serde_json::{Value, json};

use crate::test_support::{Reply, Server};
use crate::{ClientOptions, ErrorKind, Proxy};

async fn echo() -> Server {
    Server::start(|_, _| Reply::json(200, r#"{"a":[{"b":"hunter2"}]}"#)).await
}

#[tokio::test]
async fn segments_queries_and_bodies() {
    let server = echo().await;
    let kc = server.builder().access_token("t").build().unwrap();
    let value: Value = kc
        .request(Method::GET, ["admin", "a/b;c", "ä"])
        .query(&[("first", 0), ("max", 5)])
        .query(&[("q", "x:y z")])
        .await
        .unwrap();
    assert_eq!(value["a"][0]["b"], "hunter2");
    kc.request::<Value>(Method::POST, ["x"])
        .json(&json!({"n": 1}))
        .await
        .unwrap();
    kc.request::<Value>(Method::POST, ["x"])
        .form(&[("k", "v w")])
        .await
        .unwrap();
    kc.request::<Value>(Method::PUT, ["x"])
        .text("hi")
        .await
        .unwrap();
    kc.request::<Value>(Method::PUT, ["x"])
        .bytes("application/xml", "<x/>")
        .await
        .unwrap();
    let seen = server.seen();
    assert_eq!(
        seen[0].target,
        "/admin/a%2Fb%3Bc/%C3%A4?first=0&max=5&q=x%3Ay+z"
    );
    let sent: Vec<_> = seen[1..]
        .iter()
        .map(|s| (s.header("content-type").unwrap(), s.body.as_str()))
        .collect();
    assert_eq!(
        sent,
        [
            ("application/json", r#"{"n":1}"#),
            ("application/x-www-form-urlencoded", "k=v+w"),
            ("text/plain; charset=utf-8", "hi"),
            ("application/xml", "<x/>"),
        ]
    );
}

#[tokio::test]
async fn hostile_segments_and_headers_send_nothing() {
    let server = echo().await;
    let kc = server.builder().access_token("t").build().unwrap();
    for bad in ["", ".", "..", ".\t.", "a\u{85}"] {
        let error = kc
            .request::<Value>(Method::DELETE, ["admin", bad])
            .await
            .unwrap_err();
        assert!(error.is_config(), "{error}");
    }
    assert!(
        kc.request::<()>(Method::GET, [""; 0])
            .await
            .unwrap_err()
            .is_config()
    );
    let error = kc
        .request::<()>(Method::GET, ["x"])
        .header("a b", "v")
        .await
        .unwrap_err();
    assert!(error.is_config(), "{error}");
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn answers_that_do_not_fit() {
    let server = echo().await;
    let kc = server.builder().access_token("t").build().unwrap();
    let error = kc
        .request::<std::collections::BTreeMap<String, Vec<u8>>>(Method::GET, ["x"])
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.operation()),
        (ErrorKind::Decode, Some("GET /x"))
    );
    assert!(error.to_string().contains("a[0]") && !error.to_string().contains("hunter2"));
    let answer = kc
        .request::<Value>(Method::GET, ["x"])
        .send_bytes()
        .await
        .unwrap();
    assert!(answer.value().starts_with(b"{\"a\""));
    kc.request::<()>(Method::GET, ["x"]).await.unwrap();
    let seen = server.seen().clone();
    let accepts: Vec<_> = seen.iter().filter_map(|one| one.header("accept")).collect();
    assert_eq!(accepts, ["application/json", "*/*", "application/json"]);

    let empty = Server::start(|_, _| Reply::status(204)).await;
    let kc = empty.builder().access_token("t").build().unwrap();
    kc.request::<()>(Method::GET, ["x"]).await.unwrap();
    assert_eq!(
        kc.request::<Option<String>>(Method::GET, ["x"])
            .await
            .unwrap(),
        None
    );
    let error = kc.request::<String>(Method::GET, ["x"]).await.unwrap_err();
    assert!(
        error.is_decode() && error.to_string().contains("empty"),
        "{error}"
    );
}

#[tokio::test]
async fn errors_name_method_and_path_and_the_role() {
    let server = Server::start(|_, _| Reply::json(403, r#"{"error":"HTTP 403 Forbidden"}"#)).await;
    let kc = server.builder().access_token("hunter2").build().unwrap();
    let error = kc
        .request::<()>(Method::PUT, ["admin", "realms", "demo", "users", "1"])
        .query(&[("q", "hunter2")])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "PUT /admin/realms/demo/users/1: forbidden (403): HTTP 403 Forbidden; the token probably \
         lacks the role manage-users: of the client realm-management if the realm itself issued \
         it, or of the client named after the realm (demo-realm) if master did"
    );
}

#[tokio::test]
async fn debug_shows_no_secret() {
    let server = echo().await;
    let kc = server
        .builder()
        .password("ada", "hunter2")
        .client_secret("hunter2")
        .build()
        .unwrap();
    let request = kc
        .request::<Value>(Method::GET, ["x"])
        .query(&[("q", "hunter2")])
        .header("x-key", "hunter2")
        .json("hunter2");
    let options = ClientOptions::new()
        .proxy("http://u:hunter2@p")
        .proxy(Proxy::http("http://p").credentials("u", "hunter2"))
        .default_header("x-key", "hunter2")
        .root_certificate_pem("hunter2")
        .client_identity_pem("hunter2");
    let builder = server
        .builder()
        .client_credentials("a", "hunter2")
        .options(options);
    let shown = format!("{request:?} {kc:?} {builder:?} {:?}", kc.authorized);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(
        shown.contains(&server.url) && shown.contains("master"),
        "{shown}"
    );
}
