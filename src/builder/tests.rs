//! Settings that are refused, and what they say.

use std::time::Duration;

use crate::builder::KeycloakBuilder;
use crate::{ClientOptions, ErrorKind, Keycloak, Proxy};

fn builder() -> KeycloakBuilder {
    Keycloak::builder("http://sso.example")
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
    let with = |options| any().options(options);
    let options = ClientOptions::new;
    for (options, wanted) in [
        (options().timeout(Duration::ZERO), "timeout"),
        (options().deadline(Duration::ZERO), "deadline"),
        (options().default_header("a b", "hunter2"), "header name"),
        (options().default_header("x-a", "hunter2\n"), "x-a"),
        (options().default_header("host", "evil"), "host"),
        (options().user_agent("\n"), "user-agent"),
        (options().proxy("http://u:hunter2@"), "proxy is not a URL"),
        (
            options().proxy("http://p").no_proxy(),
            "both proxy and no_proxy",
        ),
    ] {
        refused(with(options), &[wanted]);
    }
    refused(
        Keycloak::builder("sso.example").access_token("t"),
        &["base URL", "no scheme"],
    );
    refused(
        Keycloak::builder("https://sso.example/auth/realms/demo/").access_token("t"),
        &["base URL", "names a realm", "login_realm"],
    );
}

#[cfg(feature = "default-tls")]
#[test]
fn certificates_that_cannot_be_read() {
    let with = |options: ClientOptions| builder().access_token("t").options(options);
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let options = ClientOptions::new;
    refused(
        with(options().root_certificate_pem(empty)),
        &["check the certificates that were given"],
    );
    refused(
        with(options().root_certificate_pem("hunter2")),
        &["root_certificate_pem"],
    );
    refused(
        with(options().client_identity_pem("hunter2")),
        &["client_identity_pem", "private key"],
    );
    refused(
        with(options().client_identity_pem(vec![0xff])),
        &["client_identity_pem"],
    );
}

#[cfg(not(feature = "default-tls"))]
#[test]
fn https_needs_the_feature_or_a_service() {
    let with =
        |url, options: ClientOptions| Keycloak::builder(url).access_token("t").options(options);
    let options = ClientOptions::new;
    refused(
        with("https://sso.example", options()),
        &["default-tls", "http_service"],
    );
    let pem = options().root_certificate_pem("x");
    refused(
        with("http://sso.example", pem),
        &["root_certificate_pem", "default-tls"],
    );
    with("http://sso.example", options()).build().unwrap();
    let service = options().build_http_service().unwrap();
    with("https://sso.example", options().http_service(service))
        .build()
        .unwrap();
}

#[test]
fn a_given_service_rules_connections() {
    let service = ClientOptions::new().build_http_service().unwrap();
    let given = || ClientOptions::new().http_service(service.clone());
    for (options, setting) in [
        (given().proxy("http://p"), "proxy"),
        (given().no_proxy(), "no_proxy"),
        (given().root_certificate_pem("x"), "root_certificate_pem"),
        (given().client_identity_pem("x"), "client_identity_pem"),
        (
            given().danger_accept_invalid_certs(true),
            "danger_accept_invalid_certs",
        ),
        (
            given().connect_timeout(Duration::from_secs(1)),
            "connect_timeout",
        ),
        (given().pool_max_idle_per_host(1), "pool_max_idle_per_host"),
        (
            given().pool_idle_timeout(Duration::from_secs(1)),
            "pool_idle_timeout",
        ),
    ] {
        options.build_http_service().unwrap_err();
        let builder = builder().access_token("t").options(options);
        refused(builder, &["http_service", setting]);
    }
    let limits = given()
        .user_agent("x")
        .default_header("a", "b")
        .timeout(Duration::MAX);
    builder().access_token("t").options(limits).build().unwrap();
}

#[test]
fn everything_at_once() {
    let kc = Keycloak::builder("http://SSO.example/auth/")
        .password("ada", "hunter2")
        .client_id("cli")
        .client_secret("hunter2")
        .totp(|| "1".to_owned())
        .login_realm("ops")
        .issuer("https://public.example/realms/ops")
        .options(
            ClientOptions::new()
                .timeout(Duration::from_secs(1))
                .deadline(Duration::MAX)
                .connect_timeout(Duration::from_secs(1))
                .max_retries(0)
                .max_retry_after(Duration::ZERO)
                .max_response_bytes(1)
                .proxy("http://u:hunter2@proxy:3128")
                .proxy(Proxy::https("http://other:3128").except(["localhost"]))
                .pool_max_idle_per_host(0),
        )
        .build()
        .unwrap();
    assert_eq!(
        (kc.base_url(), kc.login_realm()),
        ("http://sso.example/auth", "ops")
    );
    assert!(!format!("{kc:?} {:?}", kc.authorized).contains("hunter2"));
}
