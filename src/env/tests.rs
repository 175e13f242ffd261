//! Variables, good and bad, without touching the process's own.

use std::collections::HashMap;
use std::io;

use super::{Environment, builder};
use crate::error::Result;
use crate::{ErrorKind, Keycloak};

struct Fixed(HashMap<&'static str, &'static str>);

impl Environment for Fixed {
    fn variable(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.get(name).map(|&value| value.to_owned()))
    }

    fn file(&self, path: &str) -> io::Result<Vec<u8>> {
        match path {
            "/secret" => Ok(b"hunter2\r\n".to_vec()),
            "/binary" => Ok(vec![0xff]),
            "/garbage.pem" => Ok(b"hunter2".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

const SERVICE: [(&str, &str); 3] = [
    ("KEYCLOAK_URL", "https://sso.example/"),
    ("KEYCLOAK_CLIENT_ID", "automation"),
    ("KEYCLOAK_CLIENT_SECRET", "hunter2"),
];

/// The service account's variables with some changed; an empty value unsets one.
fn client(changes: &[(&'static str, &'static str)]) -> Result<Keycloak> {
    let variables = SERVICE.iter().chain(changes).copied().collect();
    builder(&Fixed(variables))?.build()
}

fn refused(changes: &[(&'static str, &'static str)], wanted: &[&str]) {
    let error = client(changes).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let text = format!("{error} {error:?}");
    for word in wanted {
        assert!(text.contains(word), "{text}, wanted {word}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn every_way_to_log_in() {
    let none = [("KEYCLOAK_CLIENT_ID", ""), ("KEYCLOAK_CLIENT_SECRET", "")];
    let with = |more: &[(&'static str, &'static str)]| client(&[&none[..], more].concat());
    let kind = |kc: Result<Keycloak>| format!("{:?}", kc.unwrap().authorized);
    assert!(kind(client(&[])).contains("credentials: Client"));
    assert!(
        kind(client(&[
            ("KEYCLOAK_CLIENT_SECRET", ""),
            ("KEYCLOAK_CLIENT_SECRET_FILE", "/secret")
        ]))
        .contains("credentials: Client")
    );
    let password = [
        ("KEYCLOAK_USERNAME", "ada"),
        ("KEYCLOAK_PASSWORD_FILE", "/secret"),
    ];
    assert!(kind(with(&password)).contains("credentials: Password"));
    assert!(kind(client(&password)).contains("credentials: Password"));
    assert!(kind(with(&[("KEYCLOAK_REFRESH_TOKEN", "r")])).contains("credentials: RefreshToken"));
    // A line break at the end would make a token that cannot be sent.
    assert!(
        kind(with(&[("KEYCLOAK_ACCESS_TOKEN_FILE", "/secret")])).contains("credentials: Fixed")
    );
}

#[test]
fn everything_else() {
    let kc = client(&[
        ("KEYCLOAK_LOGIN_REALM", "ops"),
        ("KEYCLOAK_ISSUER", "https://public.example"),
        ("KEYCLOAK_TIMEOUT", "2.5"),
        ("KEYCLOAK_DEADLINE", "60"),
        ("KEYCLOAK_CONNECT_TIMEOUT", "1"),
        ("KEYCLOAK_MAX_RETRIES", "7"),
        ("KEYCLOAK_PROXY", "http://proxy:3128"),
        ("KEYCLOAK_INSECURE_SKIP_TLS_VERIFY", "False"),
        ("KEYCLOAK_HEADERS", "X-A: b:c\n\n  X-D : e "),
        ("KEYCLOAK_POOL_MAX_IDLE", "4"),
    ])
    .unwrap();
    assert_eq!(
        (kc.base_url(), kc.login_realm()),
        ("https://sso.example", "ops")
    );
    let sender = &kc.channel().sender;
    let shown = format!("{sender:?}");
    for part in ["attempt_timeout: 2.5s", "deadline: 60s", "max_retries: 7"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let mut headers = http::HeaderMap::new();
    sender.complete(&mut headers);
    assert_eq!(
        (&headers["x-a"], &headers["x-d"]),
        (&"b:c".parse().unwrap(), &"e".parse().unwrap())
    );
    client(&[("KEYCLOAK_TIMEOUT", ""), ("KEYCLOAK_CA_FILE", "")]).unwrap();
}

#[test]
fn what_cannot_be_read_is_named_with_the_accepted_form() {
    refused(
        &[("KEYCLOAK_URL", "")],
        &["KEYCLOAK_URL", "https://sso.example"],
    );
    for variable in [
        "KEYCLOAK_TIMEOUT",
        "KEYCLOAK_DEADLINE",
        "KEYCLOAK_CONNECT_TIMEOUT",
    ] {
        for value in ["hunter2", "0", "-1", "NaN", "inf", "1e300", "30s"] {
            refused(&[(variable, value)], &[variable, "number of seconds"]);
        }
    }
    for variable in ["KEYCLOAK_MAX_RETRIES", "KEYCLOAK_POOL_MAX_IDLE"] {
        for value in ["hunter2", "-1", "1.5"] {
            refused(&[(variable, value)], &[variable, "whole number"]);
        }
    }
    let skip = "KEYCLOAK_INSECURE_SKIP_TLS_VERIFY";
    refused(&[(skip, "hunter2")], &[skip, "true or false"]);
    refused(
        &[("KEYCLOAK_HEADERS", "hunter2")],
        &["KEYCLOAK_HEADERS", "Name: value"],
    );
    refused(&[("KEYCLOAK_CA_FILE", "/none")], &["KEYCLOAK_CA_FILE"]);
    refused(&[("KEYCLOAK_CA_FILE", "/garbage.pem")], &["certificate"]);
    refused(
        &[("KEYCLOAK_CLIENT_CERT_FILE", "/garbage.pem")],
        &["private key"],
    );
}

#[test]
fn credentials_that_contradict_or_lack_something() {
    let id = "KEYCLOAK_CLIENT_ID";
    let secret = "KEYCLOAK_CLIENT_SECRET";
    refused(&[(id, "")], &[id, secret]);
    refused(&[(secret, "")], &[id, secret]);
    refused(
        &[(id, ""), (secret, "")],
        &["no credentials", "KEYCLOAK_USERNAME"],
    );
    refused(
        &[("KEYCLOAK_CLIENT_SECRET_FILE", "/secret")],
        &[secret, "KEYCLOAK_CLIENT_SECRET_FILE"],
    );
    refused(&[("KEYCLOAK_USERNAME", "ada")], &["KEYCLOAK_PASSWORD"]);
    refused(&[("KEYCLOAK_PASSWORD", "hunter2")], &["KEYCLOAK_USERNAME"]);
    refused(
        &[("KEYCLOAK_ACCESS_TOKEN", "hunter2")],
        &["KEYCLOAK_ACCESS_TOKEN", secret],
    );
    refused(
        &[("KEYCLOAK_PASSWORD_FILE", "/none")],
        &["KEYCLOAK_PASSWORD_FILE"],
    );
    refused(
        &[("KEYCLOAK_PASSWORD_FILE", "/binary")],
        &["KEYCLOAK_PASSWORD_FILE", "UTF-8"],
    );
    refused(
        &[
            ("KEYCLOAK_USERNAME", "ada"),
            ("KEYCLOAK_REFRESH_TOKEN", "hunter2"),
        ],
        &["KEYCLOAK_USERNAME", "KEYCLOAK_REFRESH_TOKEN"],
    );
}
