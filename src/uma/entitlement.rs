//! The entitlement API of servers before Keycloak 4.

use serde::Deserialize;
use url::Url;

use super::{fault, subject};
use crate::call::Credential;
use crate::error::{Result, protocol};
use crate::http::json;
use crate::http::segment;
use crate::oidc::Oidc;
use crate::operation::Operation;
use crate::token::AccessToken;

const OP: Operation = Operation::new(
    "oidc.entitlement",
    "GET",
    "/realms/{realm}/authz/entitlement/{client}",
);

impl Oidc {
    /// Requests a requesting party token with all permissions at a resource server, from servers
    /// before Keycloak 4. Newer servers respond with 404 or 405; use
    /// [`permissions`](Self::permissions) there.
    ///
    /// ```no_run
    /// # async fn show(oidc: keycloak_kit::oidc::Oidc, token: keycloak_kit::AccessToken) -> keycloak_kit::Result<()> {
    /// let rpt = oidc.entitlement("photos", &token).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// - Returns an error of kind `NotFound` or `Protocol` on newer servers.
    /// - Returns an error with [`NotAuthorized`](crate::UmaFault::NotAuthorized) if nothing is
    ///   granted.
    pub async fn entitlement(&self, audience: &str, token: &AccessToken) -> Result<AccessToken> {
        #[derive(Deserialize)]
        struct Entitled {
            rpt: crate::Secret,
        }
        segment::check(&OP, "audience", audience)?;
        let channel = &self.inner.channel;
        let metadata = self.inner.metadata().await?;
        let page = channel.discovery.realm_page(&metadata)?;
        let base = page.as_str().trim_end_matches('/');
        let url = format!("{base}/authz/entitlement/{}", segment::encode(audience));
        let url =
            Url::parse(&url).map_err(|_| protocol("no path can be appended to the issuer"))?;
        let call = channel.sender.call(&OP).with(Credential::Token(token));
        let answer = call.get(url).send().await?;
        if !answer.status().is_success() {
            let error = fault::grant(answer.error(&OP), None);
            return Err(match error.status().map(|status| status.as_u16()) {
                Some(404 | 405) => error.with_hint(
                    "this API exists only before Keycloak 4: use permissions(..) with newer servers",
                ),
                _ => error,
            });
        }
        let entitled: Entitled = json::decode(&OP, answer.response.body())?;
        let asked = subject::of(token.expose());
        subject::check_rpt(&OP, asked.as_ref(), entitled.rpt.expose())?;
        Ok(AccessToken::new(entitled.rpt))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UmaFault;
    use crate::test_support::{Reply, Server};

    #[tokio::test]
    async fn an_old_server_gives_an_rpt() {
        let server = Server::keycloak(|seen, _| {
            let end = seen.target.rsplit("/realms/demo").next()?;
            Some(match end {
                "/authz/entitlement/photos%2F1" => Reply::json(200, r#"{"rpt":"r-hunter2"}"#),
                "/authz/entitlement/vault" => Reply::json(
                    403,
                    r#"{"error":"access_denied","error_description":"not_authorized"}"#,
                ),
                _ if end.starts_with("/authz") => Reply::json(405, "{}"),
                _ => return None,
            })
        })
        .await;
        let kc = server.builder().anonymous().build().unwrap();
        let oidc = kc.oidc("demo", "web").build().unwrap();
        let token = AccessToken::new("t-hunter2");
        let rpt = oidc.entitlement("photos/1", &token).await.unwrap();
        assert_eq!(rpt.expose(), "r-hunter2");
        {
            let seen = server.seen();
            let call = seen.iter().find(|seen| seen.target.contains("entitlement"));
            let shown = call.unwrap().header("authorization");
            assert_eq!(shown, Some("Bearer t-hunter2"));
        }
        let denied = oidc.entitlement("vault", &token).await.unwrap_err();
        assert_eq!(
            denied.uma_fault(),
            Some(UmaFault::NotAuthorized),
            "{denied}"
        );
        let newer = oidc.entitlement("other", &token).await.unwrap_err();
        assert!(newer.to_string().contains("permissions(..)"), "{newer}");
        assert!(
            oidc.entitlement("..", &token)
                .await
                .unwrap_err()
                .is_config()
        );
    }
}
