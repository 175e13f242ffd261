//! Behavior that a real server does not show on demand: lost and malformed responses, canceled
//! callers.

mod as_oidc;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::{ClientMetadata, RegisteredClient, Registration, RegistrationFault};
use crate::test_support::{Reply, Seen, Server};
use crate::{AccessToken, ErrorKind};

fn answer(token: &str, name: &str, base: &str) -> Reply {
    let body = json!({
        "client_id": "c1", "client_secret": "secret-hunter2", "client_name": name,
        "client_id_issued_at": 1_700_000_000, "client_secret_expires_at": 0,
        "registration_access_token": token, "registration_client_uri": format!("{base}/manage/c1"),
        "made_up": [1, { "two": 2 }],
    });
    Reply::json(200, body.to_string())
}

fn base(seen: &Seen) -> String {
    format!("http://{}", seen.header("host").unwrap())
}

/// A realm with a registration endpoint; `script` responds to calls of the registered client.
async fn server(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::keycloak(move |seen, _| {
        let base = base(seen);
        if seen.is_discovery() {
            let document = json!({
                "issuer": format!("{base}/realms/demo"),
                "registration_endpoint": format!("{base}/register"),
            });
            return Some(Reply::json(200, document.to_string()));
        }
        match (seen.method.as_str(), seen.target.as_str()) {
            ("POST", "/register") => Some(answer("rat-1-hunter2", "first", &base)),
            _ => Some(script(seen)),
        }
    })
    .await
}

fn registration(server: &Server) -> Registration {
    let kc = server.builder().anonymous().build().unwrap();
    kc.registration("demo").initial_access_token("iat-hunter2")
}

async fn registered(server: &Server) -> RegisteredClient {
    let wanted = ClientMetadata::default().client_name("first");
    registration(server).create(&wanted).await.unwrap()
}

fn token(client: &RegisteredClient) -> String {
    client
        .registration_access_token()
        .unwrap()
        .expose()
        .to_owned()
}

#[tokio::test]
async fn the_newest_token_goes_where_the_server_said() {
    let server = server(|seen| {
        let base = base(seen);
        match (seen.method.as_str(), seen.header("authorization").unwrap()) {
            ("GET", "Bearer rat-1-hunter2") => answer("rat-2-hunter2", "first", &base),
            ("PUT", "Bearer rat-2-hunter2") => answer("rat-3-hunter2", "second", &base),
            ("DELETE", "Bearer rat-3-hunter2") => Reply::status(204),
            _ => Reply::status(401),
        }
    })
    .await;
    let client = registered(&server).await;
    let edited = client
        .modify(|metadata| metadata.client_name = Some("second".into()))
        .await
        .unwrap();
    assert_eq!(edited.extra["made_up"], json!([1, { "two": 2 }]));
    assert_eq!(token(&client), "rat-3-hunter2");
    let shown = format!(
        "{client:?} {edited:?} {:?} {:?}",
        client.saved(),
        registration(&server)
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    client.delete().await.unwrap();
    assert!(client.saved().is_none());

    let seen = server.seen();
    let created = seen.iter().find(|seen| seen.method == "POST").unwrap();
    assert_eq!(created.header("authorization"), Some("Bearer iat-hunter2"));
    assert_eq!(created.body, r#"{"client_name":"first"}"#);
    let put = seen.iter().find(|seen| seen.method == "PUT").unwrap();
    assert_eq!(put.target, "/manage/c1");
    // RFC 7592 section 2.2: the id and the secret are sent, members set only by the server are not.
    let sent: Value = serde_json::from_str(&put.body).unwrap();
    let wanted = json!({
        "client_id": "c1", "client_secret": "secret-hunter2", "client_name": "second",
        "made_up": [1, { "two": 2 }],
    });
    assert_eq!(sent, wanted);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_lose_the_token() {
    let (arrived, go) = (Arc::new(Notify::new()), Arc::new(AtomicBool::new(false)));
    let (tell, gate) = (arrived.clone(), go.clone());
    let server = server(move |seen| {
        if seen.method == "PUT" && !gate.swap(true, Ordering::SeqCst) {
            tell.notify_one();
        }
        answer("rat-2-hunter2", "second", &base(seen))
    })
    .await;
    let client = registered(&server).await;
    let wanted = ClientMetadata::default();
    {
        let update = client.update(&wanted);
        tokio::pin!(update);
        // Canceled as soon as the server has the request.
        tokio::select! {
            biased;
            () = arrived.notified() => {}
            done = &mut update => drop(done),
        }
    }
    // The next call waits for the one still running.
    client.read().await.unwrap();
    let seen = server.seen();
    let read = seen
        .iter()
        .rfind(|seen| seen.method == "GET" && !seen.is_discovery());
    assert_eq!(
        read.unwrap().header("authorization"),
        Some("Bearer rat-2-hunter2")
    );
}

#[tokio::test]
async fn a_failed_update_keeps_the_token_and_is_not_repeated() {
    for (reply, kind) in [
        (Reply::Drop, ErrorKind::Transport),
        (Reply::status(502), ErrorKind::Server),
        (
            Reply::json(
                400,
                r#"{"error":"invalid_client_metadata","error_description":"no"}"#,
            ),
            ErrorKind::Validation,
        ),
    ] {
        let script = reply.clone();
        let server = server(move |_| script.clone()).await;
        let client = registered(&server).await;
        let error = client.update(&ClientMetadata::default()).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(token(&client), "rat-1-hunter2");
        let puts = server
            .seen()
            .iter()
            .filter(|seen| seen.method == "PUT")
            .count();
        assert_eq!(puts, 1);
        if kind == ErrorKind::Validation {
            let fault = error.registration_fault();
            assert_eq!(fault, Some(RegistrationFault::InvalidClientMetadata));
        } else {
            assert!(error.hint().unwrap().contains("replaced"), "{error}");
        }
    }
}

#[tokio::test]
async fn the_token_is_taken_out_of_an_answer_that_cannot_be_read() {
    let server = server(|_| {
        let body = r#"{"client_id":"c1","registration_access_token":"rat-2-hunter2",
            "redirect_uris":"hunter2"}"#;
        Reply::json(200, body)
    })
    .await;
    let client = registered(&server).await;
    let error = client.read().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(!format!("{error} {error:?}").contains("hunter2"));
    assert_eq!(token(&client), "rat-2-hunter2");
    assert!(client.metadata().is_none());
}

#[tokio::test]
async fn odd_answers_are_errors() {
    for body in [r#"{"client_id":"other"}"#, "[]", "", "null", "{"] {
        let server = server(move |_| Reply::json(200, body)).await;
        let client = registered(&server).await;
        let error = client.read().await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Decode | ErrorKind::Protocol),
            "{body}: {error}"
        );
        assert_eq!(token(&client), "rat-1-hunter2");
        let error = client.update(&ClientMetadata::default()).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Decode | ErrorKind::Protocol),
            "{body}: {error}"
        );
    }
}

#[tokio::test]
async fn a_provider_without_registration_says_so() {
    let server = Server::keycloak(|_, _| None).await;
    let error = registration(&server)
        .create(&ClientMetadata::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    assert!(
        error.to_string().contains("registration_endpoint"),
        "{error}"
    );
}

#[tokio::test]
async fn refusals_say_what_the_shown_token_lacks() {
    let refusing = Server::keycloak(|seen, _| {
        let base = base(seen);
        Some(if seen.is_discovery() {
            let document = json!({
                "issuer": format!("{base}/realms/demo"),
                "registration_endpoint": format!("{base}/register"),
            });
            Reply::json(200, document.to_string())
        } else {
            Reply::status(403)
        })
    })
    .await;
    let kc = refusing.builder().anonymous().build().unwrap();
    let without = kc.registration("demo");
    for (registration, hint) in [
        (
            without.initial_access_token("iat"),
            "used for all its clients",
        ),
        (
            without.token_source(AccessToken::new("t")),
            "role create-client",
        ),
        (without, "set initial_access_token or token_source"),
    ] {
        let wanted = ClientMetadata::default();
        let error = registration.create(&wanted).await.unwrap_err();
        assert!(error.hint().unwrap().contains(hint), "{error}");
    }
    let server = server(|_| Reply::status(401)).await;
    let error = registered(&server).await.read().await.unwrap_err();
    let hint = error.hint().unwrap();
    assert!(hint.contains("has been replaced"), "{error}");
}

#[test]
fn every_code_has_its_fault() {
    for (code, fault) in [
        (
            "invalid_redirect_uri",
            Some(RegistrationFault::InvalidRedirectUri),
        ),
        (
            "invalid_client_metadata",
            Some(RegistrationFault::InvalidClientMetadata),
        ),
        (
            "invalid_software_statement",
            Some(RegistrationFault::InvalidSoftwareStatement),
        ),
        (
            "unapproved_software_statement",
            Some(RegistrationFault::UnapprovedSoftwareStatement),
        ),
        ("invalid_token", Some(RegistrationFault::InvalidToken)),
        ("insufficient_scope", Some(RegistrationFault::NotAllowed)),
        ("invalid_grant", None),
    ] {
        let error = crate::error::protocol("x").with_oauth_code(code);
        assert_eq!(error.registration_fault(), fault, "{code}");
    }
    assert_eq!(crate::error::protocol("x").registration_fault(), None);
}

/// In the standard format, and in Keycloak's own, which also has secrets among the attributes.
#[tokio::test]
async fn no_mask_becomes_a_clients_secret() {
    let server = server(|seen| answer("rat-2-hunter2", "second", &base(seen))).await;
    let registration = registration(&server);
    let client = registered(&server).await;
    let before = server.seen().len();
    for secret in ["**********", ""] {
        let wanted = ClientMetadata {
            client_secret: Some(secret.into()),
            ..ClientMetadata::default()
        };
        let keycloak = json!({ "clientId": "c1", "secret": secret });
        for error in [
            registration.create(&wanted).await.unwrap_err(),
            client.update(&wanted).await.unwrap_err(),
            registration.create(&keycloak).await.unwrap_err(),
        ] {
            let text = error.to_string();
            assert!(error.is_config() && text.contains("secret: "), "{text}");
            assert!(text.contains("allow_masked_secrets"), "{text}");
        }
    }
    let rotated = json!({ "attributes": { "client.secret.rotated": "**********" } });
    let error = registration.create(&rotated).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("attributes.client.secret.rotated: ")
    );
    assert_eq!(server.seen().len(), before, "nothing was sent");
    let meant = ClientMetadata {
        client_secret: Some("**********".into()),
        ..ClientMetadata::default()
    };
    let allowing = registration.allow_masked_secrets();
    allowing.create(&meant).await.unwrap();
}
