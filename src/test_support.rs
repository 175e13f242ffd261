//! A scripted server on the loopback interface, for what a real one does not do on demand.

#[cfg(feature = "tracing")]
mod traces;

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[cfg(feature = "tracing")]
pub(crate) use self::traces::traces;
use crate::builder::KeycloakBuilder;
use crate::{ClientOptions, Keycloak};

/// For servers on this machine: no proxy, and retries without noticeable waits.
pub(crate) fn options() -> ClientOptions {
    ClientOptions::new().no_proxy().quick()
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// With query.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn is_token_request(&self) -> bool {
        self.target.ends_with("/token")
    }

    pub(crate) fn is_discovery(&self) -> bool {
        self.target.contains("/.well-known/")
    }

    /// The value of a form member, still encoded.
    pub(crate) fn form(&self, name: &str) -> Option<&str> {
        self.body
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }
}

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// Closes the connection after reading the request.
    Drop,
    /// Promises a longer body than it sends.
    Truncate,
    /// Never answers.
    Hang,
}

impl Reply {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(
            status,
            vec![("Content-Type", "application/json".into())],
            body.into(),
        )
    }

    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(status, Vec::new(), String::new())
    }

    pub(crate) fn with(self, name: &'static str, value: impl Into<String>) -> Self {
        match self {
            Self::Answer(status, mut headers, body) => {
                headers.push((name, value.into()));
                Self::Answer(status, headers, body)
            }
            other => other,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// Answers with what `script` gives for a request; the second argument counts from 0.
    pub(crate) async fn start(
        script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = Self {
            url,
            seen: seen.clone(),
        };
        let script = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, seen.clone(), script.clone()));
            }
        });
        server
    }

    /// A realm server: discovery and tokens (`t1`, `t2`, .. that live 300 s) unless `script`
    /// gives an answer of its own; its second argument counts the requests it was asked about
    /// that are neither.
    pub(crate) async fn keycloak(
        script: impl Fn(&Seen, usize) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let tokens = Mutex::new(0);
        let others = Mutex::new(0);
        Self::start(move |seen, _| {
            let plain = !seen.is_token_request() && !seen.is_discovery();
            let number = {
                let mut others = others.lock().unwrap();
                let number = *others;
                *others += usize::from(plain);
                number
            };
            if let Some(reply) = script(seen, number) {
                return reply;
            }
            if seen.is_discovery() {
                let base = format!("http://{}", seen.header("host").unwrap());
                return discovery(&base, seen);
            }
            if seen.is_token_request() {
                let mut tokens = tokens.lock().unwrap();
                *tokens += 1;
                return token(&format!("t{tokens}"), 300, None);
            }
            Reply::json(200, "{}")
        })
        .await
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().unwrap()
    }

    /// How many requests there were of each kind: discovery, token, others.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let seen = self.seen();
        let discovery = seen.iter().filter(|s| s.is_discovery()).count();
        let token = seen.iter().filter(|s| s.is_token_request()).count();
        (discovery, token, seen.len() - discovery - token)
    }

    pub(crate) fn builder(&self) -> KeycloakBuilder {
        Keycloak::builder(&self.url).options(options())
    }

    /// A client with client credentials.
    pub(crate) fn client(&self) -> Keycloak {
        self.builder()
            .client_credentials("automation", "hunter2")
            .build()
            .unwrap()
    }
}

/// The well-known document of the realm that `seen` asks for, as `base` would publish it.
pub(crate) fn discovery(base: &str, seen: &Seen) -> Reply {
    let realm = seen.target.split('/').nth(2).unwrap_or_default();
    let issuer = format!("{base}/realms/{realm}");
    let oidc = format!("{issuer}/protocol/openid-connect");
    let document = serde_json::json!({
        "issuer": issuer,
        "token_endpoint": format!("{oidc}/token"),
        "userinfo_endpoint": format!("{oidc}/userinfo"),
        "jwks_uri": format!("{oidc}/certs"),
        "revocation_endpoint": format!("{oidc}/revoke"),
        "end_session_endpoint": format!("{oidc}/logout"),
        "dpop_signing_alg_values_supported": ["ES256", "PS256"],
    });
    Reply::json(200, document.to_string())
}

pub(crate) fn token(value: &str, expires_in: i64, refresh_token: Option<&str>) -> Reply {
    let mut answer = serde_json::json!({
        "access_token": value, "token_type": "Bearer", "expires_in": expires_in,
    });
    if let Some(refresh_token) = refresh_token {
        answer["refresh_token"] = refresh_token.into();
    }
    Reply::json(200, answer.to_string())
}

/// A URL that nothing listens at.
pub(crate) async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

async fn serve(
    mut stream: TcpStream,
    log: Arc<Mutex<Vec<Seen>>>,
    script: Arc<impl Fn(&Seen, usize) -> Reply + Send + Sync>,
) {
    let Some(seen) = read(&mut stream).await else {
        return;
    };
    let number = {
        let mut log = log.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    let text = match script(&seen, number) {
        Reply::Drop => return,
        Reply::Hang => return pending().await,
        Reply::Truncate => {
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
                .to_owned()
        }
        Reply::Answer(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
            if !headers.iter().any(|(name, _)| *name == "Transfer-Encoding") {
                text.push_str(&format!("Content-Length: {}\r\n", body.len()));
            }
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            text + "\r\n" + &body
        }
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8(bytes[head_end + 4..head_end + 4 + length].to_vec()).unwrap();
    Some(Seen {
        method,
        target,
        headers,
        body,
    })
}
