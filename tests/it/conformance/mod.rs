//! Every operation of the facade, called with success on a real server, and checked against the
//! corrected document and what the server sent.
//!
//! `scripts/conformance` runs this; its `--help` says what the numbers mean.

mod additions;
mod content;
mod errors;
mod release;
mod report;
mod strict;
mod suite;

use additions::Additions;
use keycloak_kit::{Keycloak, KeycloakBuilder};
use suite::Suite;

use crate::support::relay::Relay;
use crate::support::server::server;

/// Operations that cannot be called with success on a server of this suite, with the reason.
const LISTED: &[(&str, &str)] = &[(
    "realm.user.issued_verifiable_credential.delete",
    "takes a credential that a wallet was issued, and there is no wallet here",
)];

fn builder(relay: &Relay) -> KeycloakBuilder {
    let server = server();
    Keycloak::builder(&relay.url).password(&server.username, server.password.as_str())
}

async fn start() -> Suite {
    let additions = Additions::default();
    let relay = Relay::start(&server().url, additions.clone()).await;
    let kc = builder(&relay).build().unwrap();
    Suite::new(kc, relay, additions)
}

/// Run by `scripts/conformance`, which starts a server with every feature.
#[tokio::test]
#[ignore = "takes a server with features that are off by default: run scripts/conformance"]
async fn conformance() {
    let mut suite = start().await;
    let world = content::run(&mut suite).await;
    errors::run(&mut suite).await;
    content::end(&mut suite, &world).await;
    report::finish(&suite, LISTED);
}
