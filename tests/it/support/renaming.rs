//! A proxy that makes a newer server of a real one: it calls a member by a name that no release
//! has, in both directions.

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Client, Method};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::server::server;

/// Starts the proxy and gives its URL; it ends with its test.
pub async fn proxy(member: &'static str, unknown: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = Client::builder().no_proxy().build().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let names = (quoted(member), quoted(unknown));
            tokio::spawn(pass(stream, client.clone(), names));
        }
    });
    url
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Passes one request on; the connection ends with its answer.
async fn pass(stream: TcpStream, client: Client, (member, unknown): (String, String)) {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    stream.read_line(&mut line).await.unwrap();
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return;
    };
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client.request(method, format!("{}{target}", server().url));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        if name.eq_ignore_ascii_case(CONTENT_LENGTH.as_str()) {
            length = value.parse().unwrap();
        } else {
            request = request.header(name, value);
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let body = String::from_utf8(body).unwrap().replace(&unknown, &member);
    let answer = request.body(body).send().await.unwrap();
    let mut head = format!(
        "HTTP/1.1 {} X\r\nConnection: close\r\n",
        answer.status().as_u16()
    );
    for name in ["content-type", "location"] {
        if let Some(value) = answer.headers().get(name) {
            head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
        }
    }
    let body = answer.text().await.unwrap().replace(&member, &unknown);
    let text = format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    // The client may have gone.
    let _ = stream.write_all(text.as_bytes()).await;
}
