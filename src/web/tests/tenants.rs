//! Tenants that are known only at run time, with a resolver that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use http::request::Parts;

use super::{Guard, RejectionKind, request};
use crate::oidc::Oidc;
use crate::testing::TestProvider;
use crate::web::TenantResolver;
use crate::{BoxFuture, Result};

#[derive(Debug, Clone)]
struct Realms {
    acme: Oidc,
    issuer: String,
    asked: Arc<AtomicUsize>,
    /// What is given for every issuer, where it is not the one asked for.
    other: Option<Oidc>,
    slow: bool,
}

impl TenantResolver for Realms {
    fn resolve<'a>(&'a self, issuer: &'a str) -> BoxFuture<'a, Result<Option<Oidc>>> {
        Box::pin(async move {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.slow {
                std::future::pending::<()>().await;
            }
            let acme = (issuer == self.issuer).then(|| self.acme.clone());
            Ok(self.other.clone().or(acme))
        })
    }
}

struct Setting {
    acme: TestProvider,
    realms: Realms,
}

async fn provider(realm: &str) -> TestProvider {
    TestProvider::builder().realm(realm).start().await.unwrap()
}

impl Setting {
    async fn new() -> Self {
        let acme = provider("acme").await;
        let realms = Realms {
            acme: acme.oidc("api").build().unwrap(),
            issuer: acme.issuer(),
            asked: Arc::default(),
            other: None,
            slow: false,
        };
        Self { acme, realms }
    }

    /// A request with a token that names this realm's issuer.
    fn request(&self, realm: &str) -> Parts {
        self.request_of(&self.issuer(realm))
    }

    fn request_of(&self, issuer: &str) -> Parts {
        let token = self.acme.access_token().audience("api");
        let token = token.claim("iss", issuer).sign();
        request(&[("authorization", &format!("Bearer {token}"))])
    }

    fn guard(&self) -> Guard {
        let resolver = self.realms.clone();
        Guard::tenants(resolver, |verifier| verifier.audience("api"))
            .build()
            .unwrap()
    }

    fn issuer(&self, realm: &str) -> String {
        format!("{}/realms/{realm}", self.acme.base_url())
    }

    fn asked(&self) -> usize {
        self.realms.asked.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn one_lookup_for_many_requests_of_a_tenant() {
    let setting = Setting::new().await;
    let guard = setting.guard();
    let request = setting.request("acme");
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
    let good = setting.request("acme");
    guard.caller(&good).await.unwrap();
    let sent = setting.acme.requests().len();
    let evil: Vec<String> = (0..10)
        .map(|n| setting.issuer(&format!("evil{n}")))
        .collect();
    for issuer in evil.iter().chain([
        &setting.issuer("acme/"),
        &setting.issuer("ACME"),
        &"x".repeat(2049),
    ]) {
        let request = setting.request_of(issuer);
        let rejection = guard.caller(&request).await.unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::InvalidToken, "{issuer}");
    }
    assert_eq!(setting.acme.requests().len(), sent);
    // The last one is remembered; one that is too long was never asked about.
    let asked = setting.asked();
    assert_eq!(asked, 1 + 12);
    let again = setting.request("ACME");
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
    let request = setting.request("acme");
    guard.caller(&request).await.unwrap();
    guard.caller(&request).await.unwrap();
    assert_eq!(setting.asked(), 2);
}

#[tokio::test]
async fn a_provider_of_another_issuer_is_refused() {
    let mut setting = Setting::new().await;
    let globex = provider("globex").await;
    setting.realms.other = Some(globex.oidc("api").build().unwrap());
    let request = setting.request("acme");
    let rejection = setting.guard().caller(&request).await.unwrap_err();
    assert_eq!(rejection.kind(), RejectionKind::InvalidToken);
}

#[tokio::test(start_paused = true)]
async fn a_lookup_that_hangs_is_503_and_leaves_nothing_behind() {
    let mut setting = Setting::new().await;
    setting.realms.slow = true;
    let guard = setting.guard();
    for _ in 0..2 {
        let request = setting.request("acme");
        let rejection = guard.caller(&request).await.unwrap_err();
        assert_eq!(rejection.kind(), RejectionKind::Unavailable);
    }
    assert_eq!(setting.asked(), 2);
}
