//! Sign-in of users for web applications.

mod builder;
mod callback;
mod cookies;
mod extract;
mod index;
mod keeper;
mod layer;
mod logout;
mod page;
mod record;
mod rejection;
mod return_path;
mod routes;
mod start;
#[cfg(test)]
mod tests;
mod user;
mod visit;

use std::fmt;
use std::sync::Arc;

use self::builder::Settings;
pub use self::builder::SignInBuilder;
pub use self::index::{MemorySessionIndex, SessionIndex};
pub use self::layer::{SignInLayer, SignInService};
pub use self::rejection::{SignInRejection, SignInRejectionKind};
pub use self::user::User;
use crate::oidc::Oidc;

/// Signs users in with their browsers, and keeps them signed in. Cheap to clone.
///
/// [`routes`](Self::routes) has `GET /login` and `GET /callback`, `POST /logout`, and
/// `POST /backchannel-logout`, where the provider says that a session has ended.
/// [`layer`](Self::layer) finds the [`User`] of a request, and [`require`](Self::require) lets only
/// users pass who meet a requirement. The sessions are those of `tower-sessions` 0.14, whose
/// `SessionManagerLayer` is the outermost layer.
///
/// ```no_run
/// # async fn show(oidc: keycloak_kit::oidc::Oidc) -> keycloak_kit::Result<()> {
/// use axum::{Router, routing::get};
/// use keycloak_kit::web::{SignIn, User, realm_role};
/// use tower_sessions::{MemoryStore, SessionManagerLayer};
///
/// async fn home(user: Option<User>) -> String {
///     user.map_or("nobody".into(), |user| format!("hello, {}", user.subject()))
/// }
///
/// let signin = SignIn::new(oidc).base_url("https://app.example").build()?;
/// let admin = get(|| async { "admins only" }).layer(signin.require(realm_role("admin")));
/// let app: Router = Router::new()
///     .route("/", get(home))
///     .route("/admin", admin)
///     .merge(signin.routes())
///     .layer(signin.layer())
///     .layer(SessionManagerLayer::new(MemoryStore::default()));
/// # Ok(()) }
/// ```
///
/// # Security
///
/// Tokens stay in the session record and never reach the browser, but for the ID token, which names
/// the session in the URL of the logout at the provider. Who can read the session store can use the
/// tokens in it.
#[derive(Clone)]
pub struct SignIn {
    settings: Arc<Settings>,
}

impl SignIn {
    /// Starts a sign-in with this client.
    #[expect(clippy::new_ret_no_self, reason = "it is set up before it is there")]
    pub fn new(oidc: Oidc) -> SignInBuilder {
        SignInBuilder::new(oidc)
    }
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("oidc", &self.settings.oidc)
            .field("base_url", &self.settings.origin)
            .finish_non_exhaustive()
    }
}
