//! A relay between a client and the real server: it shows what passes, and can change answers.

use std::sync::{Arc, Mutex};

use reqwest::header::{CONTENT_LENGTH, HOST};
use reqwest::{Client, Method};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request and its answer.
#[derive(Debug, Clone, Default)]
pub struct Exchange {
    pub method: String,
    /// Path and query as they were sent.
    pub target: String,
    pub status: u16,
    /// The answer's media type, without parameters.
    pub media_type: Option<String>,
    pub location: Option<String>,
    /// The answer as the client got it.
    pub body: Vec<u8>,
}

/// What is done to bodies on their way.
pub trait Changes: Send + Sync + 'static {
    fn request(&self, body: Vec<u8>) -> Vec<u8> {
        body
    }

    /// `media_type` is the answer's.
    fn answer(&self, media_type: Option<&str>, body: Vec<u8>) -> Vec<u8> {
        let _ = media_type;
        body
    }
}

/// The relay; it ends with the runtime it was started on.
#[derive(Clone)]
pub struct Relay {
    pub url: String,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

impl Relay {
    /// Listens on a free port and passes everything to `server`, which calls itself by the relay's
    /// address.
    pub async fn start(server: &str, changes: impl Changes) -> Self {
        Self::start_as(Host::Relay, server, changes).await
    }

    /// The same, with a choice of the name that the server is called by.
    pub async fn start_as(host: Host, server: &str, changes: impl Changes) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<Exchange>>>::default();
        let passing = Arc::new(Passing {
            host,
            server: server.trim_end_matches('/').to_owned(),
            client: Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
            changes: Box::new(changes),
            seen: Arc::clone(&seen),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(pass(stream, Arc::clone(&passing)));
            }
        });
        Self { url, seen }
    }

    /// What has passed since the last time, in the order it was answered.
    pub fn take(&self) -> Vec<Exchange> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

/// What the server is called by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// What the client called: a server without a fixed name then calls itself so.
    Relay,
    /// Its own address.
    Server,
}

struct Passing {
    host: Host,
    server: String,
    client: Client,
    changes: Box<dyn Changes>,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

/// Passes one request on; the connection ends with its answer.
async fn pass(stream: TcpStream, passing: Arc<Passing>) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return;
    };
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = passing
        .client
        .request(method.clone(), format!("{}{target}", passing.server));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        if name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str()) {
            length = value.parse().unwrap();
        } else if passing.host == Host::Relay || !name.eq_ignore_ascii_case(HOST.as_str()) {
            request = request.header(name, value);
        }
    }
    let mut sent = vec![0; length];
    stream.read_exact(&mut sent).await.unwrap();
    let sent = passing.changes.request(sent);
    let answer = request.body(sent).send().await.unwrap();
    let status = answer.status().as_u16();
    let text = |name: &str| {
        let value = answer.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (content_type, location) = (text("content-type"), text("location"));
    let media_type = content_type
        .as_deref()
        .and_then(|value| value.split(';').next())
        .map(|value| value.trim().to_ascii_lowercase());
    let body = answer.bytes().await.unwrap().to_vec();
    let body = passing.changes.answer(media_type.as_deref(), body);
    let mut head = format!("HTTP/1.1 {status} X\r\nConnection: close\r\n");
    for (name, value) in [("Content-Type", &content_type), ("Location", &location)] {
        if let Some(value) = value {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
    }
    if status != 204 {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    passing.seen.lock().unwrap().push(Exchange {
        method: method.to_string(),
        target: target.to_owned(),
        status,
        media_type,
        location,
        body: body.clone(),
    });
    // The client may have gone.
    let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
}
