//! Tenants that are known only at run time, with a resolver that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;

use super::{Guard, RejectionKind, bearer, claims, with};
use crate::oidc::Oidc;
use crate::test_support::{Reply, Server};
use crate::web::TenantResolver;
use crate::{BoxFuture, Keycloak, Result};

#[derive(Debug, Clone)]
struct Realms {
    kc: Keycloak,
    base: String,
    asked: Arc<AtomicUsize>,
    /// The realm that is given for every issuer, where it is not the one asked for.
    other: Option<&'static str>,
    slow: bool,
}

impl TenantResolver for Realms {
    fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Oidc>>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.slow {
                std::future::pending::<()>().await;
            }
            let realm = issuer.strip_prefix(&format!("{}/realms/", self.base));
            match self.other.or(realm.filter(|realm| *realm == "acme")) {
                Some(realm) => self.kc.oidc(realm, "api").build().map(Some),
                None => Ok(None),
            }
        })
    }
}

struct Setting {
    server: Server,
    realms: Realms,
}

impl Setting {
    async fn new() -> Self {
        let server = Server::start(|seen, _| {
            let path = seen.target.trim_start_matches("/realms/");
            let realm = path.split('/').next().unwrap_or_default();
            let issuer = format!("http://{}/realms/{realm}", seen.header("host").unwrap());
            let answer = if seen.target.ends_with("openid-configuration") {
                json!({ "issuer": issuer, "jwks_uri": format!("{issuer}/certs") })
            } else {
                json!({ "keys": [crate::jose::tests::es256("a")] })
            };
            Reply::json(200, answer.to_string())
        })
        .await;
        let realms = Realms {
            kc: Keycloak::builder(&server.url).anonymous().build().unwrap(),
            base: server.url.trim_end_matches('/').to_owned(),
            asked: Arc::default(),
            other: None,
            slow: false,
        };
        Self { server, realms }
    }

    fn guard(&self) -> Guard {
        let resolver = self.realms.clone();
        Guard::tenants(resolver, |verifier| verifier.audience("api"))
            .build()
            .unwrap()
    }

    fn issuer(&self, realm: &str) -> String {
        format!("{}/realms/{realm}", self.realms.base)
    }

    fn asked(&self) -> usize {
        self.realms.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn one_lookup_for_many_requests_of_a_tenant() {
    let setting = Setting::new().await;
    let guard = setting.guard();
    let request = bearer(&with(claims(), "iss", json!(setting.issuer("acme"))));
    let all = join_all((0..50).map(|_| guard.caller(&request))).await;
    for caller in all {
        assert_eq!(caller.unwrap().issuer(), setting.issuer("acme"));
    }
    assert_eq!(setting.asked(), 1);
}

#[tokio::test]
async fn refused_issuers_push_no_tenant_out_and_nothing_is_fetched_for_them() {
    let setting = Setting::new().await;
    let resolver = setting.realms.clone();
    let guard = Guard::tenants(resolver, |verifier| verifier.audience("api"))
        .tenant_cache(3, Duration::from_secs(60))
        .build()
        .unwrap();
    let good = bearer(&with(claims(), "iss", json!(setting.issuer("acme"))));
    guard.caller(&good).await.unwrap();
    let sent = setting.server.seen().len();
    let evil: Vec<String> = (0..10)
        .map(|n| setting.issuer(&format!("evil{n}")))
        .collect();
    for issuer in evil.iter().chain([
        &setting.issuer("acme/"),
        &setting.issuer("ACME"),
        &"x".repeat(2049),
    ]) {
        let request = bearer(&with(claims(), "iss", json!(issuer)));
        let rejection = guard.caller(&request).await.unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::InvalidToken, "{issuer}");
    }
    assert_eq!(setting.server.seen().len(), sent);
    // The last one is remembered; one that is too long was never asked about.
    let asked = setting.asked();
    assert_eq!(asked, 1 + 12);
    let again = bearer(&with(claims(), "iss", json!(setting.issuer("ACME"))));
    assert!(guard.caller(&again).await.is_err());
    guard.caller(&good).await.unwrap();
    assert_eq!(setting.asked(), asked);
}

#[tokio::test]
async fn a_tenant_is_looked_up_again_after_its_time() {
    let setting = Setting::new().await;
    let resolver = setting.realms.clone();
    let guard = Guard::tenants(resolver, |verifier| verifier.audience("api"))
        .tenant_cache(10, Duration::ZERO)
        .build()
        .unwrap();
    let request = bearer(&with(claims(), "iss", json!(setting.issuer("acme"))));
    guard.caller(&request).await.unwrap();
    guard.caller(&request).await.unwrap();
    assert_eq!(setting.asked(), 2);
}

#[tokio::test]
async fn a_provider_of_another_issuer_is_refused() {
    let mut setting = Setting::new().await;
    setting.realms.other = Some("globex");
    let request = bearer(&with(claims(), "iss", json!(setting.issuer("acme"))));
    let rejection = setting.guard().caller(&request).await.unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::InvalidToken);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_hangs_is_503_and_leaves_nothing_behind() {
    let mut setting = Setting::new().await;
    setting.realms.slow = true;
    let guard = setting.guard();
    for _ in 0..2 {
        let request = bearer(&with(claims(), "iss", json!(setting.issuer("acme"))));
        let rejection = guard.caller(&request).await.unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::Unavailable);
    }
    assert_eq!(setting.asked(), 2);
}
