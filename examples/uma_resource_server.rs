//! A resource server: registers what it protects, asks the server who may use it, lets the owner
//! of a resource share it, and decides about requests.
//!
//! `OIDC_ISSUER=.. OIDC_CLIENT_ID=.. OIDC_CLIENT_SECRET=.. cargo run --example
//! uma_resource_server -- USER PASSWORD FRIEND FRIENDS_PASSWORD`
//!
//! The client has authorization switched on; both users have its role `uma_protection`.

use keycloak_kit::oidc::Oidc;
use keycloak_kit::uma::{PathRule, Resource, TicketPermission};
use keycloak_kit::{Method, UmaFault};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, password, friend, friends_password] = &arguments[..] else {
        return Err("usage: uma_resource_server USER PASSWORD FRIEND FRIENDS_PASSWORD".into());
    };
    let oidc = Oidc::discover(std::env::var("OIDC_ISSUER")?)
        .client_id(std::env::var("OIDC_CLIENT_ID")?)
        .client_secret(std::env::var("OIDC_CLIENT_SECRET")?)
        .build()?;
    let uma = oidc.uma();

    // The user's token makes the user the owner.
    let owner = oidc.password(user, password.as_str()).await?;
    let of_owner = uma.with_token(owner.access_token().clone())?;
    let diary = Resource::new("diary")
        .uri("/diaries/1")
        .scopes(["view", "edit"])
        .owner_managed_access(true);
    let diary = of_owner.resources().create(&diary).await?;
    let id = diary.id.clone().unwrap_or_default();
    println!(
        "owner:     {:?}",
        diary.owner.as_ref().and_then(|owner| owner.name.as_deref())
    );

    // The friend is turned away with a ticket, and asks the owner with it.
    let friend = oidc.password(friend, friends_password.as_str()).await?;
    let wanted = TicketPermission::new(&id).scopes(["view"]);
    let ticket = uma.permission_ticket([wanted]).await?;
    let asked = oidc
        .permissions(friend.access_token())
        .ticket(&ticket)
        .submit_request(true)
        .await;
    match asked {
        Err(error) if error.uma_fault() == Some(UmaFault::RequestSubmitted) => {
            println!("requested: true");
        }
        other => println!("unexpected: {:?}", other?),
    }
    for request in of_owner.tickets().granted(false).with_names().await? {
        println!(
            "grant:     {:?} may {:?}",
            request.requester_name, request.scope_name
        );
        of_owner.ticket(&request.id).grant().await?;
    }

    // With the same ticket there is a token now; the resource server asks for itself.
    let rpt = oidc
        .permissions(friend.access_token())
        .ticket(&ticket)
        .await?;
    let known = oidc.introspect_rpt(rpt.access_token()).await?;
    println!(
        "rpt:       {:?}",
        known.permissions().first().map(|p| &p.scopes)
    );
    let status = oidc
        .has_access(
            friend.access_token(),
            [format!("{id}#view"), format!("{id}#edit")],
        )
        .await?;
    println!("missing:   {}", status.missing.len());

    let methods = [(Method::GET, "view"), (Method::PUT, "edit")];
    let enforcer = oidc
        .path_enforcer()
        .rules(PathRule::of_resource(&diary, &methods))
        .build()?;
    let bearer = Some(friend.access_token().expose());
    for method in [Method::GET, Method::PUT] {
        let access = enforcer.check(&method, "/diaries/1", bearer).await?;
        println!("{method} /diaries/1: {access:?}");
    }
    of_owner.resource(&id).delete().await?;
    Ok(())
}
