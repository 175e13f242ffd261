//! Settings that are refused, and what they say.

use std::time::Duration;

use crate::builder::KeycloakBuilder;
use crate::{ErrorKind, Keycloak};

fn builder() -> KeycloakBuilder {
    Keycloak::builder("https://sso.example")
}

fn refused(builder: KeycloakBuilder, wanted: &[&str]) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let text = error.to_string();
    for word in wanted {
        assert!(text.contains(word), "{text}, wanted {word}");
    }
    assert!(!format!("{text}{error:?}").contains("hunter2"), "{text}");
}

#[test]
fn credentials_are_exactly_one() {
    refused(
        builder(),
        &[
            "no credentials",
            "client_credentials",
            "password",
            "anonymous",
        ],
    );
    refused(
        builder().password("a", "hunter2").access_token("hunter2"),
        &["password", "access_token"],
    );
    refused(
        builder().anonymous().refresh_token("hunter2"),
        &["anonymous", "refresh_token"],
    );
    refused(
        builder()
            .client_credentials("a", "hunter2")
            .client_credentials("b", "hunter2"),
        &["client_credentials"],
    );
    refused(
        builder().access_token("t").client_id("a"),
        &["client_id", "access_token"],
    );
    refused(
        builder()
            .client_credentials("a", "s")
            .client_secret("hunter2"),
        &["client_secret"],
    );
    refused(
        builder().refresh_token("r").totp(String::new),
        &["totp", "refresh_token"],
    );
    refused(
        builder().client_credentials("", "hunter2"),
        &["client id is empty"],
    );
    refused(
        builder().client_credentials("a\n", "hunter2"),
        &["client id", "line break"],
    );
    refused(
        builder().password("ada", "hunter2").client_id("a\r\n"),
        &["client id", "line break"],
    );
    refused(
        builder().password("ada", "hunter2").client_id(""),
        &["client id is empty"],
    );
    refused(
        builder().client_credentials("a", ""),
        &["client secret is empty"],
    );
    refused(builder().password("", "hunter2"), &["user name is empty"]);
    refused(builder().access_token(""), &["access token is empty"]);
    refused(builder().refresh_token(""), &["refresh token is empty"]);
    assert_eq!(
        builder()
            .access_token("a\nhunter2")
            .build()
            .unwrap_err()
            .kind(),
        ErrorKind::Protocol
    );
    builder().password("a", "").build().unwrap();
}

#[test]
fn settings_that_cannot_be() {
    let any = || builder().access_token("t");
    refused(any().login_realm(".."), &["login_realm"]);
    refused(any().issuer("sso"), &["issuer"]);
    refused(any().timeout(Duration::ZERO), &["timeout"]);
    refused(any().deadline(Duration::ZERO), &["deadline"]);
    refused(any().default_header("a b", "hunter2"), &["header name"]);
    refused(any().default_header("x-a", "hunter2\n"), &["x-a"]);
    refused(any().default_header("host", "evil"), &["host"]);
    refused(any().user_agent("\n"), &["user-agent"]);
    refused(any().proxy("http://u:hunter2@"), &["proxy"]);
    refused(
        any().add_root_certificate_pem(
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        ),
        &["check the certificates that were given"],
    );
    refused(any().proxy("http://p").no_proxy(), &["proxy", "no_proxy"]);
    refused(
        any().add_root_certificate_pem("hunter2"),
        &["add_root_certificate_pem"],
    );
    refused(
        any().client_identity_pem("hunter2"),
        &["client_identity_pem", "private key"],
    );
    refused(
        any().client_identity_pem(vec![0xff]),
        &["client_identity_pem"],
    );
    refused(
        Keycloak::builder("sso.example").access_token("t"),
        &["base URL", "no scheme"],
    );
    refused(
        Keycloak::builder("https://sso.example/auth/realms/demo/").access_token("t"),
        &["base URL", "names a realm", "login_realm"],
    );
}

#[test]
fn a_handed_in_client_rules_connections() {
    let any = || {
        builder()
            .access_token("t")
            .http_client(reqwest::Client::new())
    };
    refused(any().proxy("http://p"), &["http_client", "proxy"]);
    refused(any().no_proxy(), &["http_client", "no_proxy"]);
    refused(
        any().add_root_certificate_pem("x"),
        &["http_client", "add_root_certificate_pem"],
    );
    refused(
        any().client_identity_pem("x"),
        &["http_client", "client_identity_pem"],
    );
    refused(
        any().danger_accept_invalid_certs(true),
        &["http_client", "danger_accept_invalid_certs"],
    );
    refused(
        any().connect_timeout(Duration::from_secs(1)),
        &["http_client", "connect_timeout"],
    );
    refused(
        any().pool_max_idle_per_host(1),
        &["http_client", "pool_max_idle_per_host"],
    );
    any()
        .user_agent("x")
        .default_header("a", "b")
        .timeout(Duration::MAX)
        .build()
        .unwrap();
}

#[test]
fn everything_at_once() {
    let kc = Keycloak::builder("https://SSO.example/auth/")
        .password("ada", "hunter2")
        .client_id("cli")
        .client_secret("hunter2")
        .totp(|| "1".to_owned())
        .login_realm("ops")
        .issuer("https://public.example/realms/ops")
        .timeout(Duration::from_secs(1))
        .deadline(Duration::MAX)
        .connect_timeout(Duration::from_secs(1))
        .max_retries(0)
        .max_retry_after(Duration::ZERO)
        .max_response_bytes(1)
        .proxy("http://u:hunter2@proxy:3128")
        .danger_accept_invalid_certs(true)
        .pool_max_idle_per_host(0)
        .build()
        .unwrap();
    assert_eq!(
        (kc.base_url(), kc.login_realm()),
        ("https://sso.example/auth", "ops")
    );
    assert!(!format!("{kc:?} {:?}", kc.authorized).contains("hunter2"));
}
