//! A server on the loopback interface that keeps every request as it arrived and answers what it
//! was told to.

use std::sync::{Arc, Mutex};

use keycloak_kit::{ClientOptions, Keycloak};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The token of [`Recorder::client`].
pub const TOKEN: &str = "recorded-token";

/// One request, undecoded.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Without the query.
    pub path: String,
    /// What stands after `?`.
    pub query: Option<String>,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Seen {
    /// A header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The query's pairs, decoded and sorted.
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(self.query.as_deref().unwrap_or_default().as_bytes())
    }

    /// The parts of a multipart form: name and content, which is text here.
    pub fn multipart(&self) -> Vec<(String, String)> {
        let boundary = self
            .header("content-type")
            .and_then(|value| value.split_once("boundary="))
            .map(|(_, boundary)| format!("--{boundary}"))
            .unwrap();
        let text = std::str::from_utf8(&self.body).unwrap();
        let parts = text.strip_suffix(&format!("{boundary}--\r\n")).unwrap();
        parts
            .split(&format!("{boundary}\r\n"))
            .skip(1)
            .map(|part| {
                let (head, content) = part.split_once("\r\n\r\n").unwrap();
                let (_, name) = head.split_once(" name=\"").unwrap();
                let (name, _) = name.split_once('"').unwrap();
                let content = content.strip_suffix("\r\n").unwrap();
                (name.to_owned(), content.to_owned())
            })
            .collect()
    }

    /// A form body's pairs, decoded and sorted.
    pub fn form_pairs(&self) -> Vec<(String, String)> {
        pairs(&self.body)
    }
}

fn pairs(text: &[u8]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = url::form_urlencoded::parse(text).into_owned().collect();
    pairs.sort();
    pairs
}

/// What the server answers.
#[derive(Debug, Clone)]
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("Content-Type", media_type)
    }

    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let mut text = format!("HTTP/1.1 {} X\r\n", self.status);
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        if self.status != 204 {
            text.push_str(&format!("Content-Length: {}\r\n", self.body.len()));
        }
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

#[derive(Debug)]
struct State {
    reply: Reply,
    seen: Vec<Seen>,
}

/// The server; it ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Recorder {
    pub url: String,
    state: Arc<Mutex<State>>,
}

impl Recorder {
    /// Listens on a free port and answers 204 until told otherwise.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(Mutex::new(State {
            reply: Reply::status(204),
            seen: Vec::new(),
        }));
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    /// A client with a fixed token, whose base URL has the path `/auth`.
    pub fn client(&self) -> Keycloak {
        Keycloak::builder(format!("{}/auth", self.url))
            .options(ClientOptions::new().no_proxy().max_retries(0))
            .access_token(TOKEN)
            .build()
            .unwrap()
    }

    /// What every request is answered from now on.
    pub fn reply(&self, reply: Reply) {
        self.state.lock().unwrap().reply = reply;
    }

    /// The requests since the last time.
    pub fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.lock().unwrap().seen)
    }
}

/// Serves one connection until the client closes it.
async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    let mut bytes = Vec::new();
    while let Some(seen) = read(&mut stream, &mut bytes).await {
        let reply = {
            let mut state = state.lock().unwrap();
            state.seen.push(seen);
            state.reply.bytes()
        };
        if stream.write_all(&reply).await.is_err() {
            return;
        }
    }
}

/// The next request; `bytes` keeps what was read beyond it.
async fn read(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<Seen> {
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?);
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path.to_owned(), Some(query.to_owned())),
        None => (target.to_owned(), None),
    };
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted);
    assert!(
        header("transfer-encoding").is_none(),
        "the client sends a length"
    );
    let length: usize = header("content-length").map_or(0, |(_, value)| value.parse().unwrap());
    let end = head_end + 4 + length;
    while bytes.len() < end {
        if stream.read_buf(bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = bytes[head_end + 4..end].to_vec();
    bytes.drain(..end);
    Some(Seen {
        method,
        path,
        query,
        headers,
        body,
    })
}
