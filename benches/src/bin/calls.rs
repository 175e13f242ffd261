//! The same calls in three ways: `calls kit|floor|keycloak get|create|list COUNT URL`.
//!
//! The floor is what nobody can leave out: reqwest sends the request with a token in its header,
//! serde_json reads the answer into the same struct.

use std::hint::black_box;

use keycloak::{KeycloakAdmin, KeycloakAdminToken};
use keycloak_kit::representations::UserRepresentation;
use keycloak_kit::{ClientOptions, Keycloak};
use keycloak_kit_benches::{Failure, ID, LISTED, REALM, token, user};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [who, call, count, url] = arguments.as_slice() else {
        return Err("write: calls kit|floor|keycloak get|create|list COUNT URL".into());
    };
    let count: usize = count.parse()?;
    match who.as_str() {
        "kit" => kit(call, count, url).await,
        "floor" => floor(call, count, url).await,
        "keycloak" => keycloak(call, count, url).await,
        _ => Err("the first argument is kit, floor or keycloak".into()),
    }
}

fn unknown() -> Result<(), Failure> {
    Err("the second argument is get, create or list".into())
}

async fn kit(call: &str, count: usize, url: &str) -> Result<(), Failure> {
    let kc = Keycloak::builder(url)
        .password("admin", "admin")
        .options(ClientOptions::new().no_proxy())
        .build()?;
    let realm = kc.realm(REALM);
    match call {
        "get" => {
            for _ in 0..count {
                black_box(realm.user(ID).get().await?);
            }
        }
        "create" => {
            let user = user(1);
            for _ in 0..count {
                black_box(realm.users().create(&user).await?);
            }
        }
        "list" => {
            for _ in 0..count {
                black_box(realm.users().list().max(LISTED).await?);
            }
        }
        _ => return unknown(),
    }
    Ok(())
}

async fn floor(call: &str, count: usize, url: &str) -> Result<(), Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let token = token();
    let users = format!("{url}/admin/realms/{REALM}/users");
    match call {
        "get" => {
            for _ in 0..count {
                let answer = client.get(format!("{users}/{ID}")).bearer_auth(&token);
                let body = answer.send().await?.error_for_status()?.bytes().await?;
                black_box(serde_json::from_slice::<UserRepresentation>(&body)?);
            }
        }
        "create" => {
            let user = user(1);
            for _ in 0..count {
                let answer = client.post(&users).bearer_auth(&token).json(&user);
                let answer = answer.send().await?.error_for_status()?;
                let location = answer.headers().get("location");
                let location = location.and_then(|value| value.to_str().ok());
                let id = location.and_then(|text| text.rsplit_once('/'));
                black_box(id.map(|(_, id)| id.to_owned()));
                answer.bytes().await?;
            }
        }
        "list" => {
            for _ in 0..count {
                let answer = client.get(format!("{users}?max={LISTED}"));
                let answer = answer.bearer_auth(&token).send().await?;
                let body = answer.error_for_status()?.bytes().await?;
                black_box(serde_json::from_slice::<Vec<UserRepresentation>>(&body)?);
            }
        }
        _ => return unknown(),
    }
    Ok(())
}

async fn keycloak(call: &str, count: usize, url: &str) -> Result<(), Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let token = KeycloakAdminToken::acquire(url, "admin", "admin", &client).await?;
    let admin = KeycloakAdmin::new(url, token, client);
    match call {
        "get" => {
            for _ in 0..count {
                black_box(admin.realm_users_with_user_id_get(REALM, ID, None).await?);
            }
        }
        "create" => {
            let user: keycloak::types::UserRepresentation =
                serde_json::from_value(serde_json::to_value(user(1))?)?;
            for _ in 0..count {
                let created = admin.realm_users_post(REALM, user.clone()).await?;
                black_box(created.to_id().map(str::to_owned));
            }
        }
        "list" => {
            // Its parameters by position; the 13th is `max`.
            for _ in 0..count {
                let listed = admin.realm_users_get(
                    REALM,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    None,
                    Some(LISTED),
                    None,
                    None,
                    None,
                );
                black_box(listed.await?);
            }
        }
        _ => return unknown(),
    }
    Ok(())
}
