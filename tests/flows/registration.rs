//! Client registration: RFC 7591, RFC 7592 and Keycloak's own providers.

use keycloak_kit::jose::{DpopKey, SignatureAlgorithm, SigningKey};
use keycloak_kit::oidc::{Oidc, SecurityProfile};
use keycloak_kit::registration::{
    ClientKeys, ClientMetadata, RegisteredClient, Registration, RegistrationFault,
    SavedRegistration,
};
use keycloak_kit::{AccessToken, ClientAuth, ErrorKind, Method};
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::realm::Realm;
use crate::support::{CALLBACK, SECRET};

/// Registration with a token for so many clients.
pub async fn initial_access_token(realm: &Realm, count: u32) -> String {
    let made: Value = realm
        .kc
        .request(Method::POST, realm.path(&["clients-initial-access"]))
        .json(&json!({ "count": count, "expiration": 600 }))
        .await
        .unwrap();
    made["token"].as_str().unwrap().to_owned()
}

async fn registration(realm: &Realm, count: u32) -> Registration {
    let token = initial_access_token(realm, count).await;
    realm
        .kc
        .registration(&realm.name)
        .initial_access_token(token)
}

/// A token of a service account with a role of `realm-management`.
pub async fn token_with_role(realm: &Realm, client_id: &str, role: &str) -> AccessToken {
    let uuid = realm.client(client_id, json!({})).await;
    let user = realm.get(&["clients", &uuid, "service-account-user"]).await;
    realm.let_manage(user["id"].as_str().unwrap(), role).await;
    let oidc = realm.oidc(client_id).build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    tokens.access_token().clone()
}

fn reports() -> ClientMetadata {
    ClientMetadata::default()
        .client_name("Reports")
        .redirect_uris(["https://reports.example/callback"])
        .grant_types(["authorization_code", "client_credentials"])
}

#[tokio::test]
async fn a_client_registers_and_manages_itself() {
    let realm = Realm::new("register").await;
    let registration = registration(&realm, 1).await;
    let client = registration.create(&reports()).await.unwrap();
    let id = client.client_id();
    let secret = client.client_secret().unwrap();
    let made = client.metadata().unwrap();
    assert_eq!(made.client_name.as_deref(), Some("Reports"));
    assert_eq!(made.client_id.as_deref(), Some(id.as_str()));
    assert!(made.client_id_issued_at.unwrap() > 1_700_000_000);
    let shown = format!("{client:?} {made:?} {:?}", client.saved());
    let token = client.registration_access_token().unwrap();
    assert!(!shown.contains(secret.expose()) && !shown.contains(token.expose()));

    // It is a client like any other.
    let oidc = realm.kc.oidc(&realm.name, &id).client_secret(&secret);
    oidc.build().unwrap().client_credentials().await.unwrap();

    // Each update replaces the token; the one before is worth nothing.
    let old = client.saved().unwrap();
    let edited = client
        .modify(|metadata| metadata.client_name = Some("Monthly reports".into()))
        .await
        .unwrap();
    assert_eq!(edited.client_name.as_deref(), Some("Monthly reports"));
    assert_eq!(
        edited.redirect_uris.as_deref(),
        Some(&["https://reports.example/callback".to_owned()][..])
    );
    assert_ne!(
        client.registration_access_token().unwrap().expose(),
        token.expose()
    );
    let error = registration
        .resume::<ClientMetadata>(old)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert_eq!(
        error.registration_fault(),
        Some(RegistrationFault::InvalidToken)
    );

    // A refused update changes nothing, the token included.
    let newest = client.registration_access_token().unwrap();
    let error = client
        .update(&reports().redirect_uris(["no address"]))
        .await
        .unwrap_err();
    assert_eq!(
        error.registration_fault(),
        Some(RegistrationFault::InvalidRedirectUri),
        "{error}"
    );
    assert_eq!(
        client.registration_access_token().unwrap().expose(),
        newest.expose()
    );
    assert_eq!(
        client.read().await.unwrap().client_name.as_deref(),
        Some("Monthly reports")
    );

    // Parallel edits take turns, each with the token that the one before has left.
    let (one, two) = tokio::join!(
        client.modify(|metadata| metadata.client_uri = Some("https://one.example".into())),
        client.modify(|metadata| metadata.require_pushed_authorization_requests = Some(true)),
    );
    one.unwrap();
    two.unwrap();
    let both = client.read().await.unwrap();
    assert_eq!(both.client_uri.as_deref(), Some("https://one.example"));
    assert_eq!(both.require_pushed_authorization_requests, Some(true));

    // Kept as text, it is taken up by another process.
    let text = serde_json::to_string(&client.saved().unwrap()).unwrap();
    let saved: SavedRegistration = serde_json::from_str(&text).unwrap();
    let resumed: RegisteredClient = realm
        .kc
        .registration(&realm.name)
        .resume(saved)
        .await
        .unwrap();
    resumed.delete().await.unwrap();
    let error = client.read().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    realm.delete().await;
}

#[tokio::test]
async fn without_a_token_and_with_an_access_token() {
    let realm = Realm::new("register-open").await;
    let open = realm.kc.registration(&realm.name);
    // The policies of a new realm trust no host.
    let error = open.create(&reports()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(error.hint().unwrap().contains("policies"), "{error}");
    let policies: Vec<Value> = realm
        .kc
        .request(Method::GET, realm.path(&["components"]))
        .query(&[(
            "type",
            "org.keycloak.services.clientregistration.policy.ClientRegistrationPolicy",
        )])
        .await
        .unwrap();
    for policy in policies {
        if policy["providerId"] == "trusted-hosts" {
            let path = realm.path(&["components", policy["id"].as_str().unwrap()]);
            realm.kc.request::<()>(Method::DELETE, path).await.unwrap();
        }
    }
    let client = open.create(&reports()).await.unwrap();
    client
        .modify(|metadata| metadata.client_name = Some("Open".into()))
        .await
        .unwrap();

    let creator = token_with_role(&realm, "creator", "create-client").await;
    let created = realm.kc.registration(&realm.name).token_source(creator);
    let created = created.create(&reports()).await.unwrap();
    assert!(created.registration_access_token().is_some());

    // Who may manage clients needs no token of theirs.
    let manager = token_with_role(&realm, "manager", "manage-clients").await;
    let all = realm
        .oidc("manager")
        .build()
        .unwrap()
        .registration()
        .token_source(manager);
    let found: RegisteredClient = all.client(client.client_id()).await.unwrap();
    let renamed = found
        .modify(|metadata| metadata.client_name = Some("Managed".into()))
        .await
        .unwrap();
    assert_eq!(renamed.client_name.as_deref(), Some("Managed"));
    found.delete().await.unwrap();
    let error = all
        .client::<ClientMetadata>(client.client_id())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    realm.delete().await;
}

#[tokio::test]
async fn keycloaks_own_providers() {
    let realm = Realm::new("register-own").await;
    let registration = registration(&realm, 5).await;

    // default: Keycloak's representation.
    let wanted = json!({
        "clientId": "web", "secret": SECRET, "serviceAccountsEnabled": true,
        "attributes": { "post.logout.redirect.uris": "https://web.example/bye" },
    });
    let client = registration.create(&wanted).await.unwrap();
    assert_eq!(client.client_id(), "web");
    assert_eq!(client.client_secret().unwrap().expose(), SECRET);
    let before = client.registration_access_token().unwrap();
    assert!(
        !client
            .metadata()
            .unwrap()
            .to_string()
            .contains(before.expose())
    );
    let edited = client
        .modify(|representation| representation["name"] = "Web".into())
        .await
        .unwrap();
    assert_eq!(edited["name"], "Web");
    assert_eq!(
        edited["attributes"]["post.logout.redirect.uris"],
        "https://web.example/bye"
    );
    assert_ne!(
        client.registration_access_token().unwrap().expose(),
        before.expose()
    );

    // install: with the client's token, or its secret.
    let config = client.adapter_config().await.unwrap();
    assert_eq!(config.member("resource"), Some(&json!("web")));
    assert!(!format!("{config:?}").contains(SECRET));
    let open = realm.kc.registration(&realm.name);
    let config = open.adapter_config("web", SECRET).await.unwrap();
    let oidc = config.oidc().unwrap().build().unwrap();
    assert_eq!(oidc.client_id(), "web");
    oidc.client_credentials().await.unwrap();
    let error = open.adapter_config("web", "wrong").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    let error = open
        .adapter_config("web", ClientAuth::client_secret_post("s"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");

    // saml2-entity-descriptor.
    let descriptor = r#"<?xml version="1.0"?>
        <EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example">
          <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
            <NameIDFormat>urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified</NameIDFormat>
            <AssertionConsumerService index="1" isDefault="true"
              Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
              Location="https://sp.example/acs"/>
          </SPSSODescriptor>
        </EntityDescriptor>"#;
    let service: RegisteredClient<Value> = registration.create_from_saml(descriptor).await.unwrap();
    assert_eq!(service.client_id(), "https://sp.example");
    let renamed = service
        .modify(|representation| representation["name"] = "Service".into())
        .await
        .unwrap();
    assert_eq!(renamed["protocol"], "saml");
    assert_eq!(renamed["name"], "Service");
    service.delete().await.unwrap();

    // A public client asks for its file without a secret.
    let page = json!({ "clientId": "page", "publicClient": true });
    let page = registration.create(&page).await.unwrap();
    let config = open.adapter_config("page", ClientAuth::none()).await;
    assert_eq!(config.unwrap().member("public-client"), Some(&json!(true)));
    page.delete().await.unwrap();

    // The same, typed.
    #[cfg(feature = "admin")]
    {
        use keycloak_kit::representations::ClientRepresentation;
        let typed = ClientRepresentation::default()
            .client_id("typed")
            .redirect_uris(["https://typed.example/cb"]);
        let typed = registration.create(&typed).await.unwrap();
        let edited = typed
            .modify(|client| client.description = Some("Typed".into()))
            .await
            .unwrap();
        assert_eq!(edited.description.as_deref(), Some("Typed"));
        assert_eq!(
            edited.redirect_uris.as_deref(),
            Some(&["https://typed.example/cb".to_owned()][..])
        );
        typed.delete().await.unwrap();
    }
    client.delete().await.unwrap();
    realm.delete().await;
}

#[tokio::test]
async fn registrations_that_are_refused() {
    let realm = Realm::new("register-refused").await;
    let registration = registration(&realm, 1).await;
    let fault = async |metadata: ClientMetadata| {
        let error = registration.create(&metadata).await.unwrap_err();
        (error.kind(), error.registration_fault())
    };
    assert_eq!(
        fault(reports().redirect_uris(["no address"])).await,
        (
            ErrorKind::Validation,
            Some(RegistrationFault::InvalidRedirectUri)
        )
    );
    let mut named = reports();
    named.client_id = Some("mine".into());
    assert_eq!(
        fault(named).await,
        (
            ErrorKind::Validation,
            Some(RegistrationFault::InvalidClientMetadata)
        )
    );
    let descriptor = registration
        .create_from_saml::<Value>("<not a descriptor")
        .await
        .unwrap_err();
    assert_eq!(descriptor.kind(), ErrorKind::Validation, "{descriptor:?}");
    let form = registration
        .create_from_saml::<ClientMetadata>("")
        .await
        .unwrap_err();
    assert_eq!(form.kind(), ErrorKind::Config, "{form}");
    let list = registration.create(&json!([1])).await.unwrap_err();
    assert_eq!(list.kind(), ErrorKind::Config, "{list}");

    // What was refused has not used the token up; what was made has.
    let client = registration.create(&reports()).await.unwrap();
    let error = registration.create(&reports()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthorized, "{error}");
    assert!(
        error.hint().unwrap().contains("used for all its clients"),
        "{error}"
    );

    let error = registration
        .client::<ClientMetadata>("app")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    for hostile in ["", ".", "..", "a\nb"] {
        let error = registration
            .adapter_config(hostile, ClientAuth::none())
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{hostile:?}: {error}");
    }
    let other = realm.kc.registration("master");
    let error = other
        .resume::<ClientMetadata>(client.saved().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    let nowhere = realm.kc.registration("no-such-realm");
    assert!(nowhere.create(&reports()).await.unwrap_err().is_not_found());
    let unsendable = realm
        .kc
        .registration(&realm.name)
        .initial_access_token("a\nb");
    let error = unsendable.create(&reports()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    realm.delete().await;
}

/// What is registered is what the client is: its keys, algorithms and redirect URI, and a profile on
/// top. Its tokens are good for a protected service, with their proofs.
#[tokio::test]
async fn a_registered_client_logs_in_as_it_is_registered() {
    let realm = Realm::new("registered").await;
    realm
        .key_provider(
            "ecdsa-generated",
            json!({ "ecdsaEllipticCurveKey": ["P-256"] }),
        )
        .await;
    let token = initial_access_token(&realm, 2).await;
    let registration = Oidc::discover(realm.issuer()).registration().unwrap();
    let registration = registration.initial_access_token(token);
    let key = SigningKey::generate(SignatureAlgorithm::Es256).unwrap();
    let keys = ClientKeys::default()
        .signing_key(&key)
        .dpop_key(DpopKey::generate(SignatureAlgorithm::Es256).unwrap());
    let wanted = ClientMetadata::default()
        .redirect_uris([CALLBACK])
        .token_endpoint_auth_method("private_key_jwt")
        .token_endpoint_auth_signing_alg("ES256")
        .request_object_signing_alg("ES256")
        .id_token_signed_response_alg("ES256")
        .authorization_signed_response_alg("ES256")
        .require_pushed_authorization_requests(true)
        .dpop_bound_access_tokens(true)
        .keys(&keys);
    let client = registration.create(&wanted).await.unwrap();
    for profile in [
        SecurityProfile::Fapi2Security,
        SecurityProfile::Fapi2MessageSigning,
    ] {
        let oidc = client.oidc_with(&keys).unwrap();
        let oidc = oidc.security_profile(profile).build().unwrap();
        let login = oidc.authorize().start().await.unwrap();
        assert!(login.url().contains("request_uri="), "{}", login.url());
        let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
        let signed = back.url().contains("response=");
        assert_eq!(signed, profile == SecurityProfile::Fapi2MessageSigning);
        let tokens = oidc.callback(login, back.url()).await.unwrap();
        assert_eq!(tokens.id_token().algorithm(), SignatureAlgorithm::Es256);
        let subject = tokens.id_token().subject().to_owned();
        // The server itself is a service that takes its tokens.
        let url = oidc.metadata().await.unwrap().userinfo_endpoint.clone();
        let session = oidc.session(tokens);
        let me: Value = session.request(Method::GET, url.unwrap()).await.unwrap();
        assert_eq!(me["sub"], subject.as_str());
    }
    // With a secret, and nothing to hand in.
    let plain = registration.create(&reports()).await.unwrap();
    let oidc = plain.oidc().unwrap().build().unwrap();
    let tokens = oidc.client_credentials().await.unwrap();
    let session = oidc.session(tokens);
    let url = oidc.metadata().await.unwrap().userinfo_endpoint.clone();
    // A token without openid in its scope: what the service says about it is in the error.
    let error = session.request::<Value>(Method::GET, url.unwrap()).await;
    let error = error.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert_eq!(error.oauth_code(), Some("insufficient_scope"));
    client.delete().await.unwrap();
    plain.delete().await.unwrap();
    realm.delete().await;
}

/// A login without openid at a realm: plain OAuth 2.0.
#[tokio::test]
async fn a_realm_gives_tokens_without_openid_too() {
    let realm = Realm::new("oauth").await;
    let oidc = realm.app(json!({})).await;
    let login = oidc.authorize().without_openid().scope("email");
    let login = login.start().await.unwrap();
    assert!(login.url().contains("scope=email"), "{}", login.url());
    let back = Browser::new(CALLBACK).login_and_return(login.url()).await;
    let tokens = oidc.callback_tokens(login, back.url()).await.unwrap();
    assert!(tokens.id_token().is_none());
    oidc.refresh(&tokens).await.unwrap();
    realm.delete().await;
}
