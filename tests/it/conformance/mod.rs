//! Every operation of the facade, called with success on a real server, and checked against the
//! corrected document and what the server sent.
//!
//! `scripts/conformance` runs this; its `--help` says what the numbers mean.

mod additions;
mod content;
mod errors;
mod reading;
mod release;
mod report;
mod sources;
mod strict;
mod suite;

use std::time::Duration;

use additions::Additions;
use keycloak_kit::{ClientOptions, Keycloak};
use serde_json::Value;
use suite::Suite;

use crate::support::relay::{Host, Relay};
use crate::support::server::server;

/// Operations that cannot be called with success on a server of this suite, with the reason.
const LISTED: [(&str, &str); 1] = [(
    "realm.user.issued_verifiable_credential.delete",
    "takes a credential that a wallet was issued, and there is no wallet here",
)];

/// The suite of the server, as it calls itself, or as the client calls it.
async fn start(host: Host) -> Suite {
    let server = server();
    let additions = Additions::default();
    let relay = Relay::start_as(host, &server.url, additions.clone()).await;
    // The first calls of a server that has just started may take minutes on a busy machine.
    let patient = ClientOptions::new().timeout(Duration::from_secs(110));
    let mut builder = Keycloak::builder(&relay.url).options(patient);
    if host == Host::Server {
        let base = server.url.trim_end_matches('/');
        let known = format!("{base}/realms/master/.well-known/openid-configuration");
        let metadata: Value = reqwest::get(known).await.unwrap().json().await.unwrap();
        builder = builder.issuer(metadata["issuer"].as_str().unwrap());
    }
    let kc = builder
        .password(&server.username, server.password.as_str())
        .build()
        .unwrap();
    Suite::new(kc, relay, additions)
}

/// Run by `scripts/conformance`, which starts a server with every feature.
#[tokio::test]
#[ignore = "takes a server with features that are off by default: run scripts/conformance"]
async fn conformance() {
    let mut suite = start(Host::Relay).await;
    let world = content::run(&mut suite).await;
    errors::run(&mut suite).await;
    content::end(&mut suite, &world).await;
    let listed = LISTED.map(|(name, reason)| (name, reason.to_owned()));
    report::finish(&suite, &listed);
}

/// Run by `scripts/conformance --url`, on a realm that is there.
#[tokio::test]
#[ignore = "reads the realm CONFORMANCE_REALM of a server: run scripts/conformance"]
async fn reading() {
    let mut suite = start(Host::Server).await;
    let realm = std::env::var("CONFORMANCE_REALM").expect("CONFORMANCE_REALM names the realm");
    suite.kc.realm(&realm).get().await.unwrap();
    release::read(&suite.kc).await;
    suite.outcomes.retain(|name, _| reading::is_read(name));
    let listed = reading::run(&mut suite, &realm).await;
    report::finish(&suite, &listed);
}
