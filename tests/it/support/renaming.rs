//! A relay that makes a newer server of a real one: it calls a member by a name that no release
//! has, in both directions.

use super::relay::{Changes, Relay};
use super::server::server;

struct Renaming {
    member: String,
    unknown: String,
}

impl Changes for Renaming {
    fn request(&self, body: Vec<u8>) -> Vec<u8> {
        replaced(body, &self.unknown, &self.member)
    }

    fn answer(&self, _: Option<&str>, body: Vec<u8>) -> Vec<u8> {
        replaced(body, &self.member, &self.unknown)
    }
}

fn replaced(body: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    String::from_utf8(body).unwrap().replace(from, to).into()
}

/// Starts the proxy and gives its URL; it ends with its test.
pub async fn proxy(member: &str, unknown: &str) -> String {
    let changes = Renaming {
        member: format!("\"{member}\""),
        unknown: format!("\"{unknown}\""),
    };
    Relay::start(&server().url, changes).await.url
}
