//! Requests to the token endpoint.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::test_support::{Reply, Seen, Server, options, token};
use crate::{ErrorKind, Keycloak};

/// Drops the current token, as a 401 would.
fn expire(kc: &Keycloak) {
    kc.authorized.engine().unwrap().invalidate_all();
}

async fn tokens(script: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
    Server::keycloak(move |seen, _| seen.is_token_request().then(|| script(seen))).await
}

fn grants(server: &Server) -> Vec<String> {
    let seen = server.seen();
    seen.iter()
        .filter(|seen| seen.is_token_request())
        .map(|seen| match seen.form("refresh_token") {
            Some(token) => format!("refresh {token}"),
            None => seen.form("grant_type").unwrap().to_owned(),
        })
        .collect()
}

fn refused(code: &str, description: &str) -> Reply {
    Reply::json(
        400,
        format!(r#"{{"error":"{code}","error_description":"{description}"}}"#),
    )
}

#[tokio::test]
async fn client_credentials_without_refresh_token_are_granted_anew() {
    let server = Server::keycloak(|_, _| None).await;
    let kc = server.client();
    assert_eq!(kc.token().await.unwrap().expose(), "t1");
    expire(&kc);
    assert_eq!(kc.token().await.unwrap().expose(), "t2");
    assert_eq!(
        grants(&server),
        ["client_credentials", "client_credentials"]
    );
    let seen = server.seen();
    assert_eq!(
        seen[0].target,
        "/realms/master/.well-known/openid-configuration"
    );
    assert_eq!(seen[1].method, "POST");
    assert_eq!(
        seen[1].header("authorization"),
        Some("Basic YXV0b21hdGlvbjpodW50ZXIy")
    );
}

#[tokio::test]
async fn a_refresh_token_is_used_rotated_and_given_up_on_invalid_grant() {
    let count = AtomicUsize::new(0);
    let server = tokens(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => token("a", 300, Some("r1")),
        1 => token("b", 300, Some("r2")),
        // No new refresh token: the old one stays.
        2 => token("c", 300, None),
        // Only the code decides, not the text.
        3 => refused("invalid_request", "invalid_grant Stale refresh token"),
        4 => refused("invalid_grant", "Irgendwas"),
        _ => token("d", 300, Some("r3")),
    })
    .await;
    let kc = server
        .builder()
        .login_realm("ops")
        .password("ada", "hunter2")
        .build()
        .unwrap();
    for value in ["a", "b", "c"] {
        assert_eq!(kc.token().await.unwrap().expose(), value);
        expire(&kc);
    }
    let error = kc.token().await.unwrap_err();
    assert_eq!(error.oauth_code(), Some("invalid_request"));
    assert_eq!(kc.token().await.unwrap().expose(), "d");
    assert_eq!(
        grants(&server),
        [
            "password",
            "refresh r1",
            "refresh r2",
            "refresh r2",
            "refresh r2",
            "password"
        ]
    );
    let seen = server.seen();
    assert_eq!(
        seen[0].target,
        "/realms/ops/.well-known/openid-configuration"
    );
    assert_eq!(seen[1].form("client_id"), Some("admin-cli"));
    assert_eq!(seen[1].form("username"), Some("ada"));
    assert_eq!(seen[1].form("totp"), None);
}

#[tokio::test]
async fn a_refresh_token_alone_ends_with_its_session() {
    let count = AtomicUsize::new(0);
    let server = tokens(move |_| match count.fetch_add(1, Ordering::SeqCst) {
        0 => token("a", 300, Some("r1")),
        _ => refused("invalid_grant", "Session not active"),
    })
    .await;
    let kc = server
        .builder()
        .refresh_token("r0")
        .client_id("cli")
        .build()
        .unwrap();
    assert_eq!(kc.token().await.unwrap().expose(), "a");
    expire(&kc);
    for _ in 0..3 {
        let error = kc.token().await.unwrap_err();
        assert!(error.is_unauthorized(), "{error}");
        assert!(error.hint().unwrap().contains("log in again"), "{error}");
    }
    assert_eq!(
        grants(&server),
        ["refresh r0", "refresh r1"],
        "a dead one is not asked again"
    );
}

#[tokio::test]
async fn a_one_time_password_is_asked_at_every_grant() {
    let asked = AtomicUsize::new(0);
    let server = Server::keycloak(|_, _| None).await;
    let builder = server
        .builder()
        .password("ada", "hunter2")
        .client_id("c")
        .client_secret("s");
    let kc = builder.totp(move || format!("code{}", asked.fetch_add(1, Ordering::SeqCst)));
    let kc = kc.build().unwrap();
    for _ in 0..3 {
        kc.token().await.unwrap();
        expire(&kc);
    }
    let seen = server.seen();
    let codes: Vec<_> = seen.iter().filter_map(|seen| seen.form("totp")).collect();
    assert_eq!(codes, ["code0", "code1", "code2"]);
    assert!(
        seen[1]
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
}

#[tokio::test]
async fn an_expired_refresh_token_is_not_tried() {
    for (refresh_expires_in, second) in [("1e-9", "password"), ("0", "refresh r")] {
        let server = tokens(move |_| {
            Reply::json(
                200,
                format!(
                    r#"{{"access_token":"a","expires_in":300,"refresh_token":"r","refresh_expires_in":{refresh_expires_in}}}"#
                ),
            )
        })
        .await;
        let kc = server.builder().password("ada", "hunter2").build().unwrap();
        kc.token().await.unwrap();
        expire(&kc);
        kc.token().await.unwrap();
        assert_eq!(grants(&server), ["password", second]);
    }
}

#[tokio::test]
async fn refusals_say_what_to_check() {
    let wrong = "Invalid client or Invalid client credentials";
    let off = "Client not enabled to retrieve service account";
    let public = "Public client not allowed to retrieve service account";
    let direct = "Client not allowed for direct access grants";
    let user = "Invalid user credentials";
    let open = "Account is not fully set up";
    for (status, code, said, service_account, hint) in [
        (401, "unauthorized_client", wrong, true, "client secret"),
        (
            401,
            "unauthorized_client",
            off,
            true,
            "service account roles",
        ),
        (
            401,
            "unauthorized_client",
            public,
            true,
            "client authentication switched on",
        ),
        (
            400,
            "unauthorized_client",
            "No way",
            true,
            "service account roles",
        ),
        (
            400,
            "unauthorized_client",
            direct,
            false,
            "direct access grants",
        ),
        (401, "invalid_client", wrong, true, "client id, its secret"),
        (400, "invalid_grant", open, false, "user name, password"),
        (401, "invalid_grant", user, false, "user name, password"),
    ] {
        let server = tokens(move |_| {
            let body = format!(r#"{{"error":"{code}","error_description":"{said}"}}"#);
            Reply::json(status, body)
        })
        .await;
        let builder = server.builder();
        let kc = if service_account {
            builder.client_credentials("a", "hunter2")
        } else {
            builder.password("ada", "hunter2")
        };
        let error = kc.build().unwrap().login().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthorized);
        assert_eq!(error.oauth_code(), Some(code));
        assert_eq!(error.status().unwrap().as_u16(), status);
        let text = error.to_string();
        assert!(
            text.starts_with("login: unauthorized") && text.contains(hint),
            "{text}"
        );
        assert!(!format!("{text}{error:?}").contains("hunter2"));
        assert_eq!(grants(&server).len(), 1);
    }
}

#[tokio::test]
async fn answers_that_are_no_token() {
    for (body, kind) in [
        (
            r#"{"access_token":"x","token_type":"N_A"}"#,
            ErrorKind::Protocol,
        ),
        (r#"{"access_token":"a\nb"}"#, ErrorKind::Protocol),
        (r#"{"access_token":""}"#, ErrorKind::Decode),
        (r#"{"error":"invalid_grant"}"#, ErrorKind::Unauthorized),
        (r#"{"error":"server_says_no"}"#, ErrorKind::Validation),
        (r#"{"error":7}"#, ErrorKind::Decode),
        ("<html>", ErrorKind::Decode),
        ("", ErrorKind::Decode),
    ] {
        let server = tokens(move |_| Reply::json(200, body)).await;
        let error = server.client().login().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{body}: {error}");
    }
    let server =
        tokens(|_| Reply::json(200, r#"{"access_token":"x","token_type":"bEARER"}"#)).await;
    server.client().login().await.unwrap();
}

#[tokio::test]
async fn what_is_sent_again_depends_on_the_grant() {
    let refresh = |kc: &Keycloak| expire(kc);
    for (reply, client, password, refreshed) in [
        (Reply::Drop, 4, 1, 2),
        (Reply::Hang, 4, 1, 2),
        (Reply::status(429), 4, 4, 4),
        (Reply::status(503), 4, 1, 4),
        (Reply::status(500), 2, 1, 2),
        (Reply::status(502), 2, 1, 2),
        (Reply::status(504), 2, 1, 2),
    ] {
        let build = |server: &Server| {
            let options = options().timeout(Duration::from_millis(100));
            server.builder().options(options)
        };
        let failing = reply.clone();
        let server = tokens(move |_| failing.clone()).await;
        let kc = build(&server)
            .client_credentials("a", "hunter2")
            .build()
            .unwrap();
        kc.login().await.unwrap_err();
        assert_eq!(server.counts().1, client, "client credentials {reply:?}");

        let failing = reply.clone();
        let server = tokens(move |_| failing.clone()).await;
        let kc = build(&server).password("ada", "hunter2").build().unwrap();
        kc.login().await.unwrap_err();
        assert_eq!(server.counts().1, password, "password {reply:?}");

        let failing = reply.clone();
        let server = tokens(move |_| failing.clone()).await;
        let kc = build(&server)
            .password("ada", "hunter2")
            .totp(|| "123456".to_owned());
        kc.build().unwrap().login().await.unwrap_err();
        assert_eq!(
            server.counts().1,
            password,
            "with a one-time code {reply:?}"
        );

        let failing = reply.clone();
        let server = tokens(move |seen| match seen.form("refresh_token") {
            Some(_) => failing.clone(),
            None => token("a", 300, Some("r")),
        })
        .await;
        let kc = build(&server).password("ada", "hunter2").build().unwrap();
        kc.login().await.unwrap();
        refresh(&kc);
        kc.login().await.unwrap_err();
        assert_eq!(server.counts().1 - 1, refreshed, "refresh {reply:?}");
    }
}

#[tokio::test]
async fn debug_shows_no_token() {
    let server = tokens(|_| token("hunter2", 300, Some("hunter2"))).await;
    let kc = server.builder().password("ada", "hunter2").build().unwrap();
    let token = kc.token().await.unwrap();
    let shown = format!("{token:?} {kc:?} {:?}", kc.authorized);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(token.expires_at().is_some() && token.expires_in().unwrap().as_secs() > 290);
}
