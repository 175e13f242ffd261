//! A resource server looks after what it protects, an owner says who may use theirs, and a friend
//! asks for permissions in every form.
//!
//! `OIDC_ISSUER=.. OIDC_CLIENT_ID=.. OIDC_CLIENT_SECRET=.. cargo run --example uma_permissions --
//! USER PASSWORD FRIEND FRIENDS_PASSWORD`
//!
//! The client has authorization switched on; both users have its role `uma_protection`.

use keycloak_kit::oidc::Oidc;
use keycloak_kit::uma::{OwnerPolicy, Resource};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [user, password, friend, friends_password] = &arguments[..] else {
        return Err("usage: uma_permissions USER PASSWORD FRIEND FRIENDS_PASSWORD".into());
    };
    let oidc = Oidc::discover(std::env::var("OIDC_ISSUER")?)
        .client_id(std::env::var("OIDC_CLIENT_ID")?)
        .client_secret(std::env::var("OIDC_CLIENT_SECRET")?)
        .build()?;
    let uma = oidc.uma();

    // The protection API token is fetched and replaced by itself; here it is, for other programs.
    println!("token:    {:?}", uma.token().await?); // without its text
    let mut ids = Vec::new();
    for number in 1..=3 {
        let shelf = Resource::new(format!("shelf {number}"))
            .uri(format!("/shelves/{number}"))
            .type_("urn:library:shelf")
            .scopes(["view"]);
        ids.extend(uma.resources().create(&shelf).await?.id);
    }
    let shelves = || uma.resources().list().type_("urn:library:shelf");
    println!("by type:  {}", shelves().await?.len());
    println!("by uri:   {}", shelves().uri("/shelves/2").await?.len());
    println!("by name:  {}", shelves().exact_name("shelf 3").await?.len());
    let mut pages = shelves().max(2).stream();
    while let Some(shelf) = pages.next().await {
        println!("shelf:    {}", shelf?.name);
    }
    let renamed = Resource::new("top shelf").scopes(["view", "rearrange"]);
    uma.resource(&ids[0]).update(&renamed).await?;
    println!("renamed:  {}", uma.resource(&ids[0]).get().await?.name);

    // A session keeps the owner's token fresh. What the owner creates is the owner's.
    let owner = oidc.password(user, password.as_str()).await?;
    let of_owner = uma.with_token_source(oidc.session(owner));
    let diary = Resource::new("diary")
        .uri("/diaries/1")
        .scopes(["view", "edit"])
        .owner_managed_access(true);
    let diary = of_owner
        .resources()
        .create(&diary)
        .await?
        .id
        .unwrap_or_default();
    let friends = OwnerPolicy::new("friends").scope("view").user(friend);
    let friends = of_owner.policies().create(&diary, &friends).await?;
    println!(
        "policies: {}",
        of_owner.policies().resource(&diary).await?.len()
    );

    // Two requests of the friend to edit: one is turned down, one withdrawn.
    for withdrawn in [false, true] {
        let tickets = of_owner.tickets();
        let asked = tickets.create(&diary, "edit", friend, false).await?;
        let asked = of_owner.ticket(&asked.id);
        if withdrawn {
            asked.delete().await?;
        } else {
            asked.deny().await?;
        }
    }
    println!(
        "waiting:  {}",
        of_owner.tickets().granted(false).count().await?
    );

    let tokens = oidc.password(friend, friends_password.as_str()).await?;
    let ask = || oidc.permissions(tokens.access_token());
    println!("granted:  {}", ask().permission(&diary).list().await?.len());
    for form in ["#view".to_owned(), diary.clone(), format!("{diary}#view")] {
        println!("decision: {}", ask().permission(form).decision().await?);
    }
    println!(
        "edit:     {}",
        ask().permission("#edit").list().await.is_ok()
    );
    let by_uri = ask().permission("/diaries/1#view").by_uri();
    println!("by uri:   {:?}", by_uri.list().await?[0].scopes);
    let rpt = ask().permission(format!("{diary}#view")).rpt().await?;
    let more = ask()
        .permission(format!("{diary}#view"))
        .upgrade(rpt.access_token())
        .limit(1)
        .rpt()
        .await?;
    println!("upgraded: {}", more.is_upgraded());

    of_owner
        .policy(friends.id.unwrap_or_default())
        .delete()
        .await?;
    of_owner.resource(&diary).delete().await?;
    for id in ids {
        uma.resource(id).delete().await?;
    }
    println!("left:     {}", shelves().await?.len());
    Ok(())
}
