//! `find`: `None` when exactly this object is missing, and for no other reason.

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::Pin;

use keycloak_kit::admin::handles::Realm;
use keycloak_kit::admin::ids::{ClientScopeId, ClientUuid, OrganizationId};
use keycloak_kit::representations::{
    ClientRepresentation, ClientScopeRepresentation, IdentityProviderRepresentation,
    OrganizationDomainRepresentation, OrganizationRepresentation, RealmRepresentation,
};
use keycloak_kit::{ErrorKind, Result};
use pretty_assertions::assert_eq;

use crate::support::version::{older, version};
use crate::support::{TestRealm, server};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

/// What a row's handle stands below.
struct Parents {
    client: ClientUuid,
    scope: ClientScopeId,
    provider: String,
    organization: OrganizationId,
}

type Found = Pin<Box<dyn Future<Output = Result<bool>> + Send>>;

struct Row {
    call: &'static str,
    /// Another object than the realm stands above it.
    below: bool,
    ask: fn(&Realm, &Parents) -> Found,
}

macro_rules! rows {
    ($($call:literal $(below $flag:tt)?: |$realm:ident, $parents:ident| $handle:expr;)*) => {
        vec![$(Row {
            call: $call,
            below: false $(|| rows!(@yes $flag))?,
            ask: |$realm: &Realm, $parents: &Parents| {
                let handle = $handle;
                Box::pin(async move { Ok(handle.find().await?.is_some()) })
            },
        }),*]
    };
    (@yes $flag:tt) => { true };
}

fn rows() -> Vec<Row> {
    rows! {
        "realm.authentication.authenticator_config.get":
            |realm, _p| realm.authentication().authenticator_config(NOBODY);
        "realm.authentication.execution.get":
            |realm, _p| realm.authentication().execution(NOBODY);
        "realm.authentication.flow.get": |realm, _p| realm.authentication().flow(NOBODY);
        "realm.authentication.required_action.get":
            |realm, _p| realm.authentication().required_action(NOBODY);
        "realm.client.get": |realm, _p| realm.client(ClientUuid::new(NOBODY));
        "realm.client.protocol_mapper.get" below client:
            |realm, p| realm.client(&p.client).protocol_mapper(NOBODY);
        "realm.client.role.get" below client: |realm, p| realm.client(&p.client).role(NOBODY);
        "realm.client.secret.rotated.get" below client:
            |realm, p| realm.client(&p.client).secret().rotated();
        "realm.client_scope.get": |realm, _p| realm.client_scope(NOBODY);
        "realm.client_scope.protocol_mapper.get" below scope:
            |realm, p| realm.client_scope(&p.scope).protocol_mapper(NOBODY);
        "realm.component.get": |realm, _p| realm.component(NOBODY);
        "realm.group.get": |realm, _p| realm.group(NOBODY);
        "realm.identity_provider.get": |realm, _p| realm.identity_provider(NOBODY);
        "realm.identity_provider.mapper.get" below provider:
            |realm, p| realm.identity_provider(p.provider.as_str()).mapper(NOBODY);
        "realm.localization.locale.text.get":
            |realm, _p| realm.localization().locale("de").text(NOBODY);
        "realm.organization.get": |realm, _p| realm.organization(NOBODY);
        "realm.organization.group.get" below organization:
            |realm, p| realm.organization(&p.organization).group(NOBODY);
        "realm.organization.identity_provider.get" below organization:
            |realm, p| realm.organization(&p.organization).identity_provider(NOBODY);
        "realm.organization.invitation.get" below organization:
            |realm, p| realm.organization(&p.organization).invitation(NOBODY);
        "realm.organization.member.get" below organization:
            |realm, p| realm.organization(&p.organization).member(NOBODY);
        "realm.role.get": |realm, _p| realm.role(NOBODY);
        "realm.role_by_id.get": |realm, _p| realm.role_by_id(NOBODY);
        "realm.user.get": |realm, _p| realm.user(NOBODY);
    }
}

#[test]
fn every_handle_that_can_find_is_in_the_table() {
    let names: toml::Table = include_str!("../../../openapi/names.toml").parse().unwrap();
    let wanted: BTreeSet<&str> = names["missing"]
        .as_table()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|call| *call != "realm.get")
        .collect();
    let rows = rows();
    let tested: BTreeSet<&str> = rows.iter().map(|row| row.call).collect();
    assert_eq!(tested, wanted);
}

#[tokio::test]
async fn none_only_for_the_object_itself() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("find", realm).await;
    let realm = &test.realm;
    let app = ClientRepresentation::default().client_id("app").secret("s");
    let scope = ClientScopeRepresentation::default()
        .name("scope")
        .protocol("openid-connect");
    let hub = IdentityProviderRepresentation::default()
        .alias("hub")
        .provider_id("oidc");
    realm.identity_providers().create(&hub).await.unwrap();
    let old = older("26.0.8", realm.organizations().list()).await;
    let acme = OrganizationRepresentation::default()
        .name("acme")
        .domains([OrganizationDomainRepresentation::default().name("acme.test")]);
    let organization = match old {
        true => OrganizationId::new(NOBODY),
        false => realm.organizations().create(&acme).await.unwrap(),
    };
    let parents = Parents {
        client: realm.clients().create(&app).await.unwrap(),
        scope: realm.client_scopes().create(&scope).await.unwrap(),
        provider: "hub".to_owned(),
        organization,
    };
    let orphans = Parents {
        client: ClientUuid::new(NOBODY),
        scope: ClientScopeId::new(NOBODY),
        provider: NOBODY.to_owned(),
        organization: OrganizationId::new(NOBODY),
    };
    let nowhere = test.kc.realm("no-such-realm");
    for row in rows() {
        let found = (row.ask)(realm, &parents).await;
        if let Some(release) = found
            .as_ref()
            .err()
            .and_then(|error| error.needs_keycloak())
            && !version().await.has(release)
        {
            continue;
        }
        assert!(matches!(found, Ok(false)), "{}: {found:?}", row.call);
        let error = (row.ask)(&nowhere, &parents).await.expect_err(row.call);
        assert!(error.is_not_found(), "{}: {error}", row.call);
        assert_eq!(
            error.server_message(),
            Some("Realm not found."),
            "{}",
            row.call
        );
        if row.below {
            let error = (row.ask)(realm, &orphans).await.expect_err(row.call);
            assert!(error.is_not_found(), "{}: {error}", row.call);
        }
    }
    assert!(nowhere.find().await.unwrap().is_none());
    test.delete().await;
}

/// A base URL that leads somewhere else: 404 for everything, and for another reason.
#[tokio::test]
async fn a_wrong_base_url_is_an_error() {
    let token = server::admin().token().await.unwrap();
    let url = format!("{}/elsewhere", server::server().url);
    let kc = keycloak_kit::Keycloak::builder(url)
        .access_token(token.expose())
        .build()
        .unwrap();
    for found in [
        kc.realm("master").find().await.map(drop),
        kc.realm("master").user(NOBODY).find().await.map(drop),
        kc.realm("master").role(NOBODY).find().await.map(drop),
    ] {
        assert_eq!(found.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[tokio::test]
async fn a_feature_that_is_off_is_an_error() {
    let test = TestRealm::new("find-off").await;
    let error = test.realm.organization(NOBODY).find().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    test.delete().await;
}
