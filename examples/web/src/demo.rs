//! The application with a realm of its own.

use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use keycloak_kit::Keycloak;

use crate::{Error, PASSWORD, Server, Settings, USERS, application, provision};

const REALM: &str = "web-example";

/// The application with a realm of its own, which a second start makes anew.
#[derive(Debug)]
pub struct Demo {
    /// What serves it.
    pub server: Server,
}

impl Demo {
    /// Provisions the realm and binds the application to a loopback address.
    ///
    /// # Errors
    ///
    /// Returns an error if Keycloak cannot be reached or refuses, or the address is taken.
    pub async fn start(address: &str) -> Result<Self, Error> {
        let address: SocketAddr = address.parse()?;
        if !address.ip().is_loopback() {
            return Err("plain http is for loopback addresses only".into());
        }
        let listener = TcpListener::bind(address)
            .map_err(|error| format!("{address}: {error}; name another address"))?;
        let base_url = format!("http://{}", listener.local_addr()?);
        let kc = Keycloak::from_env()?;
        let realm = provision(&kc, REALM, &base_url).await?;
        let settings = Settings {
            base_url: base_url.clone(),
            recent: Duration::from_secs(300),
            provider: kc.base_url().to_owned(),
        };
        let app = application(realm.oidc, &settings)?;
        let server = Server::plain(listener, base_url, app)?;
        Ok(Self { server })
    }
}

impl fmt::Display for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}/", self.server.base_url())?;
        for (name, about) in USERS {
            writeln!(f, "  user {name}, password {PASSWORD}: {about}")?;
        }
        Ok(())
    }
}
