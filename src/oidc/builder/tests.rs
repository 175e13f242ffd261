use std::collections::BTreeMap;

use super::environment::builder;
use crate::env::Environment;
use crate::error::{Result, config};
use crate::jose::{SignatureAlgorithm, SigningKey};
use crate::oidc::Oidc;

struct Fake(BTreeMap<&'static str, &'static str>);

impl Environment for Fake {
    fn variable(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.get(name).map(|value| (*value).to_owned()))
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        match path {
            "/secret" => Ok(b"from-file\n".to_vec()),
            "/key.pem" => Ok(KEY.as_bytes().to_vec()),
            _ => Err(std::io::ErrorKind::NotFound.into()),
        }
    }
}

/// The key of RFC 8410 section 10.3.
const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";

#[test]
fn the_environment_names_the_connections_too() {
    let variables = BTreeMap::from([
        ("OIDC_ISSUER", "https://op"),
        ("OIDC_CLIENT_ID", "app"),
        ("KEYCLOAK_DEADLINE", "7"),
    ]);
    let oidc = builder(&Fake(variables)).unwrap().build().unwrap();
    assert_eq!(oidc.inner.channel.sender.total().as_secs(), 7);
}

fn build(variables: &[(&'static str, &'static str)]) -> Result<Oidc> {
    let mut all = BTreeMap::from([("OIDC_ISSUER", "https://op"), ("OIDC_CLIENT_ID", "app")]);
    all.extend(variables.iter().copied());
    builder(&Fake(all))?.build()
}

#[test]
fn the_environment_names_the_client_and_its_proof() {
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(Variables, &str); 9] = [
        (&[], "none"),
        (
            &[
                ("OIDC_CLIENT_SECRET", "x"),
                ("OIDC_ASSERTION_FILE", "/x"),
                ("OIDC_CLIENT_AUTH_METHOD", "client_secret_basic"),
            ],
            "client_secret_basic",
        ),
        (&[("OIDC_CLIENT_SECRET", "x")], "client_secret_basic"),
        (
            &[("OIDC_CLIENT_SECRET_FILE", "/secret")],
            "client_secret_basic",
        ),
        (
            &[
                ("OIDC_CLIENT_SECRET", "x"),
                ("OIDC_CLIENT_AUTH_METHOD", "client_secret_post"),
            ],
            "client_secret_post",
        ),
        (
            &[
                ("OIDC_CLIENT_SECRET", "0123456789abcdef0123456789abcdef"),
                ("OIDC_CLIENT_AUTH_METHOD", "client_secret_jwt"),
            ],
            "client_secret_jwt",
        ),
        (
            &[
                ("OIDC_PRIVATE_KEY_FILE", "/key.pem"),
                ("OIDC_PRIVATE_KEY_ALGORITHM", "EdDSA"),
                ("OIDC_PRIVATE_KEY_ID", "one"),
            ],
            "private_key_jwt",
        ),
        (&[("OIDC_ASSERTION_FILE", "/token")], "assertion"),
        (
            &[("OIDC_CLIENT_AUTH_METHOD", "tls_client_auth")],
            "tls_client_auth",
        ),
    ];
    for (variables, method) in cases {
        let oidc = build(variables).unwrap_or_else(|error| panic!("{method}: {error}"));
        assert!(format!("{oidc:?}").contains(method), "{oidc:?}");
    }
}

#[test]
fn mistakes_in_the_environment_are_named() {
    type Variables = &'static [(&'static str, &'static str)];
    let cases: [(Variables, &str); 8] = [
        (&[("OIDC_ISSUER", "")], "OIDC_ISSUER"),
        (&[("OIDC_CLIENT_ID", "")], "OIDC_CLIENT_ID"),
        (
            &[("OIDC_CLIENT_AUTH_METHOD", "magic")],
            "OIDC_CLIENT_AUTH_METHOD",
        ),
        (
            &[("OIDC_CLIENT_AUTH_METHOD", "client_secret_jwt")],
            "OIDC_CLIENT_SECRET",
        ),
        (
            &[
                ("OIDC_CLIENT_SECRET", "hunter2"),
                ("OIDC_ASSERTION_FILE", "/x"),
            ],
            "keep one of them",
        ),
        (
            &[("OIDC_PRIVATE_KEY_FILE", "/nowhere")],
            "OIDC_PRIVATE_KEY_FILE",
        ),
        (&[("OIDC_REDIRECT_URI", "callback")], "redirect URI"),
        (&[("KEYCLOAK_TIMEOUT", "soon")], "KEYCLOAK_TIMEOUT"),
    ];
    for (variables, name) in cases {
        let error = build(variables).unwrap_err();
        assert!(error.is_config(), "{error}");
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    }
}

#[test]
fn adapter_files() {
    let file = |rest: &str| {
        format!(
            r#"{{"realm":"a b","auth-server-url":"https://sso.example/auth/","resource":"app"{rest}}}"#
        )
    };
    let pem = KEY.replace('\n', "\\n");
    for (rest, method) in [
        (r#","public-client":true"#.to_owned(), "none"),
        (r#","credentials":{"secret":"x"}"#.to_owned(), "client_secret_basic"),
        // It asks no user to log in, and introspects.
        (r#","bearer-only":true,"credentials":{"secret":"x"}"#.to_owned(), "client_secret_basic"),
        (r#","bearer-only":true"#.to_owned(), "none"),
        (
            r#","credentials":{"secret-jwt":{"secret":"0123456789abcdef0123456789abcdef","algorithm":"HS256"}}"#
                .to_owned(),
            "client_secret_jwt",
        ),
        (
            format!(r#","credentials":{{"jwt":{{"client-key":"{pem}","algorithm":"EdDSA"}}}}"#),
            "private_key_jwt",
        ),
    ] {
        let oidc = Oidc::builder_from_keycloak_json(&file(&rest)).unwrap().build().unwrap();
        let shown = format!("{oidc:?}");
        assert!(shown.contains(method), "{shown}");
        assert!(shown.contains("https://sso.example/auth/realms/a%20b"), "{shown}");
    }
    // Plain HTTP to another machine has to be said.
    let plain = |rest: &str| file(rest).replace("https://", "http://");
    let none = plain(r#","ssl-required":"none","public-client":true"#);
    Oidc::builder_from_keycloak_json(&none)
        .unwrap()
        .build()
        .unwrap();
    for rest in [r#","ssl-required":"external""#, ""] {
        let built = Oidc::builder_from_keycloak_json(&plain(rest))
            .unwrap()
            .build();
        assert!(built.unwrap_err().is_config(), "{rest}");
    }
    for (bad, why) in [
        ("{}".to_owned(), "cannot be read"),
        ("hunter2".to_owned(), "cannot be read"),
        (file(r#","credentials":{"magic":1}"#), "magic"),
        (
            file(r#","credentials":{"jwt":{"client-keystore-file":"x"}}"#),
            "key store",
        ),
        (
            file(r#","credentials":{"secret-jwt":{"secret":"short"}}"#),
            "at least 32",
        ),
    ] {
        let error = Oidc::builder_from_keycloak_json(&bad)
            .and_then(crate::oidc::OidcBuilder::build)
            .unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn redirect_uris_are_absolute_and_lead_to_no_script() {
    let with = |uri: &str| {
        Oidc::discover("https://op")
            .client_id("app")
            .redirect_uri(uri)
            .build()
    };
    for good in [
        "https://app/cb?x=1",
        "http://127.0.0.1:1/cb",
        "com.example.app:/cb",
    ] {
        with(good).unwrap();
    }
    for bad in [
        "",
        "/cb",
        "https://app/cb#x",
        "javascript:alert(1)",
        "data:text/html,x",
        "http://",
        "http://?x",
    ] {
        assert!(with(bad).unwrap_err().is_config(), "{bad}");
    }
}

#[test]
fn builders_show_no_secret() {
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?}",
        Oidc::discover("https://op")
            .client_id("app")
            .client_secret("hunter2"),
        crate::ClientAuth::client_secret_post("hunter2"),
        crate::ClientAuth::private_key_jwt(key),
        config("x"),
    );
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("ClientAuth(private_key_jwt)"), "{shown}");
}
