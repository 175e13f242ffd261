//! The provider through the crate's own client.

mod access_token;
mod defects;
mod elsewhere;
mod grants;
mod keys;
mod login;
mod logout;
mod tokens;

use super::{TestClient, TestProvider, TestUser};
use crate::oidc::{Login, Oidc};

async fn provider() -> TestProvider {
    TestProvider::start().await.unwrap()
}

/// A provider where `ada` is logged in, and the client `web`.
async fn with_ada() -> (TestProvider, Oidc) {
    let provider = provider().await;
    let ada = TestUser::new("ada")
        .subject("1234")
        .email("ada@example.org")
        .name("Ada", "Lovelace")
        .realm_role("editor")
        .client_role("api", "writer")
        .group("/staff")
        .organization("acme")
        .password("correct horse");
    provider.users().add(ada);
    provider.log_in_as("ada");
    let web = TestClient::confidential("web", "s3cret %2B+ /é&=? and some more, for HS256")
        .redirect_uri("https://app.example/callback");
    provider.clients().add(web);
    let oidc = provider.oidc("web").build().unwrap();
    (provider, oidc)
}

async fn log_in(provider: &TestProvider, oidc: &Oidc) -> Login {
    let login = oidc.authorize().start().await.unwrap();
    let back = provider.authorize(login.url()).await.unwrap();
    oidc.callback(login, back).await.unwrap()
}
