//! Certificates that are refused: each with what to do about it.

use std::sync::Arc;

use http::Method;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::test_support::options;
use crate::{Error, Keycloak};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Starts a server with a certificate of this authority, or with the authority's own.
    async fn serve(
        &self,
        name: Option<&str>,
        change: impl FnOnce(&mut CertificateParams),
    ) -> String {
        let (certificate, key) = match name {
            Some(name) => {
                let mut params = CertificateParams::new([name.to_owned()]).unwrap();
                change(&mut params);
                let key = KeyPair::generate().unwrap();
                let certificate = params.signed_by(&key, &self.0).unwrap();
                (certificate.der().clone(), key.serialize_der())
            }
            None => (self.0.der().clone(), self.0.key().serialize_der()),
        };
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], PrivatePkcs8KeyDer::from(key).into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(async move { acceptor.accept(stream).await.map(drop) });
            }
        });
        url
    }

    async fn refused(&self, url: &str) -> Error {
        let kc = Keycloak::builder(url)
            .options(options().root_certificate_pem(self.0.pem()))
            .access_token("t")
            .build()
            .unwrap();
        kc.request::<()>(Method::GET, ["x"]).await.unwrap_err()
    }
}

#[tokio::test]
async fn each_refused_certificate_has_its_own_advice() {
    let authority = Authority::new("ours");
    let good = |_: &mut CertificateParams| {};
    let own = authority.serve(None, good).await;
    let other_name = authority.serve(Some("sso.example"), good).await;
    let expired = authority
        .serve(Some("127.0.0.1"), |params| {
            params.not_after = date_time_ymd(2020, 1, 1)
        })
        .await;
    let early = authority
        .serve(Some("127.0.0.1"), |params| {
            params.not_before = date_time_ymd(3000, 1, 1)
        })
        .await;
    let stranger = Authority::new("theirs");
    let stranger = stranger.serve(Some("127.0.0.1"), good).await;
    let renewed = Authority::new("ours");
    let renewed = renewed.serve(Some("127.0.0.1"), good).await;
    for (url, advice) in [
        (
            own,
            "the certificate of an authority as its own (self-signed, CA:TRUE)",
        ),
        (other_name, "for another host name"),
        (expired, "has expired"),
        (early, "is not valid yet"),
        (stranger, "no trusted authority has signed"),
        (renewed, "of the same name with another key"),
    ] {
        let error = authority.refused(&url).await;
        assert!(error.is_transport() && !error.is_retryable(), "{error}");
        assert!(error.hint().unwrap().contains(advice), "{error:#?}");
    }
}

/// An alert says nothing of a certificate.
#[tokio::test]
async fn a_handshake_that_fails_in_another_way_says_what_to_look_at() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            // TLS 1.2, an alert of two bytes: fatal, handshake_failure.
            let alert = [21, 3, 3, 0, 2, 2, 40];
            stream.write_all(&alert).await.unwrap();
        }
    });
    let error = Authority::new("ours").refused(&url).await;
    let hint = error.hint().unwrap();
    assert!(hint.starts_with("check scheme, port and"), "{error:#?}");
}
