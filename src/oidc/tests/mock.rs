//! A provider with a switch for every defect.

use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::jose::SignatureAlgorithm;
use crate::jose::tests::{es256, sign};
use crate::oidc::{Discovered, LoginAttempt, Oidc, OidcBuilder};
use crate::test_support::{Reply, Seen, Server, options};

type Script = Box<dyn Fn(&Seen) -> Option<Reply> + Send + Sync>;
type Change = Box<dyn Fn(&mut Value) + Send + Sync>;

pub(crate) struct Mock {
    pub(crate) server: Server,
    state: Arc<State>,
}

struct State {
    nonce: Mutex<String>,
    document: Change,
    header: Change,
    claims: Change,
    keys: Change,
    answer: Change,
    script: Script,
}

/// The switches, all of them off by default.
pub(crate) struct Defects {
    pub(crate) document: Change,
    /// Changes the header of ID tokens; with the `alg` `none` they are not signed.
    pub(crate) header: Change,
    pub(crate) claims: Change,
    pub(crate) keys: Change,
    pub(crate) answer: Change,
    pub(crate) script: Script,
}

impl Default for Defects {
    fn default() -> Self {
        Self {
            document: Box::new(|_| {}),
            header: Box::new(|_| {}),
            claims: Box::new(|_| {}),
            keys: Box::new(|_| {}),
            answer: Box::new(|_| {}),
            script: Box::new(|_| None),
        }
    }
}

pub(crate) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}

impl Mock {
    pub(crate) async fn start() -> Self {
        Self::with(Defects::default()).await
    }

    pub(crate) async fn with(defects: Defects) -> Self {
        let state = Arc::new(State {
            nonce: Mutex::default(),
            document: defects.document,
            header: defects.header,
            claims: defects.claims,
            keys: defects.keys,
            answer: defects.answer,
            script: defects.script,
        });
        let shared = state.clone();
        let server = Server::start(move |seen, _| shared.reply(seen)).await;
        Self { server, state }
    }

    pub(crate) fn builder(&self) -> OidcBuilder<Discovered> {
        Oidc::discover(&self.server.url)
            .client_id("app")
            .client_secret("s3cret-hunter2")
            .redirect_uri("https://app.example/cb")
            .options(options())
    }

    pub(crate) fn oidc(&self) -> Oidc {
        self.builder().build().unwrap()
    }

    /// Starts a login whose nonce the next ID token has.
    pub(crate) async fn login(&self, oidc: &Oidc) -> LoginAttempt {
        let login = oidc.authorize().start().await.unwrap();
        self.expect(&login);
        login
    }

    pub(crate) fn expect(&self, login: &LoginAttempt) {
        *self.state.nonce.lock().unwrap() = login.nonce().expose().to_owned();
    }

    /// Gives the next ID tokens the nonce of a login that was started elsewhere.
    #[cfg(feature = "signin")]
    pub(crate) fn expect_nonce(&self, nonce: &str) {
        nonce.clone_into(&mut self.state.nonce.lock().unwrap());
    }

    /// Makes the next ID tokens those of logins without a browser.
    pub(crate) fn expect_none(&self) {
        self.state.nonce.lock().unwrap().clear();
    }

    /// Returns a valid response to a login.
    pub(crate) fn answer(&self, login: &LoginAttempt) -> String {
        format!(
            "https://app.example/cb?code=c0de&state={}&iss={}",
            login.state(),
            self.server.url
        )
    }

    /// Returns the last body that the endpoint received.
    pub(crate) fn last_body(&self, endpoint: &str) -> String {
        let seen = self.server.seen();
        let sent = seen.iter().rfind(|seen| seen.target == endpoint).unwrap();
        sent.body.clone()
    }

    pub(crate) fn posts(&self, end: &str) -> usize {
        let seen = self.server.seen();
        seen.iter()
            .filter(|seen| seen.method == "POST" && seen.target.ends_with(end))
            .count()
    }
}

impl State {
    fn reply(&self, seen: &Seen) -> Reply {
        if let Some(reply) = (self.script)(seen) {
            return reply;
        }
        let base = format!("http://{}", seen.header("host").unwrap());
        match seen.target.split('?').next().unwrap() {
            "/.well-known/openid-configuration" => {
                let mut document = json!({
                    "issuer": base,
                    "authorization_endpoint": format!("{base}/authorize"),
                    "token_endpoint": format!("{base}/token"),
                    "userinfo_endpoint": format!("{base}/userinfo"),
                    "jwks_uri": format!("{base}/keys"),
                    "introspection_endpoint": format!("{base}/introspect"),
                    "revocation_endpoint": format!("{base}/revoke"),
                    "registration_endpoint": format!("{base}/register"),
                    "end_session_endpoint": format!("{base}/protocol/openid-connect/logout"),
                    "device_authorization_endpoint": format!("{base}/device"),
                    "backchannel_authentication_endpoint": format!("{base}/backchannel"),
                    "pushed_authorization_request_endpoint": format!("{base}/par"),
                    "authorization_response_iss_parameter_supported": true,
                    "id_token_signing_alg_values_supported": ["ES256"],
                    "dpop_signing_alg_values_supported": SignatureAlgorithm::ASYMMETRIC.map(SignatureAlgorithm::name),
                    "some_new_member": 7,
                });
                (self.document)(&mut document);
                Reply::json(200, document.to_string())
            }
            "/keys" => {
                let mut keys = json!({ "keys": [es256("a")] });
                (self.keys)(&mut keys);
                Reply::json(200, keys.to_string())
            }
            "/token" => Reply::json(200, self.tokens(&base).to_string()),
            "/userinfo" => Reply::json(200, r#"{"sub":"1"}"#),
            _ => Reply::status(404),
        }
    }

    fn tokens(&self, base: &str) -> Value {
        let mut claims = json!({
            "iss": base, "aud": "app", "azp": "app", "sub": "1", "typ": "ID",
            "iat": now(), "exp": now() + 60,
        });
        let nonce = self.nonce.lock().unwrap().clone();
        if !nonce.is_empty() {
            claims["nonce"] = nonce.into();
        }
        (self.claims)(&mut claims);
        let mut header = json!({ "alg": "ES256", "kid": "a" });
        (self.header)(&mut header);
        let mut id_token = sign(&header, &claims);
        if header["alg"] == "none" {
            id_token.truncate(id_token.rfind('.').unwrap_or_default() + 1);
        }
        let mut answer = json!({
            "access_token": "access-hunter2", "refresh_token": "refresh-hunter2",
            "token_type": "Bearer", "expires_in": 60,
            "id_token": id_token,
        });
        (self.answer)(&mut answer);
        answer
    }
}
