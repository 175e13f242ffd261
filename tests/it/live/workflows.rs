//! Workflows.

use keycloak_kit::representations::{
    StepExecutionStatus, WorkflowRepresentation, WorkflowStepRepresentation,
};
use pretty_assertions::assert_eq;

use crate::support::version::version;
use crate::support::{TestRealm, eventually, sorted};

#[tokio::test]
async fn as_yaml() {
    let test = TestRealm::new("workflow-yaml").await;
    let yaml = "name: leavers\non: user-created\nsteps:\n  - uses: disable-user\n    after: \"864000000\"\n";
    let workflows = test.realm.workflows();
    if !version().await.has("26.7.4") {
        let error = workflows.create_yaml(yaml).await.unwrap_err();
        let hint = error.hint().unwrap();
        assert!(hint.contains("--features=workflows"), "{error}");
        return test.delete().await;
    }
    let id = workflows.create_yaml(yaml).await.unwrap();
    let workflow = test.realm.workflow(&id);
    let read = workflow.get_yaml().await.unwrap();
    assert!(
        read.contains("leavers") && read.contains("disable-user"),
        "{read}"
    );
    workflow
        .update_yaml(read.replace("leavers", "goers"))
        .await
        .unwrap();
    // It is the same workflow in JSON.
    let same = workflow.get().await.unwrap();
    assert_eq!(same.name.as_deref(), Some("goers"));
    assert_eq!(
        sorted(&same.steps.unwrap(), |step| &step.uses),
        ["disable-user"]
    );

    let broken = workflows.create_yaml("name: [").await.unwrap_err();
    assert!(broken.is_validation(), "{broken}");
    assert!(
        broken.to_string().contains("realm.workflows.create_yaml"),
        "{broken}"
    );
    let gone = test
        .realm
        .workflow("no-such-id")
        .get_yaml()
        .await
        .unwrap_err();
    assert!(gone.is_validation() || gone.is_not_found(), "{gone}");
    test.delete().await;
}

#[tokio::test]
async fn create_read_change_delete() {
    let test = TestRealm::new("workflows").await;
    // 26.4 has workflows as a preview, and of another shape.
    if !version().await.has("26.7.4") {
        let error = test.realm.workflows().list().await.unwrap_err();
        assert!(
            error.hint().unwrap().contains("--features=workflows"),
            "{error}"
        );
        return test.delete().await;
    }
    let (ada, _) = test.user("ada").await;
    let step = |uses: &str| {
        WorkflowStepRepresentation::default()
            .uses(uses)
            .after("864000000")
    };
    let workflow = WorkflowRepresentation::default()
        .name("leavers")
        .on("user-authenticated")
        .steps([step("disable-user"), step("delete-user")]);
    let workflows = test.realm.workflows();
    let id = workflows.create(&workflow).await.unwrap();
    let handle = test.realm.workflow(&id);
    let read = handle.get().await.unwrap();
    assert_eq!(read.name.as_deref(), Some("leavers"));
    assert_eq!(read.on.as_deref(), Some("user-authenticated"));
    assert_eq!(
        sorted(&read.steps.unwrap(), |s| &s.uses),
        ["delete-user", "disable-user"]
    );
    let changed = handle
        .modify(|workflow| workflow.name = Some("goers".to_owned()))
        .await
        .unwrap();
    assert_eq!(changed.name.as_deref(), Some("goers"));
    let listed = workflows.list().search("goers").await.unwrap();
    assert_eq!(sorted(&listed, |w| &w.name), ["goers"]);

    handle.activate("USERS", ada.as_str()).await.unwrap();
    let scheduled = async || workflows.scheduled(ada.as_str()).await.unwrap();
    let one = async || Some(scheduled().await).filter(|list| !list.is_empty());
    let active = eventually("the workflow is scheduled", one).await;
    assert_eq!(sorted(&active, |w| &w.name), ["goers"]);
    let steps = changed.steps.unwrap();
    let [from, to] = [0, 1].map(|number: usize| steps[number].id.clone().unwrap());
    // The activation goes on in the background, and may set the first step once more: what is moved
    // before that is moved again. In the background too: what is given up before that would be
    // scheduled again.
    let mut asked = 0;
    let migrated = async || {
        if asked % 200 == 0 {
            workflows.migrate().from(&from).to(&to).await.unwrap();
        }
        asked += 1;
        let first = scheduled().await.pop()?.steps?.into_iter().next()?;
        (first.status? == StepExecutionStatus::Completed).then_some(())
    };
    eventually("the last step is next", migrated).await;
    handle.deactivate("USERS", ada.as_str()).await.unwrap();
    let none = async || scheduled().await.is_empty().then_some(());
    eventually("nothing is scheduled", none).await;
    handle.delete().await.unwrap();
    assert!(workflows.list().await.unwrap().is_empty());
    test.delete().await;
}
