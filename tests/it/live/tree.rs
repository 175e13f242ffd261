//! Whole trees of groups.

use keycloak_kit::admin::GroupNode;
use keycloak_kit::representations::{
    GroupRepresentation, OrganizationDomainRepresentation, OrganizationRepresentation,
    RealmRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::TestRealm;
use crate::support::version::older;

fn group(name: &str) -> GroupRepresentation {
    GroupRepresentation::default().name(name)
}

fn paths(nodes: &[GroupNode]) -> Vec<(usize, &str)> {
    nodes
        .iter()
        .map(|node| (node.depth, node.path.as_str()))
        .collect()
}

/// Twelve children, which is more than the server sends unasked, below one of three at the top;
/// three levels below another.
#[tokio::test]
async fn every_group_once_and_parents_first() {
    let test = TestRealm::new("tree").await;
    let groups = test.realm.groups();
    assert!(groups.tree().all().await.unwrap().is_empty());
    for path in ["/deep/1/2/3", "/flat"] {
        groups.ensure_path(path).await.unwrap();
    }
    let (_, wide) = test.group("wide").await;
    for number in 0..12 {
        let child = group(&format!("{number:02}")).attribute("n", ["1"]);
        wide.children().create(&child).await.unwrap();
    }
    let mut expected = vec![
        (0, "/deep".to_owned()),
        (1, "/deep/1".to_owned()),
        (2, "/deep/1/2".to_owned()),
        (3, "/deep/1/2/3".to_owned()),
        (0, "/flat".to_owned()),
        (0, "/wide".to_owned()),
    ];
    expected.extend((0..12).map(|number| (1, format!("/wide/{number:02}"))));
    let all = groups.tree().all().await.unwrap();
    let found: Vec<_> = paths(&all)
        .into_iter()
        .map(|(depth, path)| (depth, path.to_owned()))
        .collect();
    assert_eq!(found, expected);
    assert!(all.iter().all(|node| node.group.attributes.is_none()));

    let below = wide.tree().brief_representation(false).all().await.unwrap();
    assert_eq!(below.len(), 12);
    assert_eq!(paths(&below)[11], (0, "/wide/11"));
    assert_eq!(below[0].group.attributes.as_ref().unwrap()["n"], ["1"]);
    let flat = groups.find_by_path("/flat").await.unwrap().unwrap();
    let flat = test.realm.group(flat.group_id().unwrap());
    assert!(flat.tree().all().await.unwrap().is_empty());
    let error = test.realm.group("nobody").tree().all().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    test.delete().await;
}

#[tokio::test]
async fn of_an_organization() {
    let realm = RealmRepresentation::default().organizations_enabled(true);
    let test = TestRealm::with("tree-org", realm).await;
    if older("26.0.8", test.realm.organizations().list()).await {
        return test.delete().await;
    }
    let acme = OrganizationRepresentation::default()
        .name("acme")
        .domains([OrganizationDomainRepresentation::default().name("acme.test")]);
    let acme = test.realm.organizations().create(&acme).await.unwrap();
    let acme = test.realm.organization(&acme);
    if older("26.7.4", acme.groups().list()).await {
        return test.delete().await;
    }
    for name in ["a", "b"] {
        let id = acme.groups().create(&group(name)).await.unwrap();
        for number in 0..11 {
            let child = group(&format!("{number:02}"));
            let children = acme.group(&id).children();
            let child = children.create(&child).await.unwrap();
            if number == 0 {
                let children = acme.group(&child).children();
                children.create(&group("deep")).await.unwrap();
            }
        }
    }
    let all = acme.groups().tree().all().await.unwrap();
    assert_eq!(all.len(), 2 * 13);
    assert_eq!(
        paths(&all)[..4],
        [(0, "/a"), (1, "/a/00"), (2, "/a/00/deep"), (1, "/a/01")]
    );
    assert_eq!(paths(&all)[25], (1, "/b/10"));
    test.delete().await;
}
