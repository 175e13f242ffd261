//! The provider for tests says what a real server says.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use keycloak_kit::oidc::{Login, Oidc, OidcBuilder, Refreshable};
use keycloak_kit::testing::{TestClient, TestProvider, TestUser};
use keycloak_kit::{ClientAuth, Error};
use pretty_assertions::assert_eq;
use serde_json::json;

use crate::support::browser::{Browser, Page};
use crate::support::realm::Realm;
use crate::support::{CALLBACK, PASSWORD, SECRET};

/// A realm of a server, or the provider for tests.
enum Place {
    Server(Realm),
    Provider(TestProvider),
}

impl Place {
    async fn server() -> Self {
        let rotation = json!({ "revokeRefreshToken": true, "refreshTokenMaxReuse": 0 });
        let realm = Realm::with("testing", rotation).await;
        let grants = json!({
            "oauth2.device.authorization.grant.enabled": "true",
            "oidc.ciba.grant.enabled": "true",
        });
        realm.client("app", json!({ "attributes": grants })).await;
        realm.client("other", json!({ "attributes": grants })).await;
        let public = json!({ "publicClient": true, "serviceAccountsEnabled": false });
        realm.client("spa", public).await;
        let bound = json!({ "attributes": { "dpop.bound.access.tokens": "true" } });
        realm.client("bound", bound).await;
        let pushed = json!({ "attributes": { "require.pushed.authorization.requests": "true" } });
        realm.client("pushed", pushed).await;
        Self::Server(realm)
    }

    async fn provider() -> Self {
        let provider = TestProvider::start().await.unwrap();
        let client = |id| TestClient::confidential(id, SECRET).redirect_uri(CALLBACK);
        for id in ["app", "other"] {
            provider.clients().add(client(id));
        }
        provider.clients().add(client("bound").require_dpop());
        provider
            .clients()
            .add(client("pushed").require_pushed_requests());
        let spa = TestClient::public("spa").redirect_uri(CALLBACK);
        provider.clients().add(spa);
        let ada = TestUser::new("ada")
            .email("ada@example.org")
            .name("Ada", "Lovelace");
        provider.users().add(ada.password(PASSWORD));
        Self::Provider(provider)
    }

    fn client(&self, id: &str) -> OidcBuilder {
        let (kc, realm) = match self {
            Self::Server(realm) => (realm.kc.clone(), realm.name.as_str()),
            Self::Provider(provider) => (provider.keycloak(), provider.realm()),
        };
        let client = kc.oidc(realm, id).redirect_uri(CALLBACK);
        if id == "spa" {
            client
        } else {
            client.client_secret(SECRET)
        }
    }

    fn oidc(&self, id: &str) -> Oidc {
        self.client(id).build().unwrap()
    }

    /// Logs `ada` in, by a browser of her own.
    async fn authorize(&self, url: &str) -> String {
        match self {
            Self::Server(_) => {
                let mut browser = Browser::new(CALLBACK);
                browser.login_and_return(url).await.url().to_owned()
            }
            Self::Provider(provider) => {
                provider.log_in_as("ada");
                provider.authorize(url).await.unwrap()
            }
        }
    }

    async fn code(&self) -> (String, String) {
        let login = self.oidc("app").authorize().start().await.unwrap();
        let back = self.authorize(login.url()).await;
        let url = url::Url::parse(&back).unwrap();
        let (_, code) = url.query_pairs().find(|(name, _)| name == "code").unwrap();
        (code.into_owned(), login.verifier().expose().to_owned())
    }

    async fn login(&self) -> Login {
        let oidc = self.oidc("app");
        let login = oidc.authorize().start().await.unwrap();
        let back = self.authorize(login.url()).await;
        oidc.callback(login, back).await.unwrap()
    }

    /// What the authorization endpoint says to a request that is changed like this.
    async fn refused(&self, name: &str, value: Option<&str>) -> Error {
        let oidc = self.oidc("app");
        let login = oidc.authorize().start().await.unwrap();
        let back = self.open(&changed(login.url(), name, value)).await;
        oidc.callback(login, back).await.unwrap_err()
    }

    /// Where a request leads that is refused before anybody is asked.
    async fn open(&self, url: &str) -> String {
        match self {
            Self::Server(_) => match Browser::new(CALLBACK).open(url).await {
                Page::Back(back) => back.url().to_owned(),
                page => panic!("{page:?}"),
            },
            Self::Provider(provider) => provider.authorize(url).await.unwrap(),
        }
    }
}

/// A URL with another value of a parameter, or without it.
fn changed(url: &str, name: &str, value: Option<&str>) -> String {
    let mut url = url::Url::parse(url).unwrap();
    let mut pairs: Vec<_> = url.query_pairs().into_owned().collect();
    pairs.retain(|(known, _)| known != name);
    pairs.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    url.query_pairs_mut().clear().extend_pairs(pairs);
    url.into()
}

type Case<'a> = Pin<Box<dyn Future<Output = Error> + Send + 'a>>;
type Row = (&'static str, fn(&Place) -> Case<'_>);

/// One error, and how it comes about.
macro_rules! rows {
    ($($name:literal: |$place:ident| $error:expr,)*) => {
        &[$(($name, |$place| Box::pin(async move { $error.await.unwrap_err() })),)*]
    };
}

const TOKEN_ENDPOINT: &[Row] = rows! {
    "a wrong secret": |place| async {
        place.client("app").client_secret("wrong").build()?.client_credentials().await
    },
    "no secret": |place| async {
        place.client("app").client_auth(ClientAuth::none()).build()?.client_credentials().await
    },
    "an unknown client": |place| place.oidc("unknown").client_credentials(),
    "an unknown grant": |place| place.oidc("app").grant("urn:example:none"),
    "a service account of a public client": |place| place.oidc("spa").client_credentials(),
    "a wrong password": |place| place.oidc("app").password("ada", "wrong"),
    "an unknown user": |place| place.oidc("app").password("eve", "wrong"),
    "no user": |place| place.oidc("app").grant("password"),
    "an unknown code": |place| place.oidc("app").code("made-up", CALLBACK),
    "a code that was used": |place| async {
        let (code, verifier) = place.code().await;
        let oidc = place.oidc("app");
        oidc.code(&code, CALLBACK).verifier(&verifier).await?;
        oidc.code(&code, CALLBACK).verifier(&verifier).await
    },
    "a wrong verifier": |place| async {
        let (code, _) = place.code().await;
        place.oidc("app").code(code, CALLBACK).verifier("v".repeat(43)).await
    },
    "a verifier that is too short": |place| async {
        let (code, _) = place.code().await;
        place.oidc("app").code(code, CALLBACK).verifier("short").await
    },
    "no verifier": |place| async {
        let (code, _) = place.code().await;
        place.oidc("app").code(code, CALLBACK).await
    },
    "another redirect URI": |place| async {
        let (code, verifier) = place.code().await;
        let uri = "https://app.example/other";
        place.oidc("app").code(code, uri).verifier(verifier).await
    },
    "a code of another client": |place| async {
        let (code, verifier) = place.code().await;
        place.oidc("other").code(code, CALLBACK).verifier(verifier).await
    },
    "an unknown refresh token": |place| place
        .oidc("app")
        .refresh(Refreshable::new("made-up").unwrap()),
    "a refresh token of another client": |place| async {
        let login = place.login().await;
        place.oidc("other").refresh(&*login).await
    },
    "a refresh token that was used": |place| async {
        let login = place.login().await;
        place.oidc("app").refresh(&*login).await?;
        place.oidc("app").refresh(&*login).await
    },
    "the successor of a refresh token that was used twice": |place| async {
        let login = place.login().await;
        let oidc = place.oidc("app");
        let next = oidc.refresh(&*login).await?;
        oidc.refresh(&*login).await.unwrap_err();
        oidc.refresh(&next).await
    },
    "a refresh token of a code that was used twice": |place| async {
        let (code, verifier) = place.code().await;
        let oidc = place.oidc("app");
        let tokens = oidc.code(&code, CALLBACK).verifier(&verifier).await?;
        oidc.code(&code, CALLBACK).verifier(&verifier).await.unwrap_err();
        oidc.refresh(&tokens).await
    },
    "a refresh after a logout": |place| async {
        let login = place.login().await;
        let oidc = place.oidc("app");
        oidc.logout(&*login).await?;
        oidc.refresh(&*login).await
    },
    "a refresh after a revocation": |place| async {
        let login = place.login().await;
        let oidc = place.oidc("app");
        oidc.revoke(&*login).await?;
        oidc.refresh(&*login).await
    },
    "no proof": |place| place.oidc("bound").client_credentials(),
    "an unknown device code": |place| place
        .oidc("app")
        .grant("urn:ietf:params:oauth:grant-type:device_code")
        .param("device_code", "made-up"),
    "no device code": |place| place
        .oidc("app")
        .grant("urn:ietf:params:oauth:grant-type:device_code"),
    "an unknown backchannel login": |place| place
        .oidc("app")
        .grant("urn:openid:params:grant-type:ciba")
        .param("auth_req_id", "made-up"),
};

const OTHER_ENDPOINTS: &[Row] = rows! {
    "userinfo of an unknown token": |place| async {
        let token = keycloak_kit::AccessToken::new("made-up");
        place.oidc("app").userinfo_of(&token).await
    },
    "userinfo without openid": |place| async {
        let oidc = place.oidc("app");
        let tokens = oidc.password("ada", PASSWORD).without_openid().await?;
        oidc.userinfo_of(tokens.access_token()).await
    },
    "userinfo after a logout": |place| async {
        let login = place.login().await;
        let oidc = place.oidc("app");
        oidc.logout(&*login).await?;
        oidc.userinfo(&login).await
    },
    "introspection with a wrong secret": |place| async {
        let wrong = place.client("app").client_secret("wrong").build()?;
        wrong.introspect("made-up").await
    },
    "introspection by a public client": |place| place.oidc("spa").introspect("made-up"),
    "revocation of an ID token": |place| async {
        let login = place.login().await;
        place.oidc("app").revoke(login.id_token().expose()).await
    },
    "revocation by another client": |place| async {
        let login = place.login().await;
        place.oidc("other").revoke(login.access_token()).await
    },
    "logout by another client": |place| async {
        let login = place.login().await;
        place.oidc("other").logout(&*login).await
    },
    "a request that must be pushed": |place| async {
        let oidc = place.oidc("pushed");
        let login = oidc.authorize().prompt("none").start().await?;
        let back = place.open(login.url()).await;
        oidc.callback(login, back).await
    },
    "a push to another redirect URI": |place| async {
        let oidc = place.client("app").pushed_requests().build()?;
        oidc.authorize().redirect_uri("https://evil.example/").start().await
    },
    "a push with a wrong secret": |place| async {
        let wrong = place.client("app").client_secret("wrong").pushed_requests();
        wrong.build()?.authorize().start().await
    },
    "a backchannel login of an unknown user": |place| place
        .oidc("app")
        .backchannel_login()
        .login_hint("eve"),
};

fn said(error: &Error) -> (Option<u16>, Option<&str>, Option<&str>) {
    let status = error.status().map(|status| status.as_u16());
    (status, error.oauth_code(), error.server_message())
}

/// Status, code and description are the same, word for word.
async fn compare(rows: &[Row]) {
    let (server, provider) = (Place::server().await, Place::provider().await);
    for (name, case) in rows {
        let (wanted, found) = (case(&server).await, case(&provider).await);
        assert_eq!(said(&found), said(&wanted), "{name}\n{found}\n{wanted}");
        assert_eq!(found.kind(), wanted.kind(), "{name}");
    }
    if let Place::Server(realm) = server {
        realm.delete().await;
    }
}

#[tokio::test]
async fn the_token_endpoint_refuses_as_a_server_does() {
    compare(TOKEN_ENDPOINT).await;
}

#[tokio::test]
async fn other_endpoints_refuse_as_a_server_does() {
    compare(OTHER_ENDPOINTS).await;
}

#[tokio::test]
async fn the_authorization_endpoint_refuses_as_a_server_does() {
    let (server, provider) = (Place::server().await, Place::provider().await);
    for (name, value) in [
        ("prompt", Some("none")),
        ("response_type", None),
        ("response_type", Some("other")),
        ("response_mode", Some("other")),
        ("code_challenge", Some("short")),
        ("code_challenge_method", Some("S512")),
    ] {
        let wanted = server.refused(name, value).await;
        let found = provider.refused(name, value).await;
        assert_eq!(said(&found), said(&wanted), "{name} {value:?}");
    }
    if let Place::Server(realm) = server {
        realm.delete().await;
    }
}

/// What a token, a response or the document of a server has, that of the provider has too, but for
/// what is listed here.
#[tokio::test]
async fn members_have_the_names_of_a_servers() {
    let (server, provider) = (Place::server().await, Place::provider().await);
    let (wanted, found) = (server.login().await, provider.login().await);
    let claims = |login: &Login| {
        let token = login.access_token().expose();
        keycloak_kit::jose::decode_unverified(token).unwrap()
    };
    let names = |login: &Login| -> Vec<String> {
        let mut names: Vec<String> = claims(login).claims().keys().cloned().collect();
        names.retain(|name| !ONLY_OF_SERVERS.contains(&name.as_str()));
        names.sort();
        names
    };
    assert_eq!(names(&found), names(&wanted));
    let scopes = |login: &Login| -> BTreeSet<String> {
        let scope = login.scope().unwrap();
        scope.split(' ').map(str::to_owned).collect()
    };
    assert_eq!(scopes(&found), scopes(&wanted));
    let names = |login: &Login| -> Vec<String> {
        let mut names: Vec<String> = login.id_token().claims().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&found), names(&wanted));

    let metadata = async |place: &Place| {
        let document = place.oidc("app").metadata().await.unwrap();
        serde_json::to_value(&*document).unwrap()
    };
    let (wanted, found) = (metadata(&server).await, metadata(&provider).await);
    for (name, value) in found.as_object().unwrap() {
        let of_server = &wanted[name];
        assert!(!of_server.is_null(), "a server does not publish {name}");
        // Endpoints are at the same places, and lists have nothing that a server's do not have.
        match (value, of_server) {
            (serde_json::Value::String(one), serde_json::Value::String(other)) => {
                let path = |url: &str| url.split("/protocol/").nth(1).map(str::to_owned);
                assert_eq!(path(one), path(other), "{name}");
            }
            (serde_json::Value::Array(some), serde_json::Value::Array(all)) => {
                let more: Vec<_> = some.iter().filter(|one| !all.contains(one)).collect();
                assert!(more.is_empty(), "{name}: {more:?}");
            }
            _ => {}
        }
    }
    if let Place::Server(realm) = server {
        realm.delete().await;
    }
}

/// Claims of an access token that depend on the server's settings.
const ONLY_OF_SERVERS: [&str; 4] = ["allowed-origins", "aud", "realm_access", "resource_access"];
