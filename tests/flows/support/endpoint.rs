//! An HTTP endpoint of the test that a server calls: notification, logout, request object.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One request to the endpoint.
#[derive(Debug, Clone)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Call {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn form(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.body.as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

type Answer = (u16, &'static str, String);

#[derive(Clone)]
pub struct Endpoint {
    pub url: String,
    calls: Arc<Mutex<Vec<Call>>>,
    arrived: Arc<Notify>,
}

impl Endpoint {
    /// Answers what `script` gives.
    pub async fn start(script: impl Fn(&Call) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::on(listener, script)
    }

    pub fn on(
        listener: TcpListener,
        script: impl Fn(&Call) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let this = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            calls: Arc::default(),
            arrived: Arc::default(),
        };
        let shared = this.clone();
        let script = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (shared, script) = (shared.clone(), script.clone());
                tokio::spawn(async move { shared.serve(stream, &*script).await });
            }
        });
        this
    }

    /// Waits for the first call that fits, and takes it out.
    pub async fn next(&self, fits: impl Fn(&Call) -> bool) -> Call {
        let waiting = self.wait_for(fits);
        let limit = std::time::Duration::from_secs(60);
        tokio::time::timeout(limit, waiting)
            .await
            .expect("nobody has called")
    }

    async fn wait_for(&self, fits: impl Fn(&Call) -> bool) -> Call {
        loop {
            let arrived = self.arrived.notified();
            {
                let mut calls = self.calls.lock().unwrap();
                if let Some(at) = calls.iter().position(&fits) {
                    return calls.remove(at);
                }
            }
            arrived.await;
        }
    }

    async fn serve(&self, mut stream: TcpStream, script: &(dyn Fn(&Call) -> Answer + Send + Sync)) {
        let Some(call) = read(&mut stream).await else {
            return;
        };
        let (status, content_type, body) = script(&call);
        self.calls.lock().unwrap().push(call);
        let text = format!(
            "HTTP/1.1 {status} X\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(text.as_bytes()).await;
        let _ = stream.shutdown().await;
        self.arrived.notify_waiters();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Call> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, path) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = String::from_utf8_lossy(&bytes[head_end + 4..]).into_owned();
    Some(Call {
        method,
        path,
        headers,
        body,
    })
}
