//! A mail server that takes every message, for calls that send one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::texts;

/// Takes mail on the loopback interface until its test ends.
pub struct MailServer {
    port: u16,
    recipients: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let recipients = Arc::default();
        let log = Arc::clone(&recipients);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, Arc::clone(&log)));
            }
        });
        Self { port, recipients }
    }

    /// The settings of a realm that sends its mail here.
    pub fn settings(&self) -> BTreeMap<String, String> {
        let port = self.port.to_string();
        texts([
            ("host", "127.0.0.1"),
            ("port", &port),
            ("from", "keycloak@example.org"),
        ])
    }

    /// Whom mail came for so far.
    pub fn recipients(&self) -> Vec<String> {
        self.recipients.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, log: Arc<Mutex<Vec<String>>>) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 test\r\n").await?;
    let (mut line, mut in_message) = (String::new(), false);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(());
        }
        let text = line.trim_end();
        let verb = text.get(..4).unwrap_or_default().to_ascii_uppercase();
        let answer = match verb.as_str() {
            _ if in_message && text != "." => continue,
            "DATA" => {
                in_message = true;
                "354 go on"
            }
            "RCPT" => {
                let address = text.split(['<', '>']).nth(1).unwrap_or_default();
                log.lock().unwrap().push(address.to_owned());
                "250 ok"
            }
            "QUIT" => "221 bye",
            _ => {
                in_message = false;
                "250 ok"
            }
        };
        stream.write_all(answer.as_bytes()).await?;
        stream.write_all(b"\r\n").await?;
    }
}
