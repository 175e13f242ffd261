//! A server of fixed answers, a process of its own, so that only the client is counted: it prints
//! its address and serves until it is killed.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use keycloak_kit_benches::{Failure, ID, LISTED, REALM, token, user};

struct Answers {
    discovery: Vec<u8>,
    token: Vec<u8>,
    one: Vec<u8>,
    list: Vec<u8>,
    created: Vec<u8>,
    missing: Vec<u8>,
}

fn main() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let base = format!("http://{}", listener.local_addr()?);
    let json = |body: Vec<u8>| {
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\nreferrer-policy: no-referrer\r\nstrict-transport-security: \
             max-age=31536000; includeSubDomains\r\nx-content-type-options: nosniff\r\n\
             content-type: application/json;charset=UTF-8\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend(body);
        answer
    };
    let users: Vec<_> = (0..usize::try_from(LISTED)?).map(user).collect();
    let realm = format!("{base}/realms/master");
    let endpoint = |name: &str| format!("{realm}/protocol/openid-connect/{name}");
    let answers = Arc::new(Answers {
        discovery: json(serde_json::to_vec(&serde_json::json!({
            "issuer": realm,
            "authorization_endpoint": endpoint("auth"),
            "token_endpoint": endpoint("token"),
            "jwks_uri": endpoint("certs"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"]
        }))?),
        token: json(serde_json::to_vec(&serde_json::json!({
            "access_token": token(),
            "expires_in": 36_000,
            "refresh_expires_in": 36_000,
            "refresh_token": "r",
            "token_type": "Bearer",
            "not-before-policy": 0,
            "scope": "profile email"
        }))?),
        one: json(serde_json::to_vec(&user(1))?),
        list: json(serde_json::to_vec(&users)?),
        created: format!(
            "HTTP/1.1 201 Created\r\nreferrer-policy: no-referrer\r\n\
             strict-transport-security: max-age=31536000; includeSubDomains\r\n\
             x-content-type-options: nosniff\r\n\
             location: {base}/admin/realms/{REALM}/users/{ID}\r\ncontent-length: 0\r\n\r\n"
        )
        .into_bytes(),
        missing: b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
    });
    println!("{base}");
    for stream in listener.incoming() {
        let (stream, answers) = (stream?, Arc::clone(&answers));
        thread::spawn(move || serve(stream, &answers));
    }
    Ok(())
}

fn serve(mut stream: TcpStream, answers: &Answers) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    let mut body = Vec::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let answer = if line.starts_with("GET /realms/") {
            &answers.discovery
        } else if line.starts_with("POST /realms/") {
            &answers.token
        } else if line.starts_with("POST /admin/realms/demo/users ") {
            &answers.created
        } else if line.starts_with("GET /admin/realms/demo/users/") {
            &answers.one
        } else if line.starts_with("GET /admin/realms/demo/users?") {
            &answers.list
        } else {
            &answers.missing
        };
        let mut length = 0;
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        body.resize(length, 0);
        reader.read_exact(&mut body)?;
        stream.write_all(answer)?;
    }
}
