//! The server: plain HTTP, or TLS by an authority of its own.

use std::fmt;
use std::net::TcpListener;
use std::sync::Arc;

use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, KeyUsagePurpose,
    PublicKeyData as _,
};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::Error;

/// An authority that exists while the program runs.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    /// Makes an authority with a new key.
    ///
    /// # Errors
    ///
    /// Returns an error if no key can be made.
    pub fn new() -> Result<Self, Error> {
        let mut params = CertificateParams::new([])?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self(CertifiedIssuer::self_signed(
            params,
            KeyPair::generate()?,
        )?))
    }

    /// Returns the authority's certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.0.pem()
    }

    /// Returns the authority's public key, DER-encoded as a certificate has it.
    #[must_use]
    pub fn public_key(&self) -> Vec<u8> {
        self.0.key().subject_public_key_info()
    }

    /// A certificate for the loopback address, with the authority's behind it.
    fn certificate(&self) -> Result<ServerConfig, Error> {
        let key = KeyPair::generate()?;
        let params = CertificateParams::new(["127.0.0.1".to_owned(), "localhost".to_owned()])?;
        let certificate = params.signed_by(&key, &self.0)?;
        let chain: Vec<CertificateDer<'static>> =
            vec![certificate.der().clone(), self.0.der().clone()];
        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(config)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

/// The application at its address.
#[derive(Debug)]
pub struct Server {
    base_url: String,
    app: Router,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Plain(axum_server::Server<std::net::SocketAddr>),
    Tls(axum_server::Server<std::net::SocketAddr, RustlsAcceptor>),
}

impl Server {
    /// Serves plain HTTP.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener cannot be used.
    pub fn plain(listener: TcpListener, base_url: String, app: Router) -> Result<Self, Error> {
        let kind = Kind::Plain(axum_server::from_tcp(listener)?);
        Ok(Self {
            base_url,
            app,
            kind,
        })
    }

    /// Serves TLS with a certificate of this authority.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener or the certificate cannot be used.
    pub fn tls(
        listener: TcpListener,
        base_url: String,
        app: Router,
        authority: &Authority,
    ) -> Result<Self, Error> {
        let config = RustlsConfig::from_config(Arc::new(authority.certificate()?));
        let kind = Kind::Tls(axum_server::from_tcp_rustls(listener, config)?);
        Ok(Self {
            base_url,
            app,
            kind,
        })
    }

    /// Returns where browsers reach it.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Serves until the program ends.
    ///
    /// # Errors
    ///
    /// Returns an error if the listener fails.
    pub async fn run(self) -> Result<(), Error> {
        let app = self.app.into_make_service();
        match self.kind {
            Kind::Plain(server) => server.serve(app).await?,
            Kind::Tls(server) => server.serve(app).await?,
        }
        Ok(())
    }
}
