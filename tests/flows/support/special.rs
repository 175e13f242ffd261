//! A second server with what a plain one lacks: TLS that asks for client certificates, a channel
//! to reach users for backchannel logins, the older token exchange, the tokens of other providers, the
//! path that servers before 17 had.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use keycloak_kit::{ClientOptions, Keycloak, KeycloakBuilder};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};

pub struct Special {
    /// Plain HTTP, with the path.
    pub url: String,
    /// The same server with TLS.
    pub tls_url: String,
    pub ca_pem: String,
    issuer: Issuer<'static, KeyPair>,
    channel: TcpListener,
}

/// A certificate and its key, both PEM.
pub struct Identity {
    pub pem: String,
    /// The certificate alone, DER.
    pub der: Vec<u8>,
}

pub fn special() -> &'static Special {
    static SPECIAL: OnceLock<Special> = OnceLock::new();
    SPECIAL.get_or_init(start)
}

impl Special {
    pub fn admin(&self) -> Keycloak {
        self.builder().build().unwrap()
    }

    fn builder(&self) -> KeycloakBuilder {
        Keycloak::builder(&self.url)
            .password("admin", "admin")
            .options(ClientOptions::new().no_proxy())
    }

    /// Where the server asks for decisions about backchannel logins.
    pub fn channel(&self) -> tokio::net::TcpListener {
        let listener = self.channel.try_clone().unwrap();
        listener.set_nonblocking(true).unwrap();
        tokio::net::TcpListener::from_std(listener).unwrap()
    }

    /// A client certificate of the authority that the server trusts.
    pub fn client_certificate(&self, common_name: &str) -> Identity {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, common_name);
        params
            .extended_key_usages
            .push(ExtendedKeyUsagePurpose::ClientAuth);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity {
            pem: format!("{}{}", certificate.pem(), key.serialize_pem()),
            der: certificate.der().to_vec(),
        }
    }
}

fn start() -> Special {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority
        .distinguished_name
        .push(DnType::CommonName, "test authority");
    let authority_key = KeyPair::generate().unwrap();
    let authority_certificate = authority.self_signed(&authority_key).unwrap();
    let issuer = Issuer::new(authority, authority_key);

    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let server = CertificateParams::new(names).unwrap();
    let server_key = KeyPair::generate().unwrap();
    let server_certificate = server.signed_by(&server_key, &issuer).unwrap();

    let process = std::process::id();
    let folder = std::env::temp_dir().join(format!("keycloak-kit-special-{process}"));
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: &str, text: String| -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ca_pem = authority_certificate.pem();
    let ca = write("ca.pem", ca_pem.clone());
    let certificate = write("server.pem", server_certificate.pem());
    let key = write("server.key", server_key.serialize_pem());

    let channel = TcpListener::bind("127.0.0.1:0").unwrap();
    let channel_port = channel.local_addr().unwrap().port();
    let tls_port = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap().port()
    };
    let instance = format!("special-{process}");
    let options = [
        format!("https-port={tls_port}"),
        format!("https-certificate-file={}", certificate.display()),
        format!("https-certificate-key-file={}", key.display()),
        format!("https-trust-store-file={}", ca.display()),
        "https-client-auth=request".to_owned(),
        "http-relative-path=/auth".to_owned(),
        "http-management-relative-path=/".to_owned(),
        // Its readiness is asked for by scripts/keycloak, which trusts no authority of ours.
        "http-management-scheme=http".to_owned(),
        format!(
            "spi-ciba-auth-channel--ciba-http-auth-channel--http-authentication-channel-uri=\
             http://127.0.0.1:{channel_port}/ask"
        ),
    ];
    let mut command = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/keycloak"));
    command.args([
        "start",
        "--instance",
        &instance,
        "--watch",
        &process.to_string(),
    ]);
    command.args([
        "--features",
        "token-exchange,admin-fine-grained-authz:v1,identity-brokering-api:v2",
    ]);
    for option in &options {
        command.args(["--option", option]);
    }
    let output = command.output().expect("scripts/keycloak can be run");
    assert!(
        output.status.success(),
        "scripts/keycloak start failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    let url = text.lines().last().expect("it prints the URL").trim();
    Special {
        url: format!("{url}/auth"),
        tls_url: format!("https://localhost:{tls_port}/auth"),
        ca_pem,
        issuer,
        channel,
    }
}
